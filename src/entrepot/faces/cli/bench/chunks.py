"""A body in chunks (RFC 9112 section 7.1), counted as it comes."""

from .request import LoadError

LINE_MAX_BYTES = 1024


class Chunks:
    """Takes a chunked body piece by piece; `size` is how much of the content has come.

    `head` is kept for who waits for the end of the body.
    """

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.size = 0
        self._line = b""
        self._left = 0
        self._trailer = False

    def feed(self, data: bytes) -> bool:
        """Take bytes; return whether the body is whole. Raises `LoadError`."""
        while data:
            if self._left > 2:
                taken = min(self._left - 2, len(data))
                self.size += taken
                self._left -= taken
                data = data[taken:]
            elif self._left:
                # The line end behind a chunk's content.
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
            else:
                line, mark, data = data.partition(b"\n")
                self._line += line
                if len(self._line) > LINE_MAX_BYTES:
                    raise LoadError("a line of a chunked body is too long")
                if mark and self._ends():
                    if data:
                        raise LoadError("bytes follow the end of a chunked body")
                    return True
        return False

    def _ends(self) -> bool:
        line, self._line = self._line.strip(), b""
        if self._trailer:
            return not line
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise LoadError("a chunk begins without its size") from None
        if size:
            self._left = size + 2
        else:
            self._trailer = True
        return False
