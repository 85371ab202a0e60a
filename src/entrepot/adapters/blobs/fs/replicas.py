"""Blobs of several directories in one: each from the first that has it."""

from collections.abc import AsyncIterator, Sequence

from entrepot.ports.blobs import Blob

from .replica import FsReplica


class FsReplicas:
    """Keeps `ports.backup.Replica` over replicas with one target.

    A blob that moves from an earlier to a later directory meanwhile is found in one of them.
    """

    def __init__(self, replicas: Sequence[FsReplica]) -> None:
        self._replicas = tuple(replicas)

    async def take(self, blob: Blob, size: int) -> int:
        for replica in self._replicas[:-1]:
            try:
                return await replica.take(blob, size)
            except FileNotFoundError:
                continue
        return await self._replicas[-1].take(blob, size)

    async def is_right(self, blob: Blob) -> bool:
        return await self._replicas[0].is_right(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self._replicas[0].scan()

    async def drop(self, blob: Blob) -> None:
        await self._replicas[0].drop(blob)

    async def finish(self) -> None:
        for replica in self._replicas:
            await replica.finish()
