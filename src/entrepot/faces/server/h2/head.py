"""Heads: a request's fields as an ASGI scope, a response's as HTTP/2 has them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from entrepot.faces.asgi import Headers, Scope
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.refusal import (
    HEAD_TOO_BIG,
    TARGET_TOO_LONG,
    Refused,
    invalid,
    unsupported,
)

_TARGET = re.compile(rb"/[!-~]*")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_LENGTH = re.compile(rb"[0-9]{1,19}")
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_BREAKING = re.compile(rb"[\r\n\0]")
_FIELD_OVERHEAD_BYTES = 4  # as in HTTP/1.1, so that one limit means the same in both


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's head: `length` is its Content-Length, 0 without a body, None if unknown."""

    method: str
    target: bytes
    headers: Headers
    length: int | None
    expects_continue: bool

    def scope(self, client: Any, server: Any) -> Scope:
        """The ASGI scope, but for its extensions."""
        path, _, query = self.target.partition(b"?")
        text = path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "2",
            "server": server,
            "client": client,
            "scheme": "https",
            "method": self.method,
            "root_path": "",
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "headers": self.headers,
        }


def read_head(
    fields: Iterable[tuple[bytes, bytes]], limits: ServerLimits, *, ended: bool
) -> RequestHead:
    """Return the head of a request that `h2` has validated; `ended`: it has no body.

    Raises Refused for what is out of bounds, or not for an origin server.
    """
    pseudo: dict[bytes, bytes] = {}
    headers: Headers = []
    size = 0
    for name, value in fields:
        size += len(name) + len(value) + _FIELD_OVERHEAD_BYTES
        if name.startswith(b":"):
            pseudo[name] = value
        else:
            headers.append((bytes(name), bytes(value)))
    target = pseudo.get(b":path", b"")
    if len(target) > limits.target_bytes:
        raise Refused(TARGET_TOO_LONG)
    if size > limits.header_bytes or len(headers) > limits.header_count:
        raise Refused(HEAD_TOO_BIG)
    method = pseudo.get(b":method", b"")
    if method == b"CONNECT":
        raise Refused(unsupported(501, "this server is no proxy: CONNECT is not supported"))
    if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target) or b"#" in target:
        raise Refused(invalid("the method or the request target cannot be parsed"))
    known = {name: value for name, value in headers if name in (b"content-length", b"expect")}
    return RequestHead(
        method=method.decode("ascii"),
        target=bytes(target),
        headers=_with_host(pseudo.get(b":authority"), headers),
        length=0 if ended else _length(known.get(b"content-length")),
        expects_continue=known.get(b"expect", b"").lower() == b"100-continue",
    )


def _with_host(authority: bytes | None, headers: Headers) -> Headers:
    """Give the authority the name that applications know it by (RFC 9113 section 8.3.1)."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or not (authority or hosts):
        raise Refused(invalid("a request must have one authority or Host header"))
    if hosts or not authority:
        return headers
    if b"@" in authority:
        raise Refused(invalid("an authority must not hold a user (RFC 9110 section 4.2.4)"))
    return [(b"host", bytes(authority)), *headers]


def _length(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not _LENGTH.fullmatch(value):
        raise Refused(invalid("the Content-Length is no length"))
    return int(value)


def response_fields(
    status: int, headers: Iterable[tuple[bytes, bytes]], date: bytes
) -> tuple[Headers, int | None]:
    """The fields of a response head, and its Content-Length.

    Fields about the connection are left out: framing is HTTP/2's own (section 8.2.2). Raises
    RuntimeError for a status below 200 or above 599 and for a value that would break an
    HTTP/1.1 line further on.
    """
    if not 200 <= status <= 599:
        raise RuntimeError(f"status {status} cannot be a final answer")
    fields: Headers = [(b":status", b"%d" % status)]
    length: int | None = None
    dated = False
    for name, value in headers:
        lowered = name.lower()
        if lowered in _CONNECTION_FIELDS:
            continue
        if _BREAKING.search(value) or _BREAKING.search(lowered):
            raise RuntimeError("a response header holds CR, LF or NUL")
        if lowered == b"content-length":
            length = int(value)
        elif lowered == b"date":
            dated = True
        fields.append((lowered, value))
    if not dated:
        fields.append((b"date", date))
    return fields, length
