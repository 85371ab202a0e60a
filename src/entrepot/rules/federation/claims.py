"""Claims of a token: finding them, as texts, and whom a token says it is from."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

TOKEN_MAX_CHARACTERS = 32 * 1024
"""Most characters of a token of others; those with a few hundred groups have some 10,000."""
NAME_MAX = 256
"""Most characters of a claim's name."""
VALUES_MAX = 2000
"""Most values of a claim that is a list; the rest is not looked at."""
SHOWN_MAX = 120
"""Characters of a value that a message repeats."""

Claims = Mapping[str, Any]


def claim(claims: Claims, name: str) -> Any:
    """Return the claim's value, or None.

    A name is that of a claim as it stands, dots and all; one that starts with `/` is a JSON
    pointer (RFC 6901) to a nested one: `/kubernetes.io/namespace`, `/realm_access/roles`.
    """
    if not name.startswith("/"):
        return claims.get(name)
    found: Any = claims
    for step in name[1:].split("/"):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step.replace("~1", "/").replace("~0", "~"))
    return found


def texts(value: Any) -> tuple[str, ...]:
    """Return a value, or each one of a list, as texts: true, false and whole numbers as JSON.

    What else there may be (objects, null, fractions) has no text.
    """
    if isinstance(value, list):
        return tuple(text for one in value[:VALUES_MAX] for text in _text(one))
    return _text(value)


def _text(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, str | int):
        return (str(value),)
    return ()


def shown(value: Any) -> str:
    """Return a value for a message: one line, no control characters, not long."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > SHOWN_MAX:
        text = f"{text[:SHOWN_MAX]}…"
    return "".join(char if char.isprintable() else "?" for char in text)


def claimed_issuer(token: str) -> str:
    """Return whom the token says it is from, unproved; empty if it says nothing, or is no token.

    For choosing whom to ask; `ports.federation.Issuers.verify` is what proves it.
    """
    if len(token) > TOKEN_MAX_CHARACTERS or token.count(".") != 2:
        return ""
    body = token.split(".")[1]
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        issuer = msgspec.json.decode(raw, type=dict[str, Any]).get("iss")
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return ""
    return issuer if isinstance(issuer, str) else ""


def challenge_of(verifier: str) -> str:
    """Return the code challenge of a verifier of 43 to 128 characters (S256: RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
