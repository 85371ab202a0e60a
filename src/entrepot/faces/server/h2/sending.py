"""The frames that go out on an HTTP/2 connection."""

import asyncio
import contextlib

from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError

from entrepot.faces.asgi import Headers

from .outlet import Outlet
from .session import Session
from .stream import Stream

PIECE_BYTES = 256 * 1024
"""Framed and written in one go, so that streams take turns."""


class Sender:
    """See `stream.Sender`; a stream that the client has reset must not be sent on."""

    def __init__(self, session: Session, out: Outlet) -> None:
        self._session = session
        self._out = out
        self._loop = asyncio.get_running_loop()

    def flush(self) -> None:
        """Write what the session wants to say."""
        self._out.write(self._session.data_to_send())

    def taken(self, stream: Stream, count: int) -> None:
        if count and not self._out.transport.is_closing():
            self._session.acknowledge_received_data(count, stream.id)
            self.flush()

    def go_on(self, stream: Stream) -> None:
        self._session.send_headers(stream.id, [(b":status", b"100")])
        self.flush()

    def head(self, stream: Stream, fields: Headers, *, ended: bool) -> None:
        self._session.send_headers(stream.id, fields, end_stream=ended)
        if ended:
            self.flush()

    async def body(self, stream: Stream, data: bytes, *, ended: bool) -> None:
        view = memoryview(data)
        while view:
            await self._out.ready()
            if stream.disconnected:
                raise ConnectionResetError("the client went away")
            if ended and self.last(stream, view):
                return
            head = self._session.data_to_send()
            frames, count = self._session.frames(stream.id, view[:PIECE_BYTES])
            view = view[count:]
            stream.bytes_out += count
            self._out.write(head + frames)
            if ended and not view:
                self.end(stream)
            elif count == 0:
                await self._window(stream)

    def last(self, stream: Stream, data: bytes | memoryview) -> bool:
        room = self._session.local_flow_control_window(stream.id)
        if len(data) > min(room, self._session.max_outbound_frame_size):
            return False
        self._session.send_data(stream.id, data, end_stream=True)
        self.flush()
        stream.bytes_out += len(data)
        return True

    def end(self, stream: Stream) -> None:
        self._session.end_stream(stream.id)
        self.flush()

    def reset(self, stream_id: int, code: ErrorCodes) -> None:
        """End a stream before its time."""
        with contextlib.suppress(StreamClosedError):  # the client was first
            self._session.reset_stream(stream_id, code)
        self.flush()

    def go_away(self, code: ErrorCodes, message: str = "") -> None:
        """Say that no more streams are taken."""
        self.flush()
        self._out.write(self._session.go_away(code, message))

    async def _window(self, stream: Stream) -> None:
        """Wait until one of the windows has grown."""
        stream.window.clear()
        stream.window_awaited_since = self._loop.time()
        try:
            await stream.window.wait()
        finally:
            stream.window_awaited_since = None
