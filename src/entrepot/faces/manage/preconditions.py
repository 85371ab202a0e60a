"""ETags of single resources, and conditional requests.

RFC 9110, sections 8.8.3 and 13.

A resource's ETag is the hash of its JSON, so that it changes with whatever is shown of it, such as
when a robot was last used. `If-Match` is compared with what the resource's own GET answers right
before the change. The change itself is a later transaction: of two that come within those
milliseconds both may be made. What must never be lost so is guarded by the services themselves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from entrepot.faces.asgi import Request, Response
from entrepot.oci.errors import Code, Fault

from .about import JSON, About, Page

Answer = Callable[[], Awaitable[Response]]

_ANY = "*"
_KEPT = (b"ETag", b"Cache-Control", b"Vary")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a GET of the address answers now, and what is told of it."""

    about: About | None
    read: Answer


async def conditional(
    request: Request, about: About | None, answer: Answer, shown: Shown
) -> Response:
    """Return the answer of a route, if the request's conditions hold, with its ETag.

    Raises as the route does, and `Fault(PRECONDITION)`.
    """
    if has_etag(request.method, about):
        return _with_etag(request, await answer())
    if not takes_if_match(request.method):
        return await answer()
    is_tagged = has_etag("GET", shown.about)
    await _check(request, shown.read if is_tagged else None)
    response = await answer()
    is_same = about is not None and shown.about is not None and about.gives == shown.about.gives
    if is_tagged and is_same and response.status in (200, 201):
        response.set("ETag", etag(response.body))
    return response


def has_etag(method: str, about: About | None) -> bool:
    """Whether answers of a route carry an ETag: those that show one resource."""
    if method != "GET" or about is None or about.media != JSON or about.gives is None:
        return False
    return not about.pages and getattr(about.gives, "__origin__", None) is not Page


def takes_if_match(method: str) -> bool:
    """Whether requests of a method may say what they are about to change."""
    return method in ("PUT", "PATCH", "DELETE")


def etag(body: bytes) -> str:
    """Return the strong ETag of a body."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def _with_etag(request: Request, response: Response) -> Response:
    """Return the answer to a GET with its ETag, or 304 where the client has it already."""
    if response.status != 200 or response.source is not None:
        return response
    tag = etag(response.body)
    response.set("ETag", tag)
    given = request.header(b"if-none-match")
    if given is None or not _names(given, tag, weak=True):
        return response
    return Response(304, [each for each in response.headers if each[0] in _KEPT])


async def _check(request: Request, read: Answer | None) -> None:
    """Raise `Fault(PRECONDITION)` unless a change is to what the caller says it is.

    `read` is None where the address has no GET.
    """
    wanted, unwanted = request.header(b"if-match"), request.header(b"if-none-match")
    if wanted is None and unwanted is None:
        return
    now = await _current(read)
    if wanted is not None and (now is None or not _names(wanted, now)):
        raise Fault(
            Code.PRECONDITION,
            "it is not what If-Match says: somebody changed it, or it is gone; get it again, and "
            "decide anew",
        )
    if unwanted is not None and now is not None and _names(unwanted, now, weak=True):
        raise Fault(
            Code.PRECONDITION, "If-None-Match wants it not to be there, and it is: read it first"
        )


async def _current(read: Answer | None) -> str | None:
    """Return the ETag of what is there, or None."""
    if read is None:
        return None
    try:
        response = await read()
    except Fault as fault:
        if fault.code in (Code.NOT_FOUND, Code.NAME_UNKNOWN):
            return None
        raise
    return etag(response.body)


def _names(given: str, tag: str, *, weak: bool = False) -> bool:
    """Whether a list of ETags has this one; weak ones count only where content is not changed."""
    if given.strip() == _ANY:
        return True
    listed = [one.strip() for one in given.split(",")]
    return tag in (listed if not weak else [one.removeprefix("W/") for one in listed])
