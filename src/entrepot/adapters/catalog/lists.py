"""Lists of words as the JSON text that a column keeps."""

import msgspec

from entrepot.oci.json import encode

_WORDS = msgspec.json.Decoder(tuple[str, ...])


def to_text(words: tuple[str, ...]) -> str:
    """Return the words as a JSON list."""
    return encode(words).decode()


def from_text(text: str) -> tuple[str, ...]:
    """Return the words of a JSON list."""
    return _WORDS.decode(text)
