"""When secrets end: `30d`, a moment, or never."""

import re

from entrepot.oci.errors import Code, Fault

from .moments import LENGTH_MAX, parse_moment

NEVER = "never"
LIFE_MAX_DAYS = 3650
LIFE_MAX_SECONDS = LIFE_MAX_DAYS * 86400.0
"""Longest life of a secret that has an end."""

_SPAN = re.compile(r"([0-9]{1,9}) ?([smhdw])")
_CURE = "write 30d, a date such as 2030-01-31, or where that is possible never"
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def parse_expiry(text: str, now: float) -> float | None:
    """Return when something ends, in seconds since the Unix epoch; None for `never`.

    A span counts from `now`, as `12h`, `30d` or `4w`; else it is a moment (`rules.moments`). Raises
    `Fault(REQUEST_INVALID)`, for what lies in the past or more than ten years ahead too.
    """
    stripped = text.strip().lower()
    if stripped == NEVER:
        return None
    span = _SPAN.fullmatch(stripped[:LENGTH_MAX])
    if span is not None:
        ends_at = now + int(span[1]) * _UNIT_SECONDS[span[2]]
    else:
        ends_at = _moment(text, now)
    if not now < ends_at <= now + LIFE_MAX_SECONDS:
        raise Fault(
            Code.REQUEST_INVALID,
            f"'{text[:LENGTH_MAX]}' is not ahead, or more than {LIFE_MAX_DAYS} days: {_CURE}",
            {"expires": text[:LENGTH_MAX]},
        )
    return ends_at


def _moment(text: str, now: float) -> float:
    """Return a moment; the error does not speak of moments that are over."""
    try:
        return parse_moment(text, now)
    except Fault:
        shown = text[:LENGTH_MAX]
        cause = f"'{shown}' is neither a span nor a date: {_CURE}"
        raise Fault(Code.REQUEST_INVALID, cause, {"expires": shown}) from None
