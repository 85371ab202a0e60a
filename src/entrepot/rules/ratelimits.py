"""Rate limits: how many in how long, and where a caller stands.

A window begins with the first request that is counted and ends so long after; then all of them are
there again. That is exact, says when, and needs two numbers for each caller. The price: over the
end of one window and the start of the next, twice the number may pass.
"""

import ipaddress
import math
import re
import unicodedata
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault

OFF = "off"
RATE_TEXT_MAX = 20
"""Characters of a rate."""
IPV6_PREFIX = 64
"""Bits of an IPv6 address that make a caller: one customer has all the others."""

_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,4})?([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_UNIT_NAMES = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in `window_seconds`, both at least 1."""

    count: int
    window_seconds: int

    def shared(self, parts: int) -> "Rate":
        """Return the part of one of so many that count apart, at least one."""
        return Rate(max(1, self.count // parts), self.window_seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """When a caller's window began, in seconds since the epoch, and what was counted in it."""

    started: float
    used: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a request may pass, how many more may, and in how many seconds all may again."""

    allowed: bool
    remaining: int
    reset_seconds: int


def parse_rate(text: str) -> Rate | None:
    """Return the rate of `100/6h`, `5000/1d` or `10/s`; None for `off`.

    Units are s, m, h and d. Raises `Fault(REQUEST_INVALID)` for anything else.
    """
    if text == OFF:
        return None
    parts = _RATE.fullmatch(text) if len(text) <= RATE_TEXT_MAX else None
    if parts is None:
        shown = text[:RATE_TEXT_MAX]
        raise Fault(
            Code.REQUEST_INVALID,
            f"'{shown}' is no rate: write off, or a number in a time such as 100/6h or 5000/1d "
            "(s, m, h, d)",
            {"rate": shown},
        )
    return Rate(int(parts[1]), int(parts[2] or 1) * _UNIT_SECONDS[parts[3]])


def take(rate: Rate, window: Window | None, now: float) -> tuple[Window, Standing]:
    """Return the window after one more request at `now`, and whether it passes.

    What does not pass is not counted, so that asking again makes nobody wait longer.
    """
    current = _current(rate, window, now)
    if current.used < rate.count:
        after = Window(current.started, current.used + 1)
        return after, _standing(rate, after, now, allowed=True)
    return current, _standing(rate, current, now, allowed=False)


def look(rate: Rate, window: Window | None, now: float) -> Standing:
    """Return where a caller stands at `now`; `allowed` says whether one more would pass."""
    current = _current(rate, window, now)
    return _standing(rate, current, now, allowed=current.used < rate.count)


def is_over(rate: Rate, window: Window, now: float) -> bool:
    """Whether the window says nothing any more.

    One that begins in the future does not either: the clock was set back, and nobody knows when it
    would have ended.
    """
    return not window.started <= now < window.started + rate.window_seconds


def counted_name(name: str) -> str:
    """Return what counts as one user: how its letters are written changes nothing."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def counted_address(address: str) -> str:
    """Return what counts as one caller of an address as `rules.networks` writes it.

    An IPv6 address is its /64. All that come by Unix socket are one, as are all whose address is
    unknown.
    """
    if ":" not in address:
        return address or "unix"
    return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))


def span_text(seconds: int) -> str:
    """Return a time as one reads it, in its two largest units: `2 hours 5 minutes`."""
    words: list[str] = []
    left = seconds
    for unit, name in _UNIT_NAMES.items():
        count, left = divmod(left, _UNIT_SECONDS[unit])
        if count:
            words.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(words[:2]) or "0 seconds"


def _current(rate: Rate, window: Window | None, now: float) -> Window:
    if window is None or is_over(rate, window, now):
        return Window(now, 0)
    return window


def _standing(rate: Rate, window: Window, now: float, *, allowed: bool) -> Standing:
    left = math.ceil(window.started + rate.window_seconds - now)
    # Within the window, whatever floating point makes of its ends.
    seconds = min(max(left, 1), rate.window_seconds)
    return Standing(allowed, rate.count - window.used, seconds)
