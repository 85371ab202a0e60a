"""The error vocabulary: one exception, one enumeration of codes."""

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Error codes as they stand in an error body.

    The first block is the table of the OCI distribution specification ("Error Codes"); the second
    is what the distribution project adds and clients know.
    """

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    BLOB_UPLOAD_INVALID = "BLOB_UPLOAD_INVALID"
    BLOB_UPLOAD_UNKNOWN = "BLOB_UPLOAD_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    SIZE_INVALID = "SIZE_INVALID"
    UNAUTHORIZED = "UNAUTHORIZED"
    DENIED = "DENIED"
    UNSUPPORTED = "UNSUPPORTED"
    TOOMANYREQUESTS = "TOOMANYREQUESTS"

    CONFLICT = "CONFLICT"
    KEY_REUSED = "KEY_REUSED"
    MANIFEST_TOO_BIG = "MANIFEST_TOO_BIG"
    NOT_FOUND = "NOT_FOUND"
    PAGINATION_NUMBER_INVALID = "PAGINATION_NUMBER_INVALID"
    PRECONDITION = "PRECONDITION"
    RANGE_INVALID = "RANGE_INVALID"
    REQUEST_INVALID = "REQUEST_INVALID"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    TAG_INVALID = "TAG_INVALID"
    TAGS_TOO_MANY = "TAGS_TOO_MANY"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


class Fault(Exception):
    """A request that cannot be answered as asked.

    `message` says the cause and, where there is one, the cure: the docker client prints only that.
    `detail` is any JSON value for programs. Faces map `code` to their status; nothing else does.
    """

    def __init__(self, code: Code, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail

    def __repr__(self) -> str:
        return f"Fault({self.code.value}, {self.message!r})"
