"""httptools' callbacks, with bounds, and deferrable while a thread parses."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .edge import Edge
from .limits import KIB
from .refusal import MALFORMED, MALFORMED_BODY, Refusal, Refused
from .requesthead import FRAMING_NAMES, Facts, HeadCheck

logger = logging.getLogger("entrepot.server")

OVERHEAD_BYTES = 512 * KIB
OVERHEAD_FACTOR = 16
"""Chunk sizes, extensions and trailers may be this much more than the data in them: a chunk of
one byte takes six, and endless extensions or trailers end here."""


class RequestParsing(HttpToolsProtocol):
    """Turns bytes into `request_begins`, `body_came` and `body_ended`.

    While `later` is a list, the events after the end of a body are kept there, as the parser may
    run in a thread then; `replay` makes up for them on the loop.
    """

    edge: Edge

    def __init__(
        self,
        config: Config,
        server_state: Edge,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.edge = server_state
        self.head = HeadCheck(server_state.limits)
        self.in_head = False
        self.later: list[tuple[Callable[..., None], tuple[Any, ...]]] | None = None
        self._chunked = False
        self._raw_bytes = 0
        self._data_bytes = 0

    def request_begins(self, facts: Facts, length: int | None) -> None:
        """A head is whole."""
        raise NotImplementedError

    def body_came(self, data: bytes) -> None:
        raise NotImplementedError

    def body_ended(self) -> None:
        raise NotImplementedError

    def feed(self, data: bytes | memoryview) -> None:
        """Parse a block. Raises Refused; the parser is dead after that."""
        if self._chunked:
            self._raw_bytes += len(data)
            if self._raw_bytes > OVERHEAD_BYTES + OVERHEAD_FACTOR * self._data_bytes:
                raise Refused(MALFORMED_BODY)
        parser = self.parser
        while data:
            try:
                parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # Upgrades are declined by going on in HTTP/1.1 (RFC 9110, section 7.8).
                data = memoryview(data)[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                refusal = _why(error, in_body=self._chunked and not self.in_head)
                if self.later is None:
                    raise Refused(refusal) from error
                self.later.append((_raise, (refusal,)))
                return

    def renew_parser(self) -> None:
        """After a body that went past the parser: it would wait for the bytes forever."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def replay(self) -> None:
        """Handle what was kept in `later`. Raises Refused."""
        later, self.later = self.later, None
        for call, arguments in later or ():
            call(*arguments)

    # httptools calls these.

    def on_message_begin(self) -> None:
        if self.later is not None:
            self.later.append((self.on_message_begin, ()))
            return
        super().on_message_begin()
        self.in_head = True
        self._chunked = False
        self.head.begin()

    def on_url(self, url: bytes) -> None:
        if self.later is not None:
            self.later.append((self.on_url, (url,)))
            return
        self.url += url
        self.head.target(len(self.url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.later is not None:
            self.later.append((self.on_header, (name, value)))
            return
        name = name.lower()
        self.head.field(name, value)
        if not self.in_head:
            if name == b"connection":
                # The parser would believe it, and hear nothing more (RFC 9110, section 6.5.1).
                raise Refused(MALFORMED_BODY)
            return  # a trailer: counted and dropped, as RFC 9110 section 6.5.1 allows
        if name in FRAMING_NAMES:
            self.head.framing(name, value)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self.parser
        facts = Facts(
            parser.get_method(),
            parser.get_http_version(),
            parser.should_keep_alive(),
            parser.should_upgrade(),
        )
        if self.later is not None:
            self.later.append((self._head_complete, (facts,)))
        else:
            self._head_complete(facts)

    def _head_complete(self, facts: Facts) -> None:
        length = self.head.end(facts)
        self.in_head = False
        self._chunked = length is None
        self._raw_bytes = self._data_bytes = 0
        self.request_begins(facts, length)

    def on_body(self, body: bytes) -> None:
        if self.later is not None:
            self.later.append((self.on_body, (body,)))
            return
        self._data_bytes += len(body)
        self.body_came(body)

    def on_message_complete(self) -> None:
        if self.later is not None:
            self.later.append((self.on_message_complete, ()))
            return
        self._chunked = False
        self.body_ended()


def _why(error: httptools.HttpParserError, *, in_body: bool) -> Refusal:
    cause = error.__context__
    if isinstance(cause, Refused):
        return cause.refusal
    if cause is not None:
        logger.error("a parser callback failed", exc_info=cause)
    return MALFORMED_BODY if in_body else MALFORMED


def _raise(refusal: Refusal) -> None:
    raise Refused(refusal)
