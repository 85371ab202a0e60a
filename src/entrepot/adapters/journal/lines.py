"""An event as one line of text, and back."""

import zlib

import msgspec

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event

LINE_MAX_BYTES = 16 * 1024 * 1024
"""Longest line that is believed; an event's payload names the tags of one manifest at most."""

_SUM = b',"sum":"'
_END = b'"}\n'


class _Line(msgspec.Struct):
    sequence: int
    at: float
    kind: str
    repository: str
    payload: msgspec.Raw


_LINES = msgspec.json.Decoder(_Line)


def encode_line(event: Event) -> bytes:
    """Return the event's line, with its end. The payload's text is kept as it is."""
    payload = event.payload.encode()
    if b"\n" in payload:
        payload = msgspec.json.format(payload, indent=-1)
    line = _Line(event.sequence, event.at, event.kind, str(event.repository), msgspec.Raw(payload))
    body = msgspec.json.encode(line)[:-1]
    return body + _SUM + b"%08x" % zlib.crc32(body) + _END


def decode_line(line: bytes) -> Event | None:
    """Return the event of a line with its end; None for one that is damaged."""
    body, mark, told = line.rpartition(_SUM)
    if not mark or told != b"%08x" % zlib.crc32(body) + _END:
        return None
    try:
        found = _LINES.decode(body + b"}")
    except (msgspec.DecodeError, ValueError):
        return None
    return Event(
        found.kind,
        RepositoryName(found.repository),
        bytes(found.payload).decode(),
        found.at,
        found.sequence,
    )
