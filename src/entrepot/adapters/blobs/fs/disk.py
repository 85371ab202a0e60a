"""How steps are done: named, in threads, and directory syncs shared."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import ParamSpec, Protocol, TypeVar

from entrepot.adapters.blobs._shared import settled
from entrepot.ports.blobs import StoreFull

from .system import System

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Step(StrEnum):
    """Each single change that the store makes on the disk; see the package's docstring."""

    APPEND_CREATE = "append-1-create"
    APPEND_WRITE = "append-2-write"
    APPEND_SYNC = "append-3-sync"
    APPEND_SYNC_UPLOADS = "append-4-sync-uploads"
    COMMIT_SYNC = "commit-1-sync"
    COMMIT_MAKE_SHARD = "commit-2-make-shard"
    COMMIT_RENAME = "commit-3-rename"
    COMMIT_SYNC_SHARD = "commit-4-sync-shard"
    COMMIT_SYNC_PARENT = "commit-5-sync-parent"
    ABORT_REMOVE = "abort-1-remove"
    DELETE_REMOVE = "delete-1-remove"
    DELETE_SYNC_SHARD = "delete-2-sync-shard"
    RESUME_SYNC = "resume-1-sync"
    RESUME_SYNC_UPLOADS = "resume-2-sync-uploads"


OnStep = Callable[[str], None]
"""Told `before <step>` and `after <step>`, in whatever thread does it; may raise or kill."""


class Offload(Protocol):
    """Runs blocking work off the event loop. Work that has begun runs to its end."""

    def __call__(self, work: Callable[[], _T], /) -> Awaitable[_T]: ...


def ignore_step(step: str) -> None:
    """Do nothing: the `OnStep` of a store that nobody watches."""


class Disk:
    """One directory tree's system calls, done as steps."""

    def __init__(self, system: System, offload: Offload, on_step: OnStep) -> None:
        self.system = system
        self._offload = offload
        self._on_step = on_step
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._named: set[str] = set()  # one entry a shard: 256 for each algorithm at most

    def do(self, step: Step, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do one step here and now, blocking. No room raises `StoreFull`."""
        self._on_step(f"before {step}")
        try:
            result = call(*args, **kwargs)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull(error.errno, error.strerror, error.filename) from error
            raise
        self._on_step(f"after {step}")
        return result

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run blocking work in a thread, always to its end."""
        return await settled(self._offload(work))

    async def sync_directory(self, step: Step, path: str) -> None:
        """Return when an fsync of the directory that began after this call has ended.

        Callers that come while one is running share the next.
        """
        turn = self._waiting.get(path)
        if turn is None:
            turn = asyncio.create_task(self._turn(step, path, self._running.get(path)))
            self._waiting[path] = turn
        await settled(turn)

    async def _turn(self, step: Step, path: str, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait((previous,))
        # From here on it may be too early for who comes now: they take another turn.
        turn = self._running[path] = self._waiting.pop(path)
        try:
            await self.run(lambda: self.do(step, self.system.sync_directory, path))
        finally:
            if self._running.get(path) is turn:
                del self._running[path]

    async def sync_name(self, step: Step, directory: str) -> None:
        """Return when the directory's own name is durable, which is asked of the disk once."""
        if directory not in self._named:
            await self.sync_directory(step, os.path.dirname(directory))
            self._named.add(directory)

    async def close(self) -> None:
        """Wait for directory syncs under way."""
        for turn in [*self._running.values(), *self._waiting.values()]:
            await asyncio.wait((turn,))
