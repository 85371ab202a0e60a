"""Answers the server gives by itself, in the error body of the registry."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from entrepot.oci.errors import Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request the server will not hand to an application; the connection closes after it."""

    status: int
    code: Code
    message: str
    retry_after_seconds: int = 0

    def body(self) -> bytes:
        """`{"errors": [{"code": ..., "message": ...}]}` (distribution spec, "Error Codes")."""
        error = {"code": self.code.value, "message": self.message}
        return json.dumps({"errors": [error]}).encode()

    def headers(self) -> list[tuple[bytes, bytes]]:
        pairs = [
            (b"content-type", b"application/json"),
            (b"docker-distribution-api-version", b"registry/2.0"),
            (b"connection", b"close"),
        ]
        if self.retry_after_seconds:
            pairs.append((b"retry-after", b"%d" % self.retry_after_seconds))
        return pairs

    def render(self, date_line: bytes) -> bytes:
        """The whole response."""
        body = self.body()
        lines = [b"HTTP/1.1 %d %s\r\n" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%s: %s\r\n" % pair for pair in self.headers()]
        lines += [b"content-length: %d\r\n" % len(body), date_line, b"\r\n", body]
        return b"".join(lines)


class Refused(Exception):
    """Raised in a parser callback to stop the parser."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def invalid(message: str) -> Refusal:
    """400: the bytes are not an HTTP/1.1 request that has only one reading (RFC 9112)."""
    return Refusal(400, Code.REQUEST_INVALID, message)


def unsupported(status: int, message: str) -> Refusal:
    """501 or 505: understood, and not done here."""
    return Refusal(status, Code.UNSUPPORTED, message)


MALFORMED = invalid("this is not a well-formed HTTP/1.1 request")
MALFORMED_BODY = invalid("the chunked transfer coding of the request body is malformed")
TARGET_TOO_LONG = Refusal(414, Code.REQUEST_INVALID, "the request target (URL) is too long")
HEAD_TOO_BIG = Refusal(431, Code.REQUEST_INVALID, "the request headers are too large or too many")
SLOW_HEAD = Refusal(408, Code.REQUEST_TIMEOUT, "the request headers took too long to arrive")
SLOW_BODY = Refusal(408, Code.REQUEST_TIMEOUT, "the request body arrives too slowly")
PIPELINE_FULL = Refusal(
    429, Code.TOOMANYREQUESTS, "too many pipelined requests: wait for some answers first"
)
ADDRESS_FULL = Refusal(
    429, Code.TOOMANYREQUESTS, "too many connections from this address: close some and retry", 5
)
SERVER_FULL = Refusal(
    503, Code.UNAVAILABLE, "the server has as many connections as it takes: retry soon", 5
)
FAILED = Refusal(
    500, Code.UNKNOWN, "the server failed to answer: its log has the cause under this time"
)
