"""JSON text of values, our own kinds of strings included."""

from typing import Any

import msgspec


def encode(value: Any) -> bytes:
    """Return `value` as compact JSON; digests, names and tags become plain strings."""
    return _ENCODER.encode(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
