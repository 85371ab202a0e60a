"""Objects by key, through obstore, of whatever cloud."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from .errors import StoreFailed, Taken, code_in, told

if TYPE_CHECKING:
    from obstore import GetResult, PutMode, UpdateVersion

PAGE_KEYS = 1000
"""Keys of a listing that are held at once."""
DELETES_MAX = 16
"""Objects that are deleted at once: not all servers delete several in one request."""
FEED_BYTES = 1 << 20
"""How much is hashed at once when something is read again."""
LINGER_SECONDS = 0.1
"""A future that obstore's threads fulfil while the interpreter ends aborts the process
(PyO3/pyo3-async-runtimes#40): so long is waited after the last one."""

_WAITS = (0.1, 0.4, 1.6)
"""Before what obstore does not try again itself is: deletes, and objects that must be new."""
BROKE_OFF_SECONDS = 10.0
"""What failed after less may be an answer that broke off; after more, obstore has tried enough."""
UNCONDITIONAL_SECONDS = 60.0
"""How long a server is taken at its word that it knows no conditions: a gateway may err once."""

Driver = S3Store | GCSStore | AzureStore | MemoryStore


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing has it."""

    key: str
    size_bytes: int
    changed_at: datetime


class Bucket:
    """The objects below the prefix. What fails raises OSError; retries are obstore's."""

    def __init__(self, driver: Driver, name: str) -> None:
        self.driver = driver
        self.name = name
        self._used_at = 0.0
        self._unconditional_until = 0.0

    async def put(self, key: str, data: bytes | bytearray) -> None:
        """Let the key stand for these bytes, in one request."""
        with self._doing("writing", key):
            await obstore.put_async(self.driver, key, data, use_multipart=False)

    async def create(self, key: str, data: bytes) -> bool:
        """As `put`, but only if the key stands for nothing yet; whether it did.

        False also when it stands for what this very call wrote, if the answer was lost: look.
        """
        try:
            await self.exchange(key, data, None)
        except Taken:
            return False
        return True

    async def exchange(
        self, key: str, data: bytes, seen: "UpdateVersion | None"
    ) -> "UpdateVersion":
        """As `put`, if the key stands for what was `seen`; None for nothing. Return what is now.

        Raises `Taken` if it does not. Servers that know no such conditions are not held to them.
        """
        if time.monotonic() >= self._unconditional_until:
            try:
                with self._doing("writing", key, conditional=True):
                    mode: PutMode = "create" if seen is None else seen or "overwrite"
                    put = await obstore.put_async(
                        self.driver, key, data, mode=mode, use_multipart=False
                    )
                    return _seen(put["e_tag"], put["version"])
            except StoreFailed as error:
                if code_in(str(error.__cause__)) not in ("NotImplemented", "501"):
                    raise
                # obstore asks such a server again and again: not for each object.
                self._unconditional_until = time.monotonic() + UNCONDITIONAL_SECONDS
        if seen is None and await self.size(key) is not None:
            raise Taken(key)
        await self.put(key, data)
        return {}

    async def stream(
        self, key: str, parts: AsyncIterable[bytearray], *, part_size_bytes: int, concurrency: int
    ) -> None:
        """Let the key stand for all these bytes, once they have ended."""
        with self._doing("writing", key):
            await obstore.put_async(
                self.driver,
                key,
                parts,
                use_multipart=True,
                chunk_size=part_size_bytes,
                max_concurrency=concurrency,
            )

    async def get(self, key: str) -> bytes | None:
        """Return all bytes of a small object; None if it is not there."""
        found = await self.look(key)
        return None if found is None else found[0]

    async def look(self, key: str) -> "tuple[bytes, UpdateVersion] | None":
        """Return all bytes of a small object, and what `exchange` takes for having seen them."""
        # obstore asks again where there is no answer, and not where one breaks off.
        for wait in waits(BROKE_OFF_SECONDS):
            try:
                with self._doing("reading", key):
                    found = await obstore.get_async(self.driver, key)
                    seen = _seen(found.meta["e_tag"], found.meta["version"])
                    return bytes(await found.bytes_async()), seen
            except FileNotFoundError:
                return None
            except StoreFailed:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("not reached")

    async def open(self, key: str, start: int | None = None, end: int = 0) -> "GetResult | None":
        """Begin to read an object, or what lies from `start` to before `end` in it.

        Raises FileNotFoundError; returns None if the object is too short for `start`.
        """
        options: obstore.GetOptions = {} if start is None else {"range": (start, end)}
        try:
            with self._doing("reading", key):
                return await obstore.get_async(self.driver, key, options=options)
        except OSError as error:
            if start is not None and _is_range_error(error):
                return None
            raise

    async def feed(self, answer: "GetResult", take: Callable[[bytes], None]) -> None:
        """Give all bytes of an answer to the blocking `take`, in a thread."""
        with self._doing("reading", answer.meta["path"]):
            async for data in answer.stream(FEED_BYTES):
                await asyncio.to_thread(take, data)

    async def size(self, key: str) -> int | None:
        """Return an object's size in bytes; None if it is not there."""
        try:
            with self._doing("looking for", key):
                return (await obstore.head_async(self.driver, key))["size"]
        except FileNotFoundError:
            return None

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, some at once; harmless where they are gone."""
        for start in range(0, len(keys), DELETES_MAX):
            await asyncio.gather(*map(self._delete, keys[start : start + DELETES_MAX]))

    async def _delete(self, key: str) -> None:
        for wait in waits():
            try:
                with suppress(FileNotFoundError), self._doing("deleting", key):
                    await obstore.delete_async(self.driver, key)
                break
            except StoreFailed:
                if wait is None:
                    raise
                await asyncio.sleep(wait)

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """Yield the objects below `prefix/`, a page at a time in memory."""
        last, again = "", waits(BROKE_OFF_SECONDS)
        stream = aiter(obstore.list(self.driver, prefix, chunk_size=PAGE_KEYS))
        while True:
            try:
                with self._doing("listing", prefix):
                    page = await anext(stream)
            except StopAsyncIteration:
                return
            except StoreFailed:  # a page that broke off: as in `look`
                wait = next(again)
                if wait is None:
                    raise
                await asyncio.sleep(wait)
                stream = aiter(
                    obstore.list(self.driver, prefix, offset=last or None, chunk_size=PAGE_KEYS)
                )
                continue
            again = waits(BROKE_OFF_SECONDS)
            for meta in page:
                last = meta["path"]
                yield Listed(last, meta["size"], meta["last_modified"])

    async def sign(self, key: str, seconds: float) -> str | None:
        """Return a URL that anybody can read the object by; None where there are none."""
        if isinstance(self.driver, MemoryStore):
            return None
        with self._doing("signing", key):
            return await obstore.sign_async(self.driver, "GET", key, timedelta(seconds=seconds))

    async def close(self) -> None:
        """Wait until obstore's threads are done with this loop."""
        left = self._used_at + LINGER_SECONDS - time.monotonic()
        if left > 0 and not isinstance(self.driver, MemoryStore):
            await asyncio.sleep(left)

    @contextmanager
    def _doing(self, what: str, key: str, *, conditional: bool = False) -> Iterator[None]:
        try:
            with told(f"{what} {key} in {self.name}", conditional=conditional):
                yield
        finally:
            self._used_at = time.monotonic()


def _seen(e_tag: str | None, version: str | None) -> "UpdateVersion":
    seen: UpdateVersion = {}
    if e_tag is not None:
        seen["e_tag"] = e_tag
    if version is not None:
        seen["version"] = version
    return seen


def waits(within_seconds: float = math.inf) -> Iterator[float | None]:
    """Yield how many seconds to wait after each failure; None after the last.

    That is the third, or the first that comes after `within_seconds`.
    """
    ends_at = time.monotonic() + within_seconds
    for wait in _WAITS:
        if time.monotonic() > ends_at:
            break
        yield wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    yield None


def _is_range_error(error: OSError) -> bool:
    said = str(error.__cause__)
    # The other words are those of obstore's store in memory.
    return code_in(said) in ("InvalidRange", "416") or "Wanted range starting at" in said
