"""Values as config.yml and its variables have them, turned into ours."""

import re
from typing import Any

_YES = frozenset({"true", "yes", "on", "y", "1"})
_NO = frozenset({"false", "no", "off", "n", "0", ""})
_DURATION = re.compile(r"(?:(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h))")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LEVELS = {"warn": "warning", "fatal": "error", "panic": "error", "trace": "debug"}
_FORMATS = {"logstash": "json"}
_ENDPOINT_KEYS = frozenset(
    {"name", "url", "disabled", "headers", "timeout", "threshold", "backoff"}
)
"""What an endpoint may say; how long is waited is our own to say."""


def text(value: Any) -> str:
    """Return a value as text; nothing is the empty text."""
    return "" if value is None else str(value).strip()


def truth(value: Any) -> bool:
    """Return yes or no, in the words of YAML 1.1. Raises ValueError."""
    word = text(value).lower()
    if word not in _YES | _NO:
        raise ValueError("it must be true or false")
    return word in _YES


def untruth(value: Any) -> bool:
    """Return the opposite: of a key that says what is disabled."""
    return not truth(value)


def seconds(value: Any) -> float | None:
    """Return a duration of Go (`1h30m`; a bare number is nanoseconds); None for 0: the default."""
    word = text(value)
    if re.fullmatch(r"\d+", word):
        return int(word) * 1e-9 or None
    if not re.fullmatch(f"{_DURATION.pattern}+", word):
        raise ValueError("it must be a duration such as 30s or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(word)) or None


def level(value: Any) -> str:
    """Return a level of the log in our words."""
    word = text(value).lower()
    return _LEVELS.get(word, word)


def style(value: Any) -> str:
    """Return a format of the log in our words."""
    word = text(value).lower()
    return _FORMATS.get(word, word)


def address(value: Any) -> str:
    """Return an address to listen on: Go's `:5000` and `[::]:5000` are all addresses."""
    host, colon, port = text(value).rpartition(":")
    return f"*:{port}" if colon and host in ("", "[::]") else text(value)


def listed(value: Any) -> list[str]:
    """Return a list of words; text has commas between them."""
    words = value if isinstance(value, list) else text(value).strip("[]").split(",")
    return [text(word) for word in words if text(word)]


def endpoints(value: Any) -> list[str]:
    """Return notification endpoints as ours are written; those that are disabled are left out.

    Raises ValueError, never with a header's value in it.
    """
    several = value if isinstance(value, list) else [value]
    return [one for one in map(_endpoint, several) if one]


def _endpoint(value: Any) -> str:
    if isinstance(value, str):
        return value  # as ours is written already
    if not isinstance(value, dict) or not text(value.get("url")):
        raise ValueError("each endpoint must have a name and a url")
    unknown = {str(key) for key in value if not is_nothing(value[key])} - _ENDPOINT_KEYS
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))[:80]} of an endpoint is not understood")
    given = value.get("headers")
    headers = {text(key).lower(): listed(given[key]) for key in given} if given else {}
    if headers.keys() - {"authorization"}:
        raise ValueError("of an endpoint's headers only Authorization is sent")
    if truth(value.get("disabled", False)):
        return ""
    words = [text(value.get("name")) or "endpoint", text(value["url"])]
    return " ".join([*words, *headers.get("authorization", [])])


def is_nothing(value: Any) -> bool:
    """Whether a key with this value asks for nothing, as if it were not there."""
    return value is None or value in ({}, []) or text(value).lower() in _NO
