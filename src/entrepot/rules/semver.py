"""Semantic versions (semver.org 2.0.0) in tags, with or without a leading `v`."""

import re
from dataclasses import dataclass
from typing import Any

LENGTH_MAX = 256
"""Longer text is no version. Twice what a tag may have."""

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"(v?){_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version. `pre` are the identifiers of a pre-release, empty for a release.

    `<` is semver's precedence, and where that is equal goes on with build and prefix, so that the
    order is total and agrees with `==`.
    """

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    build: str = ""
    prefix: str = ""

    @property
    def is_release(self) -> bool:
        return not self.pre

    @property
    def precedence(self) -> tuple[Any, ...]:
        """What clause 11 orders by; equal for versions that differ in build metadata alone."""
        pre = tuple(_identifier(text) for text in self.pre)
        return (self.major, self.minor, self.patch, self.is_release, pre)

    def __lt__(self, other: "Version") -> bool:
        return self._order() < other._order()

    def __le__(self, other: "Version") -> bool:
        return self._order() <= other._order()

    def __str__(self) -> str:
        pre = f"-{'.'.join(self.pre)}" if self.pre else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.prefix}{self.major}.{self.minor}.{self.patch}{pre}{build}"

    def _order(self) -> tuple[Any, ...]:
        return (self.precedence, self.build, self.prefix)


def parse(text: str) -> Version | None:
    """Return the version that `text` is, or None."""
    found = _VERSION.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if found is None:
        return None
    prefix, major, minor, patch, pre, build = found.groups()
    identifiers = tuple(pre.split(".")) if pre else ()
    return Version(int(major), int(minor), int(patch), identifiers, build or "", prefix)


def parse_tag(tag: str) -> Version | None:
    """Return the version that a tag is, or None.

    A tag cannot hold `+`; Helm writes build metadata after `_`, which no version has otherwise.
    """
    return parse(tag.replace("_", "+", 1))


def _identifier(text: str) -> tuple[bool, int, str]:
    # Numbers go by value and before all that is none (clause 11.4).
    return (False, int(text), "") if text.isdigit() else (True, 0, text)
