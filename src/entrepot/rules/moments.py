"""Moments: points in time as people write them, in UTC where they do not say."""

import re
from datetime import UTC, datetime

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

LENGTH_MAX = 64
"""Most characters of a moment."""

_CURE = (
    "write 2026-10-01T12:00Z, 2026-10-01T12:00:30+02:00, 2026-10-01, '2h ago', -2h, now, "
    "or seconds since 1970"
)
_EPOCH = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_ISO = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?P<fraction>\.[0-9]{1,9})?"
    r" ?(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_SPAN = r"[0-9]{1,9} ?(?:s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)"
_AGO = re.compile(rf"(?P<spans>{_SPAN}(?: ?{_SPAN})*) ago")
_MINUS = re.compile(rf"-(?P<spans>{_SPAN}(?: ?{_SPAN})*)")
_PART = re.compile(r"([0-9]+) ?([a-z])")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def parse_moment(text: str, now: float) -> float:
    """Return the moment that `text` is, in seconds since the Unix epoch.

    ISO 8601 with minutes, seconds or fractions, with an offset or in UTC; a date is its first
    moment; `2h ago`, `1d 12h ago` or `-90m` count from `now`; nine digits or more are seconds since
    the epoch. Raises `Fault(REQUEST_INVALID)`.
    """
    stripped = text.strip()
    if len(stripped) > LENGTH_MAX:
        raise _refused(text, f"is longer than {LENGTH_MAX} characters")
    if stripped.lower() == "now":
        return now
    if _EPOCH.fullmatch(stripped):
        return _checked(text, float(stripped))
    relative = _AGO.fullmatch(stripped.lower()) or _MINUS.fullmatch(stripped.lower())
    if relative is not None:
        return _checked(text, now - _seconds(relative["spans"]))
    iso = _ISO.fullmatch(stripped.upper())
    if iso is None:
        raise _refused(text, "is not a moment")
    return _checked(text, _iso(text, iso))


def parse_tagged(text: str, now: float) -> tuple[RepositoryName, Tag, float]:
    """Return name, tag and moment of `name:tag@2026-10-01T12:00Z`.

    Raises `Fault`: REQUEST_INVALID, NAME_INVALID, TAG_INVALID.
    """
    reference, at, moment = text.partition("@")
    # A registry's port may stand before the name, so that the last colon divides.
    name, colon, tag = reference.rpartition(":")
    if not at or not colon or "/" in tag:
        raise Fault(
            Code.REQUEST_INVALID,
            f"'{text[:200]}' names no tag at a moment: write it as myapp:latest@2026-10-01T12:00Z",
        )
    if moment.startswith(("sha256:", "sha512:")):
        raise Fault(
            Code.REQUEST_INVALID,
            f"'{moment[:80]}' is a digest, which never changes: write a moment after the @, as in "
            "myapp:latest@2026-10-01T12:00Z",
        )
    return RepositoryName.parse(name), Tag.parse(tag), parse_moment(moment, now)


def shown(moment: float) -> str:
    """Return the moment for people, in UTC and whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(text: str, found: re.Match[str]) -> float:
    offset = found["offset"] or "Z"
    if offset != "Z" and len(offset) == 3:
        offset += ":00"
    clean = f"{found['date']}T{found['time'] or '00:00'}{'+00:00' if offset == 'Z' else offset}"
    try:
        whole = datetime.fromisoformat(clean).timestamp()
    except ValueError as error:
        raise _refused(text, f"is not in the calendar ({error})") from None
    return whole + float(found["fraction"] or 0)


def _seconds(spans: str) -> float:
    return sum(int(count) * _UNIT_SECONDS[unit] for count, unit in _PART.findall(spans))


def _checked(text: str, moment: float) -> float:
    """Let pass what the calendar can show again: from 1970 to the year 5138."""
    if not 0 <= moment < 1e11:
        raise _refused(text, "is before 1970")
    return moment


def _refused(text: str, cause: str) -> Fault:
    shown_text = text.strip()[:LENGTH_MAX]
    return Fault(Code.REQUEST_INVALID, f"'{shown_text}' {cause}: {_CURE}", {"moment": shown_text})
