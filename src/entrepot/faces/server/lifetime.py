"""What a connection does now, how long it may, and how it ends."""

import asyncio
import math
from enum import IntEnum

from uvicorn.protocols.http.flow_control import FlowControl

from .limits import ServerLimits
from .refusal import SLOW_HEAD, Refusal


class Phase(IntEnum):
    """What a connection is at; in this order it only goes on from LINGER."""

    IDLE = 0  # no byte of a request is here
    HEAD = 1  # some are
    BUSY = 2  # a request is being answered
    SKIP = 3  # it is answered, and the little that is missing of its body is awaited
    LINGER = 4  # the last answer is written; what still comes is swallowed
    CLOSING = 5  # the transport writes the rest and closes


class Lifetime:
    """One connection's phase and its deadline, in the loop's time."""

    __slots__ = ("_flow", "_left_bytes", "_limits", "_loop", "_transport", "deadline", "phase")

    def __init__(
        self,
        limits: ServerLimits,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        flow: FlowControl,
    ) -> None:
        self._limits = limits
        self._loop = loop
        self._transport = transport
        self._flow = flow
        self._left_bytes = limits.linger_bytes
        self.phase = Phase.IDLE
        # The first request has no more time than any other head.
        self.deadline = loop.time() + limits.header_seconds

    @property
    def leaving(self) -> bool:
        """Whether no further request is read."""
        return self.phase >= Phase.LINGER

    def idle(self) -> None:
        self._enter(Phase.IDLE, self._limits.idle_seconds)

    def reading_head(self) -> None:
        if self.phase is Phase.IDLE:
            self._enter(Phase.HEAD, self._limits.header_seconds)

    def busy(self) -> None:
        self.phase = Phase.BUSY
        self.deadline = math.inf

    def skipping(self) -> None:
        self._enter(Phase.SKIP, self._limits.linger_seconds)

    def close(self) -> None:
        """Write what is buffered and close."""
        self._enter(Phase.CLOSING, self._limits.write_stall_seconds)
        self._transport.close()

    def linger(self) -> None:
        """Write what is buffered, say that it was the last, and swallow some of what comes.

        Closing at once, with bytes unread, would make the kernel send a reset, which can take
        the answer from a client that is still sending.
        """
        self._enter(Phase.LINGER, self._limits.linger_seconds)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._flow.resume_reading()

    def swallow(self, count: int) -> None:
        """Some bytes came while lingering. Beyond the bound they are left to block the client."""
        self._left_bytes -= count
        if self._left_bytes <= 0:
            self._flow.pause_reading()

    def expire(self) -> Refusal | None:
        """The deadline has passed: close as the phase demands, or return what to say first."""
        if self.phase is Phase.HEAD:
            return SLOW_HEAD
        if self.phase is Phase.IDLE and self._transport.get_write_buffer_size() == 0:
            self.close()
        else:
            self._transport.abort()
        return None

    def _enter(self, phase: Phase, seconds: float) -> None:
        self.phase = phase
        self.deadline = self._loop.time() + seconds
