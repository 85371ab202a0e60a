"""The response to one request, as the ASGI application sends it."""

import asyncio
import logging
import os

from entrepot.faces.asgi import ZERO_COPY, App, Message

from .exchange import Exchange
from .head import Framing, render_head
from .refusal import FAILED
from .zerocopy import FileSend

logger = logging.getLogger("entrepot.server")

JOIN_BYTES = 16 * 1024
"""A head and a body up to this are one write; larger bodies are not worth the copy."""


async def respond(app: App, exchange: Exchange) -> None:
    """Run the application to its end and make up for what it left undone."""
    response = Response(exchange)
    try:
        await app(exchange.scope, exchange.receive, response.send)
    except asyncio.CancelledError:
        exchange.connection.wire.cut()
        raise
    except Exception as error:  # the boundary: the application's failures end here
        if not (exchange.disconnected and isinstance(error, ConnectionResetError)):
            logger.exception("the application failed")
        response.fail()
    else:
        if not exchange.response_complete and not exchange.disconnected:
            logger.error("the application returned before the end of its response")
            response.fail()
    finally:
        exchange.report()
        exchange.release()


class Response:
    """Writes the head, the body and the zero-copy parts of one response.

    The head is held back until the first part of the body (as ASGI demands), so that both leave
    in one segment and an application that fails in between still gets a 500.
    """

    __slots__ = ("_exchange", "_framing", "_missing", "_start", "_wire")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._wire = exchange.connection.wire
        self._start: Message | None = None
        self._framing = Framing.NONE
        self._missing = 0

    async def send(self, message: Message) -> None:
        """ASGI; raises ConnectionResetError after a disconnect (spec version 2.4)."""
        exchange = self._exchange
        if exchange.disconnected:
            raise ConnectionResetError("the client went away")
        kind = message["type"]
        if kind == "http.response.start":
            if self._start is not None:
                raise RuntimeError("the response was started before")
            self._start = message
            return
        if self._start is None or exchange.response_complete:
            raise RuntimeError(f"{kind} outside of a response")
        if self._wire.flow.write_paused:
            await self._wire.flow.drain()
            if exchange.disconnected:
                raise ConnectionResetError("the client went away")
        if kind == "http.response.body":
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind == ZERO_COPY:
            await self._send_file(message, more=message.get("more_body", False))
        else:
            raise RuntimeError(f"unknown ASGI message {kind}")

    def fail(self) -> None:
        """Answer 500 if nothing was sent; else cut, as a cut response must look cut."""
        exchange = self._exchange
        if exchange.disconnected or exchange.response_complete:
            return
        if exchange.status is not None:
            self._wire.cut()
            return
        body = FAILED.body()
        headers = [*FAILED.headers(), (b"content-length", b"%d" % len(body))]
        self._start = {"status": FAILED.status, "headers": headers}
        self._send_body(body, more=False)

    def _send_body(self, body: bytes, *, more: bool) -> None:
        transport = self._wire.transport
        head = self._take_head(len(body), more=more)
        if self._framing is Framing.NONE:
            body = b""
        self._exchange.bytes_out += len(body)
        if self._framing is Framing.CHUNKED:
            if body:
                head, body = b"%b%x\r\n" % (head, len(body)), b"%b\r\n" % body
            if not more:
                body += b"0\r\n\r\n"
        if head and len(body) <= JOIN_BYTES:
            transport.write(head + body)
        else:
            if head:
                transport.write(head)
            if body:
                transport.write(body)
        if not more:
            self._complete()

    async def _send_file(self, message: Message, *, more: bool) -> None:
        file = message["file"]
        fd: int = file if isinstance(file, int) else file.fileno()
        offset = message.get("offset")
        if offset is None:
            offset = os.lseek(fd, 0, os.SEEK_CUR)
        count = message.get("count")
        if count is None:
            count = max(0, os.fstat(fd).st_size - offset)
        head = self._take_head(count, more=more)
        tail = b""
        if self._framing is Framing.NONE:
            count = 0
        elif self._framing is Framing.CHUNKED:
            if count:
                head += b"%x\r\n" % count
                tail = b"\r\n"
            if not more:
                tail += b"0\r\n\r\n"
        if count:
            await self._run(FileSend(head=head, fd=fd, offset=offset, count=count))
            head = b""
        if head or tail:
            self._wire.transport.write(head + tail)
        if not more:
            self._complete()

    async def _run(self, job: FileSend) -> None:
        exchange = self._exchange
        try:
            await self._wire.send_file(job)
        except ConnectionResetError:
            exchange.cut()
            self._wire.transport.abort()
            raise
        finally:
            exchange.bytes_out += job.sent_bytes
        if exchange.disconnected:
            raise ConnectionResetError("the client went away")

    def _take_head(self, count: int, *, more: bool) -> bytes:
        """The head's bytes before the first part; holds the application to its Content-Length."""
        exchange = self._exchange
        head = self._render() if exchange.status is None else b""
        if self._framing is Framing.LENGTH:
            self._missing -= count
            if self._missing < 0:
                raise RuntimeError("the response is longer than its Content-Length")
            if self._missing and not more:
                raise RuntimeError("the response is shorter than its Content-Length")
        if exchange.status is None and self._start is not None:
            exchange.status = self._start["status"]
        return head

    def _render(self) -> bytes:
        """Decide framing and whether the connection stays, and render the head."""
        exchange, wire, start = self._exchange, self._wire, self._start
        if start is None:
            raise RuntimeError("the response was not started")
        keep_alive = exchange.keep_alive and not wire.edge.stopping
        if keep_alive and exchange.more_body:
            keep_alive = wire.edge.may_skip(exchange.missing_bytes)
        head = render_head(
            start["status"],
            start.get("headers", ()),
            method=exchange.scope["method"],
            http10=exchange.scope["http_version"] == "1.0",
            keep_alive=keep_alive,
            date_line=wire.edge.date_line,
        )
        exchange.expects_continue = False
        exchange.keep_alive = head.keep_alive
        self._framing = head.framing
        self._missing = head.length
        return head.data

    def _complete(self) -> None:
        exchange = self._exchange
        exchange.response_complete = True
        exchange.wake()
        exchange.report()
        exchange.connection.on_response_complete()
