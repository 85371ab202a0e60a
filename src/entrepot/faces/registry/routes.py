"""Paths under /v2, split from the right (distribution-spec, "Endpoints")."""

from dataclasses import dataclass
from enum import Enum, auto

from entrepot.faces.asgi import unquoted


class Kind(Enum):
    """What a path addresses."""

    PING = auto()
    CATALOG = auto()
    TAGS = auto()
    MANIFEST = auto()
    BLOB = auto()
    UPLOADS = auto()
    UPLOAD = auto()
    REFERRERS = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """A path's parts, percent-decoded and not yet checked."""

    kind: Kind
    name: str = ""
    reference: str = ""


_BY_WORD = {"manifests": Kind.MANIFEST, "blobs": Kind.BLOB, "referrers": Kind.REFERRERS}


def route(raw_path: str) -> Route | None:
    """Return what a path addresses; None if nothing does.

    A repository may be named `a/manifests/b`, so that only the end of a path decides; and `%2F` is
    not a separator.
    """
    if raw_path in ("/v2/", "/v2"):
        return Route(Kind.PING)
    if raw_path == "/v2/_catalog":
        return Route(Kind.CATALOG)
    if not raw_path.startswith("/v2/"):
        return None
    parts = raw_path[4:].split("/")
    if len(parts) < 3:
        return None
    *_, third, second, last = parts
    if second == "uploads" and third == "blobs" and len(parts) > 3:
        kind = Kind.UPLOAD if last else Kind.UPLOADS
        return _named(kind, parts[:-3], last)
    if last == "uploads" and second == "blobs":
        return _named(Kind.UPLOADS, parts[:-2], "")
    if second == "tags" and last == "list":
        return _named(Kind.TAGS, parts[:-2], "")
    found = _BY_WORD.get(second)
    if found is None or not last:
        return None
    return _named(found, parts[:-2], last)


def _named(kind: Kind, name: list[str], reference: str) -> Route:
    return Route(kind, unquoted("/".join(name)), unquoted(reference))
