"""Answers that need no application: what a server and a face agree on for them."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from .asgi import Headers


class Fields:
    """The header fields of requests, names in lower case; one object for the same bytes.

    `memo` is for whoever answers, to keep what it found out about these fields.
    """

    __slots__ = ("headers", "memo")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.memo: Any = None


class Brief(NamedTuple):
    """An answer. `head` ends with the last header field; the server adds date and empty line."""

    status: int
    head: bytes
    body: bytes
    kind: str
    """For metrics, as they name what the path addresses."""
    request_id: str


Later = Coroutine[Any, Any, Brief | None]
"""An answer that has to be waited for; one that is not awaited is closed."""

Shortcut = Callable[[bytes, bytes, Fields, str], Brief | Later | None]
"""Takes method, target, fields and the peer's address as `Request.client_address` writes it.

None sends the request the usual way. Must not block.
"""
