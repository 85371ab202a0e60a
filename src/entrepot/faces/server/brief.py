"""The short way: a request that was asked before is answered where it arrives."""

import asyncio
import logging
import time
from typing import Any

from uvicorn.config import Config

from entrepot.faces.shortcut import Brief, Later, Shortcut
from entrepot.rules.networks import address_of

from .edge import Edge
from .hooks import tell
from .known import KnownFields, block_of
from .lifetime import Phase
from .protocol import EdgeProtocol
from .requesthead import Facts
from .trust import TrustedProxies

logger = logging.getLogger("entrepot.server")


class BriefProtocol(EdgeProtocol):
    """One connection, some of whose requests need no application.

    Only while nothing else is under way on it, so that answers stay in order; and never for what
    a trusted proxy sends, as the proxy knows better who asks; nor for a client with a certificate,
    which says who asks besides the header fields.
    """

    def __init__(
        self,
        config: Config,
        server_state: Edge,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        shortcut: Shortcut,
        known: KnownFields,
        trusted: TrustedProxies | None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shortcut: Shortcut | None = shortcut
        self._known = known
        self._trusted = trusted
        self._address = ""
        self._block = b""  # of the request that is parsed, where it came whole
        self._waiting: asyncio.Task[None] | None = None
        self._behind: list[bytes] = []  # what came while an answer is waited for

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        host = self.client[0] if self.client else None
        self._address = address_of(host)
        if self.peer is not None or (self._trusted and host in self._trusted):
            self._shortcut = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._waiting is not None:
            self._behind.append(data)
            self.flow.pause_reading()  # hardly any client asks on before it has the answer
            return
        if self._shortcut is not None and self.life.phase is Phase.IDLE:
            if self._is_answered(data):
                return
            self._block = block_of(data)
            super().data_received(data)
            self._block = b""
            return
        super().data_received(data)

    def request_begins(self, facts: Facts, length: int | None) -> None:
        if self._block and length == 0 and facts.keep_alive and not facts.upgrade:
            if facts.version == "1.1" and not self.head.expects_continue:
                self._known.remember(self._block, self.headers)
            self._block = b""
        super().request_begins(facts, length)

    def _is_answered(self, data: bytes) -> bool:
        end = data.find(b"\r\n")
        fields = self._known.find(data[end + 2 :])
        if fields is None or self.edge.stopping or self.flow.write_paused:
            return False
        started = time.perf_counter()
        line = data[:end].split(b" ")
        if len(line) != 3 or line[2] != b"HTTP/1.1" or self._shortcut is None:
            return False
        try:
            brief = self._shortcut(line[0], line[1], fields, self._address)
        except Exception:  # a boundary: the usual way has its own answer to whatever this was
            logger.exception("the short way failed")
            return False
        if brief is None:
            return False
        if isinstance(brief, Brief):
            self._send(brief, line, started)
        else:
            self.life.busy()
            self._waiting = task = self.loop.create_task(self._wait(brief, data, line, started))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return True

    def _send(self, brief: Brief, line: list[bytes], started: float) -> None:
        edge = self.edge
        self.transport.write(b"".join((brief.head, edge.date_line, b"\r\n", brief.body)))
        edge.total_requests += 1
        self.life.idle()
        host = self.client[0] if self.client else None
        seconds = time.perf_counter() - started
        tell("on_brief", edge.hooks.on_brief, brief, line[0], line[1], host, seconds)

    async def _wait(self, later: Later, data: bytes, line: list[bytes], started: float) -> None:
        """Answer when the answer is there; the usual way if there is none."""
        brief: Brief | None = None
        try:
            brief = await later
        except Exception:  # as in `_is_answered`
            logger.exception("the short way failed")
        self._waiting = None
        if self.transport.is_closing():
            return
        behind, self._behind = self._behind, []
        if behind:
            self.flow.resume_reading()
        if brief is not None:
            self._send(brief, line, started)
        else:
            self.life.idle()
            self._block = block_of(data)
            super().data_received(data)
            self._block = b""
        for each in behind:
            self.data_received(each)
        if self.edge.stopping and not behind:
            self.shutdown()

    def shutdown(self) -> None:
        if self._waiting is None:
            super().shutdown()
