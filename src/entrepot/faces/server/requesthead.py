"""What a request's head must be: in bounds, with one reading (RFC 9112)."""

from typing import NamedTuple

from .limits import ServerLimits
from .refusal import HEAD_TOO_BIG, TARGET_TOO_LONG, Refused, invalid, unsupported


class Facts(NamedTuple):
    """What the parser alone knows of a head."""

    method: bytes
    version: str
    keep_alive: bool
    upgrade: bool


FRAMING_NAMES = frozenset({b"content-length", b"expect", b"host", b"transfer-encoding"})
_LINE_OVERHEAD_BYTES = 4  # ": " and CR LF


class HeadCheck:
    """Counts one head while it comes, then says how long the body is.

    The parser (llhttp, strict) has refused by then: bare LF or CR, folded lines, control
    characters, white space before a colon, a Content-Length that is no plain number or comes
    twice, and Content-Length beside Transfer-Encoding. All methods raise Refused.
    """

    __slots__ = (
        "_chunked",
        "_fields",
        "_hosts",
        "_limits",
        "_raw_bytes",
        "_size_bytes",
        "expects_continue",
        "length",
    )

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self.begin()

    def begin(self) -> None:
        """Start on a new head."""
        self._raw_bytes = 0
        self._size_bytes = 0
        self._fields = 0
        self._hosts = 0
        self._chunked = False
        self.length = 0
        self.expects_continue = False

    def grow(self, raw_bytes: int) -> None:
        """A block of bytes came of which all, up to here, are of this head."""
        self._raw_bytes += raw_bytes

    def check_raw(self) -> None:
        """After a block that did not end the head: the parser may hold one endless line."""
        if self._raw_bytes > self._limits.header_bytes:
            raise Refused(HEAD_TOO_BIG)

    def target(self, size_bytes: int) -> None:
        """Some of the request target came, which is so long now."""
        if size_bytes > self._limits.target_bytes:
            raise Refused(TARGET_TOO_LONG)

    def field(self, name: bytes, value: bytes) -> None:
        """A header field or trailer came; the name is in lower case."""
        self._fields += 1
        self._size_bytes += len(name) + len(value) + _LINE_OVERHEAD_BYTES
        limits = self._limits
        if self._size_bytes > limits.header_bytes or self._fields > limits.header_count:
            raise Refused(HEAD_TOO_BIG)

    def framing(self, name: bytes, value: bytes) -> None:
        """A field of FRAMING_NAMES came."""
        if name == b"host":
            self._hosts += 1
        elif name == b"content-length":
            self.length = int(value)
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise Refused(unsupported(501, "the only transfer coding here is chunked"))
            self._chunked = True
        elif value.lower() == b"100-continue":
            self.expects_continue = True

    def end(self, facts: Facts) -> int | None:
        """The head is whole. Returns the body's length, None for a chunked one."""
        if facts.version not in ("1.1", "1.0"):
            raise Refused(unsupported(505, "this server speaks HTTP/1.1 and HTTP/1.0"))
        if facts.method == b"CONNECT":
            raise Refused(unsupported(501, "this server is no proxy: CONNECT is not supported"))
        if self._hosts > 1 or (self._hosts == 0 and facts.version == "1.1"):
            raise Refused(invalid("a request must have one Host header"))
        if facts.version == "1.0":
            self.expects_continue = False
            if self._chunked:
                raise Refused(invalid("HTTP/1.0 has no Transfer-Encoding"))
        if facts.upgrade and (self._chunked or self.length):
            # The parser takes what follows an upgrade's head for the other protocol.
            raise Refused(unsupported(501, "an Upgrade request with a body is not supported"))
        return None if self._chunked else self.length
