"""Multipart uploads of S3 by their ids, for any process to go on with.

The calls go through aiobotocore; the bytes of a part go to a URL that it signs, through aiohttp, as
aiobotocore reads bodies in threads, 64 KiB at a time, at twice the cost.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from aiobotocore.client import AioBaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from entrepot.ports.blobs import StoreFull

from .errors import StoreFailed, StoreRefused, code_in, failure
from .records import Part
from .segments import MultipartGone, OpenMultipart

SLICE_BYTES = 256 * 1024
"""What is given to the socket at once."""
SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""An answer is waited for as long as the request takes at this speed, and `read_seconds`."""
BACKOFF_SECONDS = (0.1, 5.0)
"""The first and the longest wait before a part is sent again; by chance up to that."""
URL_SECONDS = 3600
OCTETS = "binary/octet-stream"
ANSWER_MAX_BYTES = 64 * 1024

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited, and how long it is tried."""

    read_seconds: float
    retry_seconds: float


class S3Multiparts:
    """Multipart uploads below the prefix of one bucket. Errors are OSError."""

    def __init__(
        self,
        client: AioBaseClient,
        http: aiohttp.ClientSession,
        *,
        bucket: str,
        prefix: str,
        pace: Pace,
        encryption: dict[str, str],
    ) -> None:
        self._client: Any = client
        self._http = http
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._pace = pace
        self._encryption = encryption

    async def create(self, key: str) -> str:
        """Begin one that becomes the object `key`; return its id."""
        async with _told(f"beginning {key}"):
            answer = await self._client.create_multipart_upload(
                **self._place(key), **self._encryption
            )
            upload_id: str = answer["UploadId"]
        return upload_id

    async def put(self, key: str, upload_id: str, number: int, data: bytes | bytearray) -> str:
        """Store a part, numbered from 1; return its ETag. Harmless when repeated.

        Raises `MultipartGone` if there is no such upload any more.
        """
        place = {**self._place(key), "UploadId": upload_id, "PartNumber": number}
        doing = f"writing part {number} of {key}"
        async with _told(doing):
            return await self._again(doing, lambda: self._put(place, data))

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the parts one object.

        Raises `MultipartGone` if that was done before, perhaps by this call: look for the object.
        """
        numbered = [
            {"PartNumber": number, "ETag": part.etag} for number, part in enumerate(parts, 1)
        ]
        async with _told(f"completing {key}"):
            await self._client.complete_multipart_upload(
                **self._place(key), UploadId=upload_id, MultipartUpload={"Parts": numbered}
            )

    async def abort(self, key: str, upload_id: str) -> None:
        """Forget its parts; harmless when it is gone."""
        try:
            async with _told(f"aborting {key}"):
                await self._client.abort_multipart_upload(**self._place(key), UploadId=upload_id)
        except MultipartGone:
            pass

    async def under_way(self, prefix: str) -> AsyncIterator[OpenMultipart]:
        """Yield those whose keys are below `prefix/`."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}/"
        )
        async with _told(f"listing uploads below {prefix}"):
            async for page in pages:
                for found in page.get("Uploads", ()):
                    key = found["Key"].removeprefix(self._prefix)
                    yield OpenMultipart(key, found["UploadId"], found["Initiated"])

    async def _put(self, place: dict[str, Any], data: bytes | bytearray) -> str:
        # Signed anew each time: by credentials that may have been renewed.
        url = await self._client.generate_presigned_url("upload_part", place, ExpiresIn=URL_SECONDS)
        seconds = self._pace.read_seconds
        async with (
            asyncio.timeout(seconds + _slowest(data)) as limit,  # to have a connection
            self._http.put(
                url,
                data=_slices(data, limit, seconds),
                headers={"Content-Length": str(len(data)), "Content-Type": OCTETS},
                allow_redirects=False,  # the body is used up, and signed for one place
            ) as answer,
        ):
            if answer.status == 200:
                return _etag(answer)
            text = (await answer.content.read(ANSWER_MAX_BYTES)).decode(errors="replace")
            code = code_in(text)
            if code == "NoSuchUpload":
                raise MultipartGone("the multipart upload is gone")
            if answer.status >= 500 or answer.status == 429 or code == "RequestTimeout":
                raise _Passing(f"{answer.status} {code}")
            raise failure("writing a part", text or str(answer.status), code or str(answer.status))

    async def _again(self, doing: str, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Try it until it ends well, or `retry_seconds` have passed."""
        ends_at = time.monotonic() + self._pace.retry_seconds
        first, longest = BACKOFF_SECONDS
        wait = first
        while True:
            try:
                return await attempt()
            except _PASSING as error:
                if time.monotonic() + wait > ends_at:
                    said = str(error) or type(error).__name__
                    raise StoreFailed(f"{doing}: {said}") from error
            await asyncio.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            wait = min(2 * wait, longest)

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}


class _Passing(Exception):
    """An answer that may be another one the next time."""


_PASSING = (aiohttp.ClientError, BotoCoreError, TimeoutError, ConnectionError, _Passing)
# The last two of answers that are no XML, or another one than was asked for.
_UNTOLD = (aiohttp.ClientError, BotoCoreError, OSError, ResponseParserError, KeyError)


async def _slices(
    data: bytes | bytearray, limit: asyncio.Timeout, seconds: float
) -> AsyncIterator[memoryview]:
    """Yield all of it, with so many seconds for each slice, and more for the answer.

    Not for the whole: over a line that many share, each gets on slowly.
    """
    now = asyncio.get_running_loop().time
    view = memoryview(data)
    for start in range(0, len(view), SLICE_BYTES):
        limit.reschedule(now() + seconds)
        yield view[start : start + SLICE_BYTES]
    # What the system holds of it has yet to go.
    limit.reschedule(now() + seconds + _slowest(data))


def _slowest(data: bytes | bytearray) -> float:
    """Return how many seconds it may take."""
    return len(data) / SLOWEST_BYTES_PER_SECOND


def _etag(answer: aiohttp.ClientResponse) -> str:
    found = answer.headers.get("ETag")
    if found is None:
        raise StoreFailed("the answer has no ETag: see what stands between here and the store")
    return found


@asynccontextmanager
async def _told(doing: str) -> AsyncIterator[None]:
    try:
        yield
    except ClientError as error:
        said: dict[str, Any] = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        if code == "NoSuchUpload":
            raise MultipartGone(f"{doing}: the multipart upload is gone") from error
        raise failure(doing, str(error), code) from error
    except (StoreFailed, StoreRefused, StoreFull, MultipartGone):
        raise
    except _UNTOLD as error:
        raise StoreFailed(f"{doing}: {str(error) or type(error).__name__}") from error
