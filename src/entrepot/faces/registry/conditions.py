"""Conditional requests: entity tags are digests (RFC 9110 section 13)."""

from collections.abc import Iterable
from contextlib import suppress

from entrepot.faces.asgi import Request
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.services.push import Precondition

TAGS_MAX = 32
"""Most entity tags looked at in one header."""

WEAK = "W/"


def is_unmodified(request: Request, digest: Digest) -> bool:
    """Whether If-None-Match says that the client has this content; quotes may be missing."""
    header = request.header(b"if-none-match")
    if header is None:
        return False
    return header.strip() == "*" or digest in {tag.removeprefix(WEAK) for tag in _tags(header)}


def takes_range(request: Request, digest: Digest) -> bool:
    """Whether Range counts: not if If-Range names other content, or a date, as we send none."""
    header = request.header(b"if-range")
    return header is None or _tags(header) == [digest]


def precondition(request: Request) -> Precondition | None:
    """Return what If-Match and If-None-Match ask of the tag that is to be moved."""
    wanted = request.header(b"if-match")
    unwanted = request.header(b"if-none-match")
    matches = None
    if wanted is not None:
        # An empty set is "whatever is there", so one that nothing matches needs an element.
        any_ = wanted.strip() == "*"
        matches = frozenset() if any_ else _digests(_tags(wanted)) or _NOTHING
    if unwanted is None:
        return None if matches is None else Precondition(matches=matches)
    absent = unwanted.strip() == "*"
    differs = frozenset() if absent else _digests(tag.removeprefix(WEAK) for tag in _tags(unwanted))
    return Precondition(matches=matches, absent=absent, differs=differs)


_NOTHING = frozenset({Digest("sha256:none")})


def _digests(tags: Iterable[str]) -> frozenset[Digest]:
    """Return the digests among entity tags: another one than ours matches nothing."""
    found = set()
    for tag in tags:
        with suppress(Fault):
            found.add(Digest.parse(tag))
    return frozenset(found)


def _tags(header: str) -> list[str]:
    """Return entity tags without quotes, weak ones still marked."""
    parts = header.split(",", TAGS_MAX)[:TAGS_MAX]
    return [part.strip().replace('"', "") for part in parts]
