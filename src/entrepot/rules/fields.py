"""Fields of naming templates: where in a tag each one may end.

Each function takes the places where a field may start and returns those where it may then end, in
one pass over the tag. Following all readings at once is what keeps matching linear; a regular
expression of several fields would try them one after the other.
"""

import re
import string
from collections.abc import Collection

EXAMPLES = {
    "major": "1",
    "minor": "2",
    "patch": "3",
    "number": "42",
    "version": "1.2.3",
    "branch": "my-change",
    "build": "42",
    "env": "prod",
    "date": "20260512",
    "sha": "4f5e6d7",
    "any": "text",
}
"""A value of each field."""

_LOWER = frozenset(string.ascii_lowercase)
_DIGITS = frozenset(string.digits)
_LETTERS = frozenset(string.ascii_letters)
_RUNS = {
    "branch": _LOWER | _DIGITS | frozenset("._-"),
    "build": _LETTERS | _DIGITS,
    "env": _LETTERS | _DIGITS,
    "any": _LETTERS | _DIGITS | frozenset("._-"),
}
"""Fields that are one or more characters of a set."""

# A number ends where its digits end: <major> does not fit half of 12.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?![0-9])")
_CORE = re.compile(r"(?:(?:0|[1-9][0-9]*)\.){2}(?:0|[1-9][0-9]*)(?![0-9])")
_DATE = re.compile(r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_ONE_END = dict.fromkeys(("major", "minor", "patch", "number"), _NUMBER) | {"date": _DATE}
"""Fields that end in one place for each start."""
_HEX = frozenset("0123456789abcdef")
_SHA_MIN, _SHA_MAX = 7, 40


def after_literal(tag: str, places: Collection[int], literal: str) -> set[int]:
    """Return where `literal` ends."""
    return {at + len(literal) for at in places if tag.startswith(literal, at)}


def after_field(
    tag: str, places: Collection[int], field: str, environments: tuple[str, ...]
) -> set[int]:
    """Return where `field`, a key of `EXAMPLES`, may end."""
    if field == "env" and environments:
        return {end for word in environments for end in after_literal(tag, places, word)}
    if field in _RUNS:
        return _after_run(tag, places, _RUNS[field])
    if field in _ONE_END:
        return _after_one(tag, places, _ONE_END[field])
    if field == "sha":
        return _after_sha(tag, places)
    return _after_version(tag, places)


def _after_run(tag: str, places: Collection[int], characters: frozenset[str]) -> set[int]:
    ends = set()
    inside = False
    for at, char in enumerate(tag):
        inside = (inside or at in places) and char in characters
        if inside:
            ends.add(at + 1)
    return ends


def _after_one(tag: str, places: Collection[int], pattern: re.Pattern[str]) -> set[int]:
    found = (pattern.match(tag, at) for at in places)
    return {match.end() for match in found if match is not None}


def _after_sha(tag: str, places: Collection[int]) -> set[int]:
    ends = set()
    for start in places:
        for end in range(start + 1, min(len(tag), start + _SHA_MAX) + 1):
            if tag[end - 1] not in _HEX:
                break
            if end - start >= _SHA_MIN:
                ends.add(end)
    return ends


def _after_version(tag: str, places: Collection[int]) -> set[int]:
    """Return where versions may end: major.minor.patch, then `-` pre-release, then `_` build."""
    cores = _after_one(tag, places, _CORE)
    ends = set(cores)
    states: set[str] = set()
    for at, char in enumerate(tag):
        if at in cores:
            states.add("core")
        states = {state for old in states if (state := _next(old, char))}
        if states & _COMPLETE:
            ends.add(at + 1)
    return ends


_COMPLETE = frozenset({"zero", "word", "build"})
"""States in which a version may end, besides right after its core."""


def _next(state: str, char: str) -> str:
    """Return the state after one more character of a version's tail; empty if there is none.

    An identifier of a pre-release is empty at first (`pre`), then `zero` (complete, if nothing
    follows), `padded` (digits after a zero: complete only with a letter) or `word`. Build
    identifiers take anything.
    """
    if state == "core":
        return {"-": "pre", "_": "build-start"}.get(char, "")
    if state in ("build-start", "build"):
        if char == ".":
            return "build-start" if state == "build" else ""
        return "build" if char in _LETTERS or char in _DIGITS or char == "-" else ""
    if char in (".", "_"):
        whole = state in ("zero", "word")
        return ("pre" if char == "." else "build-start") if whole else ""
    if char in _DIGITS:
        if state == "pre":
            return "zero" if char == "0" else "word"
        return "padded" if state in ("zero", "padded") else "word"
    return "word" if char in _LETTERS or char == "-" else ""
