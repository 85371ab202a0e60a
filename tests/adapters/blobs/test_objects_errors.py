"""What client libraries raise becomes an OSError, which is answered with 503."""

import errno
from typing import Any

import aiohttp
import pytest
from botocore.parsers import ResponseParserError
from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError

from entrepot.adapters.blobs.objects.errors import StoreFailed, Taken, told
from entrepot.adapters.blobs.objects.multipart import Pace, S3Multiparts
from entrepot.adapters.blobs.objects.records import Pointer, RecordBroken

CONFLICTS = pytest.mark.parametrize("kind", [AlreadyExistsError, PreconditionError])


@CONFLICTS
def test_a_condition_that_was_not_met_is_told_to_whoever_set_it(kind: type[Exception]) -> None:
    with pytest.raises(Taken), told("writing x", conditional=True):
        raise kind("status code: 412")


@CONFLICTS
def test_a_conflict_that_nobody_asked_for_is_a_failure(kind: type[Exception]) -> None:
    with pytest.raises(StoreFailed) as caught, told("reading x"):
        raise kind("status code: 409")
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize(
    "error",
    [
        GenericError("it broke"),
        ConnectionResetError(errno.ECONNRESET, "it broke"),
        TimeoutError("it broke"),
        OSError("it broke"),
        RuntimeError("it broke"),
    ],
)
def test_what_breaks_is_a_failure_of_the_store(error: Exception) -> None:
    # A ConnectionError would be taken for the client's, who would get no answer.
    with pytest.raises(StoreFailed, match=r"reading x: .*it broke") as caught, told("reading x"):
        raise error
    assert caught.value.errno == errno.EIO


def test_a_pointer_that_cannot_be_read_is_a_failure_of_the_store() -> None:
    with pytest.raises(RecordBroken) as caught:
        Pointer.decode(b"{")
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize(
    "error",
    [ResponseParserError("invalid XML received"), OSError("no route"), KeyError("UploadId")],
)
async def test_answers_that_make_no_sense_to_botocore(error: Exception) -> None:
    class Client:
        def __getattr__(self, _: str) -> Any:
            async def call(**_: object) -> None:
                raise error

            return call

    async with aiohttp.ClientSession() as http:
        parts = S3Multiparts(
            Client(),
            http,
            bucket="bucket",
            prefix="",
            pace=Pace(1.0, 0.0),
            encryption={},
        )
        for work in (parts.create("x"), parts.complete("x", "m", ()), parts.abort("x", "m")):
            with pytest.raises(StoreFailed):
                await work
