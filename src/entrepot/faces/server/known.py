"""Requests whose header fields were seen before, for the short way to an answer.

A request takes the short way when it is whole in one read, has no body, and its header fields are,
byte for byte, ones that the parser has accepted before. So nothing here parses header fields: the
same bytes mean the same again. Whatever is not plain goes the usual way.
"""

from entrepot.faces.asgi import Headers
from entrepot.faces.shortcut import Fields

KNOWN_MAX = 1024
"""Blocks of header fields remembered: about one for each client and token."""
KNOWN_SIZE_MAX_BYTES = 4096

END = b"\r\n\r\n"


class KnownFields:
    """Blocks of header fields that the parser has accepted; the oldest go when there are many."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Fields] = {}

    def find(self, block: bytes) -> Fields | None:
        """Return the fields of a block: what follows the request line, with the empty line."""
        return self._known.get(block)

    def remember(self, block: bytes, headers: Headers) -> None:
        """Keep what the parser made of a block, of a request without body that stays open."""
        if len(block) > KNOWN_SIZE_MAX_BYTES:
            return
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[block] = Fields(headers)


def block_of(data: bytes) -> bytes:
    """Return the header fields of one whole request head; empty if `data` is anything else."""
    end = data.find(b"\r\n")
    block = data[end + 2 :]
    # One without fields, or with something behind them, is not plain.
    return block if end > 0 and block.find(END) == len(block) - len(END) else b""
