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

from .errors import StoreFailed, code_in, failure
from .records import Part
from .segments import MultipartGone, OpenMultipart

SLICE_BYTES = 256 * 1024
"""What is given to the socket at once."""
SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""A part that takes longer than at this speed, and `read_seconds`, is sent again."""
BACKOFF_SECONDS = (0.1, 5.0)
"""The first and the longest wait before a part is sent again; by chance up to that."""
URL_SECONDS = 3600
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
        url = await self._client.generate_presigned_url(
            "upload_part",
            {**self._place(key), "UploadId": upload_id, "PartNumber": number},
            ExpiresIn=URL_SECONDS,
        )
        seconds = self._pace.read_seconds + len(data) / SLOWEST_BYTES_PER_SECOND
        return await self._again(
            f"writing part {number} of {key}", lambda: self._put(url, data, seconds)
        )

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

    async def _put(self, url: str, data: bytes | bytearray, seconds: float) -> str:
        async with self._http.put(
            url,
            data=_slices(data),
            headers={"Content-Length": str(len(data)), "Content-Type": "binary/octet-stream"},
            timeout=aiohttp.ClientTimeout(
                total=seconds,
                sock_connect=self._http.timeout.sock_connect,
                sock_read=seconds,
            ),
        ) as answer:
            if answer.status == 200:
                return answer.headers["ETag"]
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
            except (aiohttp.ClientError, TimeoutError, ConnectionError, _Passing) as error:
                if time.monotonic() + wait > ends_at:
                    said = str(error) or type(error).__name__
                    raise StoreFailed(f"{doing}: {said}") from error
            await asyncio.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            wait = min(2 * wait, longest)

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}


class _Passing(Exception):
    """An answer that may be another one the next time."""


async def _slices(data: bytes | bytearray) -> AsyncIterator[memoryview]:
    view = memoryview(data)
    for start in range(0, len(view), SLICE_BYTES):
        yield view[start : start + SLICE_BYTES]


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
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise StoreFailed(f"{doing}: {str(error) or type(error).__name__}") from error
