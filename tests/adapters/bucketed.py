"""Objects in memory, as far as others than blobs need them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    key: str
    size_bytes: int


class MemoryObjects:
    """What lies in a bucket; `gone_once` is not there for one reading, though it was listed."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.gone_once = ""

    async def get(self, key: str) -> bytes | None:
        if key == self.gone_once:
            self.gone_once = ""
            return None
        return self.objects.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    async def create(self, key: str, data: bytes) -> bool:
        return self.objects.setdefault(key, data) is data

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.objects.pop(key, None)

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        for key, data in list(self.objects.items()):
            if key.startswith(f"{prefix}/"):
                yield Listed(key, len(data))
