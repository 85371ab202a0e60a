"""The journal's files: appended to, rotated, cut where torn, read in order."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from entrepot.ports.catalog import Event
from entrepot.ports.journal import Unreadable

from .lines import LINE_MAX_BYTES, decode_line, encode_line

SEGMENT_MAX_BYTES = 64 * 1024 * 1024
"""A file of this size is followed by the next; a new one costs nothing."""

PAGE_BYTES = 1024 * 1024
"""About how much is read, and in memory, at once."""

_NAME = re.compile(r"([0-9]{20})\.jsonl")
_NO_FILE = -1

_T = TypeVar("_T")


async def open_journal(
    directory: Path, *, segment_max_bytes: int = SEGMENT_MAX_BYTES
) -> "FileJournal":
    """Open the journal in `directory`, made if it is not there; a torn end is cut. OSError.

    The caller sees to it that one process alone writes to it.
    """
    journal = FileJournal(directory, segment_max_bytes)
    try:
        await journal.recover()
    except BaseException:
        await journal.close()
        raise
    return journal


class FileJournal:
    """Keeps `ports.journal.Journal`."""

    def __init__(self, directory: Path, segment_max_bytes: int) -> None:
        self._directory = directory
        self._segment_max_bytes = segment_max_bytes
        # One thread: what is written keeps its order, whoever gives up waiting for it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._file = _NO_FILE
        self._size = 0
        self._last = 0
        self._is_sound = False

    @property
    def last(self) -> int:
        return self._last

    async def recover(self) -> None:
        """Find the end, and cut what is torn there."""
        await self._run(self._recover)

    async def append(self, events: list[Event]) -> None:
        await self._run(partial(self._append, events))

    async def events(self, after: int = 0) -> AsyncIterator[Event | Unreadable]:
        segments = await self._run(self._segments)
        for number, segment in enumerate(segments):
            following = segments[number + 1 : number + 2]
            if following and _first(following[0]) <= after + 1:
                continue
            place, line = 0, 0
            while page := await self._run(partial(_page, segment, place)):
                for text in page:
                    line += 1
                    place += len(text)
                    event = decode_line(text)
                    if event is None:
                        yield Unreadable(f"{segment.name}, line {line}")
                    elif event.sequence > after:
                        after = event.sequence
                        yield event

    async def close(self) -> None:
        await self._run(self._let_go)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # In the thread -----------------------------------------------------------------------------

    def _segments(self) -> list[Path]:
        return sorted(path for path in self._directory.iterdir() if _NAME.fullmatch(path.name))

    def _recover(self) -> None:
        self._let_go()
        if not self._directory.is_dir():
            self._directory.mkdir(mode=0o700, parents=True)
            _sync_directory(self._directory.parent)
        for segment in reversed(self._segments()):
            last, end = _end_of(segment)
            if last == 0:
                # Nothing of it came through; kept, if there is anything, for whoever can read it.
                _put_aside(segment)
                continue
            self._file = os.open(segment, os.O_WRONLY | os.O_CLOEXEC)
            if os.fstat(self._file).st_size != end:
                os.ftruncate(self._file, end)
                os.fsync(self._file)
            self._size, self._last = end, last
            break
        self._is_sound = True

    def _append(self, events: list[Event]) -> None:
        if not self._is_sound:
            self._recover()
        fresh = [event for event in events if event.sequence > self._last]
        if not fresh:
            return
        if self._file == _NO_FILE or self._size >= self._segment_max_bytes:
            self._begin(fresh[0].sequence)
        view = memoryview(b"".join(encode_line(event) for event in fresh))
        self._is_sound = False  # until it is known to be durable; else the end is looked at again
        done = 0
        while done < len(view):
            done += os.pwrite(self._file, view[done:], self._size + done)
        os.fsync(self._file)
        self._size += len(view)
        self._last = fresh[-1].sequence
        self._is_sound = True

    def _begin(self, sequence: int) -> None:
        self._let_go()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = os.open(self._directory / f"{sequence:020d}.jsonl", flags, 0o600)
        self._size = 0
        _sync_directory(self._directory)

    def _let_go(self) -> None:
        file, self._file = self._file, _NO_FILE
        if file != _NO_FILE:
            os.close(file)


def _first(segment: Path) -> int:
    return int(segment.name.partition(".")[0])


def _page(segment: Path, place: int) -> list[bytes]:
    """Return lines from `place` on; what is longer than a line may be comes in parts."""
    with segment.open("rb") as file:
        file.seek(place)
        lines: list[bytes] = []
        size = 0
        while size < PAGE_BYTES and (line := file.readline(LINE_MAX_BYTES)):
            lines.append(line)
            size += len(line)
        return lines


def _end_of(segment: Path) -> tuple[int, int]:
    """Return sequence and end, in bytes, of the last line that is whole; (0, 0) for none."""
    last, end, place = 0, 0, 0
    while page := _page(segment, place):
        for line in page:
            place += len(line)
            event = decode_line(line)
            if event is not None:
                last, end = event.sequence, place
    return last, end


def _put_aside(segment: Path) -> None:
    if segment.stat().st_size:
        segment.replace(segment.with_suffix(".torn"))
    else:
        segment.unlink()


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
