"""Any sequence of verbs leaves what two dicts would hold."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Upload
from tests.adapters.blobs.adapters import REPLACING, Medium, adapter_names
from tests.adapters.blobs.adapters import medium as make_medium
from tests.adapters.blobs.bodies import Stalled, Threaded, Views, read, upload_id

NUMBERS = st.integers(0, 2)
PARTS = st.lists(st.binary(max_size=50), max_size=4)


@dataclass(frozen=True)
class Begin:
    number: int


@dataclass(frozen=True)
class Append:
    number: int
    parts: list[bytes]
    end: str


@dataclass(frozen=True)
class Check:
    number: int
    algorithm: str


@dataclass(frozen=True)
class Commit:
    number: int
    algorithm: str
    generation: int


@dataclass(frozen=True)
class Abort:
    number: int


@dataclass(frozen=True)
class Delete:
    index: int


@dataclass(frozen=True)
class Read:
    index: int
    offset: int
    length: int


@dataclass(frozen=True)
class Restart:
    pass


Operation = Begin | Append | Check | Commit | Abort | Delete | Read | Restart
ALGORITHMS = st.sampled_from(["sha256", "sha512"])
ENDS = st.sampled_from(["well", "threaded", "broken", "cancelled"])
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Begin, NUMBERS),
        st.builds(Append, NUMBERS, PARTS, ENDS),
        st.builds(Append, NUMBERS, PARTS, ENDS),
        st.builds(Check, NUMBERS, ALGORITHMS),
        st.builds(Commit, NUMBERS, ALGORITHMS, st.integers(0, 1)),
        st.builds(Abort, NUMBERS),
        st.builds(Delete, st.integers(0, 3)),
        st.builds(Read, st.integers(0, 3), st.integers(0, 100), st.integers(0, 100)),
        st.builds(Restart),
    ),
    max_size=25,
)


class Model:
    """The store under test beside the dicts that it must agree with."""

    def __init__(self, medium: Medium, store: BlobStore) -> None:
        self.medium = medium
        self.store = store
        self.uploads: dict[int, bytes] = {}
        self.fresh: set[int] = set()
        self.blobs: dict[Blob, bytes] = {}
        self.verbs: dict[type, Callable[..., Awaitable[None]]] = {
            Begin: self.begin,
            Append: self.append,
            Check: self.check,
            Commit: self.commit,
            Abort: self.abort,
            Delete: self.delete,
            Read: self.read,
            Restart: self.restart,
        }

    async def apply(self, operation: Operation) -> None:
        await self.verbs[type(operation)](operation)

    async def upload(self, number: int) -> Upload | None:
        upload = await self.store.resume(upload_id(number))
        assert (upload is None) == (number not in self.uploads)
        if upload is not None:
            assert upload.offset == len(self.uploads[number])
        return upload

    async def begin(self, operation: Begin) -> None:
        if operation.number in self.uploads:
            if self.medium.adapter in REPLACING:
                return
            with pytest.raises(FileExistsError):
                await self.store.begin(upload_id(operation.number))
            return
        upload = await self.store.begin(upload_id(operation.number))
        assert upload.offset == 0
        self.uploads[operation.number] = b""
        self.fresh.add(operation.number)

    async def append(self, operation: Append) -> None:
        upload = await self.upload(operation.number)
        if upload is None:
            return
        await append(upload, operation)
        self.fresh.discard(operation.number)
        self.uploads[operation.number] += b"".join(operation.parts)
        assert upload.offset == len(self.uploads[operation.number])
        await upload.close()

    async def check(self, operation: Check) -> None:
        upload = await self.upload(operation.number)
        if upload is not None:
            expected = Digest.of(self.uploads[operation.number], operation.algorithm)
            assert await upload.digest(operation.algorithm) == expected

    async def commit(self, operation: Commit) -> None:
        upload = await self.upload(operation.number)
        if upload is None:
            return
        data = self.uploads.pop(operation.number)
        blob = Blob(Digest.of(data, operation.algorithm), operation.generation)
        await upload.commit(blob)
        self.blobs[blob] = data

    async def abort(self, operation: Abort) -> None:
        upload = await self.upload(operation.number)
        if upload is not None:
            await upload.abort()
            del self.uploads[operation.number]

    async def delete(self, operation: Delete) -> None:
        for blob in list(self.blobs)[operation.index : operation.index + 1]:
            await self.store.delete(blob)
            del self.blobs[blob]

    async def read(self, operation: Read) -> None:
        for blob, data in list(self.blobs.items())[operation.index : operation.index + 1]:
            assert await read(self.store, blob) == data
            span = Span(operation.offset, operation.length)
            if span.offset + span.length > len(data):
                with pytest.raises(ValueError, match="not within"):
                    await self.store.open(blob, span)
                continue
            reading = await self.store.open(blob, span)
            found = b"".join([chunk async for chunk in reading.chunks()])
            assert found == data[span.offset : span.offset + span.length]
            reading.close()

    async def restart(self, _: Restart) -> None:
        await self.medium.close()
        self.store = await self.medium.open()
        for number in self.fresh & set(self.uploads):
            if await self.store.resume(upload_id(number)) is None:
                del self.uploads[number]

    async def compare(self) -> None:
        assert {blob async for blob in self.store.scan()} == set(self.blobs)
        expected = {upload_id(number) for number in self.uploads}
        found = {upload async for upload in self.store.scan_uploads()}
        # One of no bytes need not show.
        assert expected - {upload_id(number) for number in self.fresh} <= found <= expected
        for blob, data in self.blobs.items():
            assert await self.store.stat(blob) == len(data)
            assert await read(self.store, blob) == data


async def append(upload: Upload, operation: Append) -> None:
    match operation.end:
        case "well":
            await upload.append(Views(*operation.parts))
        case "threaded":
            await upload.append(Threaded(*operation.parts))
        case "broken":
            with pytest.raises(ConnectionResetError):
                await upload.append(Views(*operation.parts, error=ConnectionResetError()))
        case _:
            body = Stalled(*operation.parts)
            task = asyncio.create_task(upload.append(body))
            await body.has_given.wait()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("adapter", adapter_names())
@settings(max_examples=60, deadline=None)
@given(operations=OPERATIONS)
async def test_any_sequence(adapter: str, operations: list[Operation]) -> None:
    with TemporaryDirectory() as directory:
        medium = make_medium(adapter, Path(directory))
        try:
            model = Model(medium, await medium.open())
            for operation in operations:
                await model.apply(operation)
            await model.compare()
        finally:
            await medium.close()
