"""Moving aliases: `1.2.0` takes `1.2`, `1` and `latest` along."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from entrepot.oci.reference import Tag

from .documents import read
from .semver import Version, parse_tag

LATEST = Tag("latest")
_NUMBERS = re.compile(r"v?(?:0|[1-9][0-9]*)(\.(?:0|[1-9][0-9]*))?")


@dataclass(frozen=True, slots=True)
class Aliases:
    """Which aliases a project keeps in step with its releases; all are off unless asked for."""

    minor: bool = False
    major: bool = False
    latest: bool = False

    def has(self, tag: Tag) -> bool:
        """Whether the tag is a name that these aliases move."""
        if tag == LATEST:
            return self.latest
        found = _NUMBERS.fullmatch(tag)
        return found is not None and (self.minor if found[1] else self.major)


OFF = Aliases()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    minor: bool = False
    major: bool = False
    latest: bool = False


def parse(document: object) -> Aliases:
    """Return the aliases of `{"minor": true, "major": true, "latest": true}`.

    `Fault(REQUEST_INVALID)` for anything else.
    """
    given = read(document, _Document, "aliases")
    return Aliases(given.minor, given.major, given.latest)


def may_move(tag: Tag, aliases: Aliases) -> bool:
    """Whether a push of the tag can move any alias, so that the other tags need be looked at."""
    version = parse_tag(tag)
    return aliases != OFF and version is not None and version.is_release


def moves(tag: Tag, existing: Iterable[str], aliases: Aliases) -> tuple[Tag, ...]:
    """Return the aliases that must point where the pushed tag points, the narrowest first.

    An alias moves only if the tag is the highest release of its series among `existing`, which may
    hold the tag itself and anything else. Pre-releases move nothing and stand in nobody's way;
    build metadata does not count, so that of equal releases the last push wins. `v1.2.0` has the
    series `v1.2` and `v1`, `1.2.0` has `1.2` and `1`; `latest` is the highest of both styles.
    What moves is what moves by each page of the existing tags, so that they can be read in pages.
    """
    version = parse_tag(tag)
    if version is None or not version.is_release:
        return ()
    wanted = _series(version, aliases)
    pushed = (version.major, version.minor, version.patch)
    for other in existing:
        if not wanted:
            break
        release = parse_tag(other)
        # Numbers are all that tells releases apart.
        if release is None or (release.major, release.minor, release.patch) <= pushed:
            continue
        if release.is_release:
            for alias in _series(release, aliases):
                wanted.pop(alias, None)
    return tuple(wanted)


def _series(version: Version, aliases: Aliases) -> dict[Tag, None]:
    """Return the aliases that the version is in the running for, in order."""
    major = f"{version.prefix}{version.major}"
    named = (
        (aliases.minor, Tag(f"{major}.{version.minor}")),
        (aliases.major, Tag(major)),
        (aliases.latest, LATEST),
    )
    return {alias: None for wanted, alias in named if wanted}
