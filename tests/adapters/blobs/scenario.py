"""A fixed run of every write path, and what must hold whenever it ends.

Run as a program it does this on files and kills itself at one step, telling on standard output
what it set out to do and what was acknowledged.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.blobs.fs.growing import HELD_MAX_BYTES
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore, Upload
from tests.adapters.blobs.bodies import Views, blob_of, read, some_bytes, upload_id

PUSHES = ("append", "whole")
Tell = Callable[[str, str, int, int], None]
Open = Callable[[], Awaitable[BlobStore]]

STREAMS = {number: some_bytes(5000 + number) for number in range(1, 8)}
STREAMS[8] = some_bytes(HELD_MAX_BYTES + 1)
SCRIPT: list[tuple[str, int, int]] = [
    ("begin", 1, 0),
    ("append", 1, 2000),
    ("append", 1, 5001),
    ("begin", 2, 0),
    ("append", 2, 3000),
    ("commit", 1, 0),
    ("begin", 3, 0),
    ("commit", 3, 0),  # of no bytes at all
    ("abort", 2, 0),
    ("begin", 4, 0),
    ("append", 4, 1500),
    ("restart", 0, 0),
    ("append", 4, 4000),
    ("delete", 1, 0),
    ("begin", 5, 0),
    ("append", 5, 5005),
    ("restart", 0, 0),
    ("commit", 5, 0),
    ("delete", 3, 0),
    ("begin", 6, 0),
    ("append", 6, 100),
    ("append", 6, 100),
    ("whole", 7, 5000),
    ("whole", 8, HELD_MAX_BYTES + 1),
]


async def run(open_it: Open, tell: Tell) -> None:
    """Do the script, telling `start` and `done` of each verb with the upload's number and end."""
    store = await open_it()
    try:
        for verb, number, end in SCRIPT:
            if verb == "restart":
                await store.close()
                store = await open_it()
                continue
            tell("start", verb, number, end)
            await _do(store, verb, number, end)
            tell("done", verb, number, end)
    finally:
        await store.close()


async def _do(store: BlobStore, verb: str, number: int, end: int) -> None:
    if verb == "begin":
        await store.begin(upload_id(number))
        return
    if verb == "delete":
        await store.delete(blob(number))
        return
    if verb == "whole":
        await _whole(await store.begin(upload_id(number)), number, end)
        return
    upload = await _resume(store, number)
    if verb == "append":
        data = STREAMS[number][upload.offset : end]
        assert await upload.append(Views(data[:700], data[700:])) == end
    elif verb == "commit":
        await upload.commit(blob(number))
    else:
        await upload.abort()


async def _whole(upload: Upload, number: int, end: int) -> None:
    data = STREAMS[number][upload.offset : end]
    assert await upload.append(Views(data[:700], data[700:]), durable=False) == end
    await upload.commit(blob(number))


async def _resume(store: BlobStore, number: int) -> Upload:
    upload = await store.resume(upload_id(number))
    assert upload is not None, f"upload {number} is lost"
    return upload


def blob(number: int) -> Blob:
    """Return what upload `number` becomes."""
    return blob_of(STREAMS[number][: _end(number)], generation=number)


def _end(number: int) -> int:
    ends = [end for verb, which, end in SCRIPT if verb in PUSHES and which == number]
    return max(ends, default=0)


@dataclass
class Journal:
    """What was told. `under_way` is the verb that was started and not done."""

    under_way: tuple[str, int] | None = None
    offsets: dict[int, int] = field(default_factory=dict)
    appended: set[int] = field(default_factory=set)
    blobs: set[int] = field(default_factory=set)

    def tell(self, when: str, verb: str, number: int, end: int) -> None:
        self.under_way = (verb, number) if when == "start" else None
        if when == "start":
            # What ends an upload or a blob may have done so from its start on.
            if verb in {"commit", "abort"}:
                self.offsets.pop(number, None)
            if verb == "delete":
                self.blobs.discard(number)
        elif verb == "append":
            self.offsets[number] = end
            self.appended.add(number)
        elif verb in {"commit", "whole"}:
            self.blobs.add(number)


async def check(store: BlobStore, journal: Journal) -> None:
    """Raise AssertionError unless all that was acknowledged is there, and all that is there whole.

    Then do again what was under way, and look once more.
    """
    await _check_blobs(store, journal)
    for number, offset in journal.offsets.items():
        upload = await _resume(store, number)
        assert upload.offset >= offset, f"upload {number}: {upload.offset} of {offset} bytes"
        await _check_upload(upload, number)
    async for name in store.scan_uploads():
        upload_left = await store.resume(name)
        if upload_left is not None:
            await _check_upload(upload_left, int(name, 16))
    await _check_blobs(store, journal)
    if journal.under_way is not None:
        await _do_again(store, journal, *journal.under_way)
        await _check_blobs(store, journal)


async def _check_blobs(store: BlobStore, journal: Journal) -> None:
    found = {entry async for entry in store.scan()}
    for entry in found:
        data = await read(store, entry)
        assert Digest.of(data) == entry.digest, f"{entry} has other bytes, {len(data)} of them"
        assert await store.stat(entry) == len(data)
    assert {blob(number) for number in journal.blobs} <= found, "a committed blob is lost"
    may_be = set(journal.blobs)
    if journal.under_way is not None:
        may_be.add(journal.under_way[1])
    assert found <= {blob(number) for number in may_be}, "a deleted blob came back"


async def _check_upload(upload: Upload, number: int) -> None:
    taken = STREAMS[number][: upload.offset]
    assert await upload.digest("sha256") == Digest.of(taken), f"upload {number} has other bytes"


async def _do_again(store: BlobStore, journal: Journal, verb: str, number: int) -> None:
    upload = await store.resume(upload_id(number))
    if verb in {"begin", "append"} and upload is None:
        assert number not in journal.offsets
        upload = await store.begin(upload_id(number))  # that of no bytes is not durable
    if verb == "append" and upload is not None:
        await upload.append(Views(STREAMS[number][upload.offset : 5000]))
        await _check_upload(upload, number)
    elif verb == "whole":
        if upload is None and await store.stat(blob(number)) is None:
            upload = await store.begin(upload_id(number))
        if upload is not None:
            await _whole(upload, number, _end(number))
        assert await store.stat(blob(number)) is not None
    elif verb == "commit":
        if upload is not None:
            await upload.commit(blob(number))
        there = await store.stat(blob(number)) is not None
        assert there or number not in journal.appended  # one of no bytes may be lost
    elif verb == "abort":
        if upload is not None:
            await upload.abort()
        assert await store.resume(upload_id(number)) is None
    elif verb == "delete":
        await store.delete(blob(number))
        assert await store.stat(blob(number)) is None


def main(root: str, kill_at: int) -> None:
    """Do the script in `root` and die of SIGKILL at the `kill_at`th step."""
    steps = iter(range(sys.maxsize))

    def on_step(_: str) -> None:
        if next(steps) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(*words: object) -> None:
        os.write(1, (" ".join(map(str, words)) + "\n").encode())

    asyncio.run(run(lambda: open_store(Path(root), on_step=on_step), tell))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
