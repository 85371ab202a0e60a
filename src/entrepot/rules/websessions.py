"""Sessions of browsers: what their ids are made of, and when they end."""

import base64
import binascii
import hashlib
import hmac

IDLE_SECONDS = 1800.0
LIFE_SECONDS = 12 * 3600.0
SEEN_SECONDS = 60.0
"""How exactly it is kept when a session was last used: no write for each request."""
PER_USER_MAX = 10
"""A user's sessions; the oldest ends when another begins."""
ID_LENGTH_MAX = 256
TOKEN_LENGTH = 64


def join_id(user_name: str, token: str) -> str:
    """Return what the browser keeps: the name, to find the account by, and the secret."""
    return f"{base64.urlsafe_b64encode(user_name.encode()).decode().rstrip('=')}.{token}"


def split_id(session_id: str) -> tuple[str, str] | None:
    """Return (name, token), or None for what is no id."""
    encoded, dot, token = session_id[: ID_LENGTH_MAX + 1].partition(".")
    if not dot or len(session_id) > ID_LENGTH_MAX or len(token) != TOKEN_LENGTH:
        return None
    try:
        name = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return (name, token) if name and token.isascii() and token.isalnum() else None


def id_hash(user_name: str, token: str, changed_at: float) -> str:
    """Return what is kept of an id, of which no id can be made.

    When the account last changed is part of it: no session outlives a new password or role, and
    nothing needs to be removed for that.
    """
    text = f"{user_name}\0{token}\0{changed_at!r}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def csrf_token(session_id: str) -> str:
    """Return what a page must send along with changes: it proves that it can read cookies."""
    return hashlib.sha256(b"csrf\0" + session_id.encode("utf-8", "replace")).hexdigest()


def is_csrf_token(session_id: str, given: str) -> bool:
    """Whether that was sent, compared in a time that tells nothing."""
    return hmac.compare_digest(csrf_token(session_id).encode(), given.encode("utf-8", "replace"))


def is_over(now: float, *, seen_at: float, expires_at: float) -> bool:
    """Whether a session has ended: at its end, or because nobody used it."""
    return now >= expires_at or now - seen_at >= IDLE_SECONDS
