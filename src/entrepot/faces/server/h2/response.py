"""The response to a request on an HTTP/2 connection, as the application sends it."""

import asyncio
import logging

from entrepot.faces.asgi import App, Headers, Message
from entrepot.faces.server.refusal import FAILED, Refusal

from .head import response_fields
from .stream import Stream

logger = logging.getLogger("entrepot.server")

_BODILESS = frozenset({204, 304})


async def respond(app: App, stream: Stream) -> None:
    """Run the application to its end and make up for what it left undone."""
    response = Response(stream)
    try:
        await app(stream.scope, stream.receive, response.send)
    except asyncio.CancelledError:
        stream.connection.reset(stream)
        raise
    except Exception as error:  # the boundary: the application's failures end here
        if not (stream.disconnected and isinstance(error, ConnectionResetError)):
            logger.exception("the application failed")
        response.fail()
    else:
        if not stream.response_complete and not stream.disconnected:
            logger.error("the application returned before the end of its response")
            response.fail()
    finally:
        stream.discard_body()
        stream.report()
        stream.release()


def refuse(stream: Stream, refusal: Refusal) -> None:
    """Answer instead of the application; if that has begun to, cut its answer."""
    if stream.response_complete:
        return
    if stream.status is not None:
        stream.cut()
        stream.connection.reset(stream)
        return
    body = refusal.body()
    headers: Headers = [*refusal.headers(), (b"content-length", b"%d" % len(body))]
    fields, _ = response_fields(refusal.status, headers, _date(stream))
    bodiless = stream.scope["method"] == "HEAD"
    stream.cut()
    stream.status = refusal.status
    stream.connection.sender.head(stream, fields, ended=bodiless)
    if not bodiless and not stream.connection.sender.last(stream, body):
        stream.connection.reset(stream)
        return
    stream.complete()
    stream.connection.on_response_complete(stream)


def _date(stream: Stream) -> bytes:
    return stream.connection.edge.date_line[len(b"date: ") : -len(b"\r\n")]


class Response:
    """Sends the head and the parts of one response.

    The head is held back until the first part of the body (as ASGI demands), so that an
    application that fails in between still gets a 500.
    """

    __slots__ = ("_bodiless", "_missing", "_start", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._start: Message | None = None
        self._bodiless = False
        self._missing: int | None = None

    async def send(self, message: Message) -> None:
        """ASGI; raises ConnectionResetError after a disconnect (spec version 2.4)."""
        stream = self._stream
        if stream.disconnected:
            raise ConnectionResetError("the client went away")
        kind = message["type"]
        if kind == "http.response.start":
            if self._start is not None:
                raise RuntimeError("the response was started before")
            self._start = message
            return
        if self._start is None or stream.response_complete:
            raise RuntimeError(f"{kind} outside of a response")
        if kind != "http.response.body":
            raise RuntimeError(f"unknown ASGI message {kind}")
        await self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def fail(self) -> None:
        """Answer 500 if nothing was sent; else cut, as a cut response must look cut."""
        if not self._stream.disconnected:
            refuse(self._stream, FAILED)

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        stream = self._stream
        fields = self._head() if stream.status is None else None
        self._count(len(body), more=more)
        if self._bodiless:
            body = b""
        ended = not more and not body
        if fields is not None:
            stream.status = int(fields[0][1])
            stream.connection.sender.head(stream, fields, ended=ended)
        elif ended:
            stream.connection.sender.end(stream)
        if body:
            await stream.connection.sender.body(stream, body, ended=not more)
        if not more:
            stream.complete()
            stream.connection.on_response_complete(stream)

    def _head(self) -> Headers:
        stream, start = self._stream, self._start
        if start is None:
            raise RuntimeError("the response was not started")
        status = start["status"]
        fields, length = response_fields(status, start.get("headers", ()), _date(stream))
        self._bodiless = status in _BODILESS or stream.scope["method"] == "HEAD"
        self._missing = None if self._bodiless else length
        return fields

    def _count(self, count: int, *, more: bool) -> None:
        """Hold the application to its Content-Length."""
        if self._missing is None:
            return
        self._missing -= count
        if self._missing < 0:
            raise RuntimeError("the response is longer than its Content-Length")
        if self._missing and not more:
            raise RuntimeError("the response is shorter than its Content-Length")
