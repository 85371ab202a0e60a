"""The `Warning` header (RFC 7234 section 5.5; distribution-spec, "Warnings")."""

import unicodedata
from collections.abc import Sequence

from entrepot.faces.asgi import Response

WARNINGS_MAX_BYTES = 4096
"""What all Warning headers of an answer may have together, by the specification."""
TEXT_LENGTH_MAX = 1000
"""Characters of one warning, so that a long one leaves room for others."""
CUT = "..."


def add_warnings(response: Response, texts: Sequence[str]) -> None:
    """Add one header for each text, as far as there is room.

    Each has a line of its own: podman drops a header with two values. No date, `-` for the agent.
    """
    if not texts:
        return
    room = WARNINGS_MAX_BYTES
    for text in dict.fromkeys(texts):
        value = f'299 - "{_quoted(_plain(text))}"'
        room -= len(value)
        if room < 0:
            return
        response.set("Warning", value)


def _plain(text: str) -> str:
    """Return `text` in printable ASCII, cut: accents are left away, other letters become `?`."""
    bare = unicodedata.normalize("NFKD", " ".join(text[: 4 * TEXT_LENGTH_MAX].split()))
    ascii_only = "".join(c for c in bare if not unicodedata.combining(c))
    plain = "".join(c if " " <= c <= "~" else "?" for c in ascii_only)
    if len(plain) <= TEXT_LENGTH_MAX:
        return plain
    return plain[: TEXT_LENGTH_MAX - len(CUT)] + CUT


def _quoted(text: str) -> str:
    """Return what stands between the quotes of a quoted-string (RFC 9110 section 5.6.4)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
