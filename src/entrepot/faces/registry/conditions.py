"""Conditional requests: entity tags are digests (RFC 9110 section 13)."""

from entrepot.faces.asgi import Request
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.services.push import Precondition

TAGS_MAX = 32
"""Most entity tags looked at in one header."""


def is_unmodified(request: Request, digest: Digest) -> bool:
    """Whether If-None-Match says that the client has this content; quotes may be missing."""
    header = request.header(b"if-none-match")
    if header is None:
        return False
    return header.strip() == "*" or digest in _entity_tags(header)


def precondition(request: Request) -> Precondition | None:
    """Return what If-Match and If-None-Match ask of the tag that is to be moved."""
    if request.header(b"if-none-match") == "*":
        return Precondition(absent=True)
    header = request.header(b"if-match")
    if header is None:
        return None
    if header.strip() == "*":
        return Precondition(matches=frozenset())
    digests = set()
    for text in _entity_tags(header):
        try:
            digests.add(Digest.parse(text))
        except Fault:
            # Another entity tag than ours can match nothing, and need not be valid.
            continue
    return Precondition(matches=frozenset(digests) or _NOTHING)


_NOTHING = frozenset({Digest("sha256:none")})


def _entity_tags(header: str) -> list[str]:
    parts = header.split(",", TAGS_MAX)[:TAGS_MAX]
    return [part.strip().removeprefix("W/").strip('"') for part in parts]
