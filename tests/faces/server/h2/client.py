"""An HTTP/2 client on asyncio streams that shows what frames came."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes

from tests.faces.server.peer import Site

CLIENT = H2Configuration(client_side=True, header_encoding=None)


@dataclass
class Result:
    """What came on one stream."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    informational: list[bytes] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    data_frames: int = 0
    ended: bool = False
    reset: ErrorCodes | int | None = None

    @property
    def status(self) -> int:
        return int(self.header(b":status") or 0)

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)


class Client:
    """One connection; `results` by stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.session = H2Connection(CLIENT)
        self.results: dict[int, Result] = defaultdict(Result)
        self.terminated: ConnectionTerminated | None = None
        self.closed = False
        self.acknowledging = True

    @classmethod
    async def connect(
        cls, site: Site, trust: ssl.SSLContext, *, window_bytes: int | None = None
    ) -> "Client":
        trust.set_alpn_protocols(["h2", "http/1.1"])
        peer = await site.connect(ssl=trust, server_hostname="localhost")
        session = peer.writer.get_extra_info("ssl_object")
        assert session.selected_alpn_protocol() == "h2"
        client = cls(peer.reader, peer.writer)
        if window_bytes is not None:
            client.session.local_settings[SettingCodes.INITIAL_WINDOW_SIZE] = window_bytes
            client.session.local_settings.acknowledge()
        client.session.initiate_connection()
        await client.flush()
        # The server's settings are here before anything is asked.
        await client.until(lambda: client.session.remote_settings.max_concurrent_streams < 1000)
        return client

    async def flush(self) -> None:
        data = self.session.data_to_send()
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def begin(
        self, method: str = "GET", path: str = "/", *fields: tuple[str, str], end: bool = True
    ) -> int:
        """Send a head; returns the stream."""
        stream = self.session.get_next_available_stream_id()
        pseudo = [(":method", method), (":authority", "test")]
        if method != "CONNECT":
            pseudo += [(":scheme", "https"), (":path", path)]
        self.session.send_headers(stream, [*pseudo, *fields], end_stream=end)
        await self.flush()
        return stream

    async def data(self, stream: int, body: bytes, *, end: bool = False) -> None:
        """Send a body as the windows allow."""
        view = memoryview(body)
        while view:
            room = self.session.local_flow_control_window(stream)
            size = min(room, self.session.max_outbound_frame_size, len(view))
            if size == 0:
                await self.flush()
                await self.pump()
                continue
            self.session.send_data(stream, bytes(view[:size]))
            view = view[size:]
        if end:
            self.session.end_stream(stream)
        await self.flush()

    async def reset(self, stream: int, code: ErrorCodes = ErrorCodes.CANCEL) -> None:
        self.session.reset_stream(stream, code)
        await self.flush()

    async def pump(self) -> None:
        """Take what comes next."""
        try:
            data = await self.reader.read(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return
        for event in self.session.receive_data(data):
            self._on(event)
        await self.flush()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                assert not self.closed, "the server closed the connection"
                await self.pump()

    async def result(self, stream: int) -> Result:
        """Wait for the end of a stream."""
        found = self.results[stream]
        await self.until(lambda: found.ended or found.reset is not None)
        return found

    async def ask(self, method: str = "GET", path: str = "/", *fields: tuple[str, str]) -> Result:
        return await self.result(await self.begin(method, path, *fields))

    async def end(self) -> None:
        """Wait for the end of the connection."""
        async with asyncio.timeout(5):
            while not self.closed:
                await self.pump()

    def _on(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self.terminated = event
        elif isinstance(event, ResponseReceived):
            self.results[event.stream_id].headers = [(bytes(n), bytes(v)) for n, v in event.headers]
        elif isinstance(event, InformationalResponseReceived):
            status = dict(event.headers)[b":status"]
            self.results[event.stream_id].informational.append(bytes(status))
        elif isinstance(event, DataReceived):
            result = self.results[event.stream_id]
            result.body += event.data
            result.data_frames += 1
            if self.acknowledging:
                size = event.flow_controlled_length
                self.session.acknowledge_received_data(size, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.results[event.stream_id].ended = True
        elif isinstance(event, StreamReset):
            self.results[event.stream_id].reset = event.error_code
