"""One-time codes: those of an authenticator (RFC 6238), and those on paper."""

import base64
import hashlib
import hmac
import string

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
"""As long as the hash behind it (RFC 4226 section 4, R6)."""
WINDOW_STEPS = 1
"""How far a clock may be off, in steps, ahead and behind (RFC 6238 section 5.2)."""
CODE_LENGTH_MAX = 64
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 bits: too many to guess, so that nobody need be slowed down, and a plain hash keeps them."""
FREE_TRIES = 5
TRY_PAUSE_MAX_SECONDS = 900.0
"""At a try each quarter of an hour, with three codes of a million right, guessing takes years."""
TRIES_FORGET_SECONDS = 86400.0

_GROUP = 4
_UNRESERVED = frozenset((string.ascii_letters + string.digits + "-._~").encode())


def step_of(now: float) -> int:
    """Return the step a time is in."""
    return int(now // STEP_SECONDS)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step: HOTP (RFC 4226 section 5.3) with SHA-1, as all apps have it."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, code: str, *, now: float, used: int) -> int | None:
    """Return the step that a code is of; None for a wrong one, or one not above step `used`.

    No code is taken twice, nor one from before another that was taken (RFC 6238 section 5.2).
    """
    given = plain_code(code)
    found = None
    for step in range(step_of(now) - WINDOW_STEPS, step_of(now) + WINDOW_STEPS + 1):
        # All are compared, so that the time tells nothing.
        if step >= 0 and hmac.compare_digest(code_at(secret, step).encode(), given) and step > used:
            found = step
    return found


def plain_code(code: str) -> bytes:
    """Return what counts of a code that somebody typed: no spaces or dashes, no case."""
    kept = code[:CODE_LENGTH_MAX].replace(" ", "").replace("-", "")
    return kept.lower().encode("utf-8", "replace")


def base32(secret: bytes) -> str:
    """Return a secret as authenticators show it (RFC 4648 section 6), without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the `otpauth://` address that a QR code holds, in the form that apps agree on."""
    site = _quoted(issuer)
    return (
        f"otpauth://totp/{site}:{_quoted(account)}?secret={base32(secret)}&issuer={site}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )


def recovery_code(chance: bytes) -> str:
    """Return a code for paper: `abcd-efgh-ijkl-mnop` of `RECOVERY_BYTES` by chance."""
    text = base32(chance[:RECOVERY_BYTES]).lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def recovery_digest(user_name: str, code: str) -> str:
    """Return what is kept of a recovery code: it tells nothing of the code."""
    message = user_name.encode() + b"\0" + plain_code(code)
    return hashlib.sha256(message).hexdigest()


def pause_seconds(failures: int) -> float:
    """Return how long after so many wrong codes in a row no other is looked at."""
    if failures < FREE_TRIES:
        return 0.0
    return float(min(TRY_PAUSE_MAX_SECONDS, 2.0 ** min(failures - FREE_TRIES, 16)))


def _quoted(text: str) -> str:
    """Return a text as a component of a URI (RFC 3986 section 2.1)."""
    return "".join(chr(each) if each in _UNRESERVED else f"%{each:02X}" for each in text.encode())
