"""A syslog receiver elsewhere, by UDP, TCP or TLS.

RFC 5426, RFC 6587 with octet counting, RFC 5425.
Nothing of syslog acknowledges: what a broken connection swallowed is not sent again, only what it
refused. TCP and TLS lose little, UDP whatever the network likes.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

CONNECT_SECONDS = 10.0
SEND_SECONDS = 30.0
"""How long a receiver may take for one `send`."""
MESSAGE_MAX_BYTES = 8192
"""RFC 5425 section 4.3.1 asks receivers to take so much; what is longer is cut."""
CURSOR_DIGITS_MAX = 20


class SyslogReceiver:
    """Keeps `ports.audit.Receiver` for `udp://`, `tcp://` and `tls://` with host and port."""

    def __init__(self, url: str, *, ca_file: str = "") -> None:
        parts = urlsplit(url)
        self._scheme, self._host, self._port = parts.scheme, parts.hostname or "", parts.port or 0
        self._ca_file = ca_file
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._datagrams: asyncio.DatagramTransport | None = None

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send messages in order, connecting if need be. Raises OSError, and then all may be new.

        A line feed at a message's end is left away: it is not the frame.
        """
        cut = [message.rstrip(b"\n")[:MESSAGE_MAX_BYTES] for message in messages]
        try:
            if self._scheme == "udp":
                await self._send_datagrams(cut)
            else:
                await self._send_stream(cut)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next `send` makes another."""
        if self._streams is not None:
            self._streams[1].close()
        if self._datagrams is not None:
            self._datagrams.close()
        self._streams = self._datagrams = None

    async def _send_datagrams(self, messages: Sequence[bytes]) -> None:
        if self._datagrams is None:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    asyncio.DatagramProtocol, remote_addr=(self._host, self._port)
                )
        for message in messages:
            self._datagrams.sendto(message)

    async def _send_stream(self, messages: Sequence[bytes]) -> None:
        if self._streams is not None and self._streams[0].at_eof():
            # Gone since the last time: better known before than after writing into it.
            self.close()
        if self._streams is None:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._streams = await asyncio.open_connection(
                    self._host, self._port, ssl=self._context()
                )
        _, writer = self._streams
        writer.write(b"".join(b"%d %b" % (len(message), message) for message in messages))
        async with asyncio.timeout(SEND_SECONDS):
            await writer.drain()

    def _context(self) -> ssl.SSLContext | None:
        if self._scheme != "tls":
            return None
        return ssl.create_default_context(cafile=self._ca_file or None)


class CursorFile:
    """Keeps `ports.audit.Place`: how far lines were sent, in a file that is replaced whole.

    It is not synced: after a power cut some lines are sent twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> int | None:
        """Return the id, or None where there is none that can be read."""
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return int(text) if text.isdecimal() and len(text) <= CURSOR_DIGITS_MAX else None

    async def write(self, line_id: int) -> None:
        """Keep the id. Raises OSError."""
        beside = self._path.with_suffix(".new")
        try:
            beside.write_text(f"{line_id}\n", encoding="ascii")
            beside.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
