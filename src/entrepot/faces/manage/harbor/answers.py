"""How Harbor answers: bare arrays, empty bodies, one shape of errors."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from entrepot.faces.asgi import Request, Response, json_response
from entrepot.oci.errors import Code, Fault

ROOT = "/api/v2.0"
EPOCH = "0001-01-01T00:00:00.000Z"
"""How a time is written that there is not."""

_CODES: dict[Code, tuple[int, str]] = {
    Code.CONFLICT: (409, "CONFLICT"),
    Code.DENIED: (403, "FORBIDDEN"),
    Code.MANIFEST_TOO_BIG: (413, "REQUEST_ENTITY_TOO_LARGE"),
    Code.MANIFEST_UNKNOWN: (404, "NOT_FOUND"),
    Code.NAME_UNKNOWN: (404, "NOT_FOUND"),
    Code.NOT_FOUND: (404, "NOT_FOUND"),
    Code.PRECONDITION: (412, "PRECONDITION"),
    Code.TOOMANYREQUESTS: (429, "TOO_MANY_REQUEST"),
    Code.UNAUTHORIZED: (401, "UNAUTHORIZED"),
    Code.UNAVAILABLE: (503, "SERVICE_UNAVAILABLE"),
    Code.UNKNOWN: (500, "UNKNOWN"),
    Code.UNSUPPORTED: (405, "METHOD_NOT_ALLOWED"),
}
_BAD = (400, "BAD_REQUEST")
MOMENTS_MAX = 4096
"""Times that are remembered as text: much is of the same push."""
HOURS_MAX = 4096
"""Hours that are remembered as text."""
_TWO = tuple(f"{number:02}" for number in range(60))
_THREE = tuple(f"{number:03}" for number in range(1000))
RETRY_SECONDS = 1
"""What Retry-After says with 429 and 503."""


class Unprocessable(Fault):
    """What does not fit the schema of a body or a query: 422."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.REQUEST_INVALID, f"validation failure list:\n{message}")


class NotHere(Fault):
    """What Harbor has and this version has not: 412, as Harbor says that there is no scanner."""

    def __init__(self, what: str) -> None:
        super().__init__(Code.PRECONDITION, f"this version of Entrepot does not {what} yet")


def failure(fault: Fault) -> Response:
    """Return a fault as Harbor's envelope, `{"errors": [{"code", "message"}]}`."""
    status, code = _CODES.get(fault.code, _BAD)
    if isinstance(fault, Unprocessable):
        status, code = 422, "UNPROCESSABLE_ENTITY"
    return failed(status, code, fault.message)


def failed(status: int, code: str, message: str) -> Response:
    """Return one error in the envelope."""
    response = json_response(status, {"errors": [{"code": code, "message": message}]})
    if status in (429, 503):
        response.set("Retry-After", str(RETRY_SECONDS))
    return response


def done() -> Response:
    """Return the answer to a change: 200 without a body, where others say 204."""
    return Response(200)


def created(location: str, body: Any = None) -> Response:
    """Return 201; `location` is below `ROOT`, and its last segment is what clients read."""
    response = Response(201) if body is None else json_response(201, body)
    response.set("Location", f"{ROOT}{location}")
    return response


def listed(
    request: Request, items: Sequence[Any], total: int, *, page: int, page_size: int
) -> Response:
    """Return one page: a bare array, X-Total-Count, and Link where there are pages beside it."""
    response = json_response(200, list(items))
    response.set("X-Total-Count", str(total))
    links = []
    if page > 1:
        links.append(f'<{_there(request, page - 1, page_size)}>; rel="prev"')
    if max(page, 1) * page_size < total:
        links.append(f'<{_there(request, max(page, 1) + 1, page_size)}>; rel="next"')
    if links:
        response.set("Link", " , ".join(links))
    return response


@lru_cache(maxsize=MOMENTS_MAX)
def moment(seconds: float | None) -> str:
    """Return a time as Harbor writes it, in UTC with milliseconds."""
    if seconds is None:
        return EPOCH
    # A page has thousands of times: to make one out of a datetime takes ten times as long.
    whole, part = divmod(seconds, 1)
    millis = round(part * 1_000_000) // 1000
    if millis == 1000:
        whole, millis = whole + 1, 0
    hours, rest = divmod(int(whole), 3600)
    return f"{_hour(hours)}:{_TWO[rest // 60]}:{_TWO[rest % 60]}.{_THREE[millis]}Z"


@lru_cache(maxsize=HOURS_MAX)
def _hour(number: int) -> str:
    """Return the hour that begins so many hours after the epoch."""
    return datetime.fromtimestamp(number * 3600, UTC).isoformat()[:13]


def _there(request: Request, page: int, page_size: int) -> str:
    """Return the address of another page; the query is kept as it came."""
    given: bytes = request.scope.get("query_string", b"")
    fields = [part for part in given.decode("latin-1").split("&") if part]
    kept = [part for part in fields if part.partition("=")[0] not in ("page", "page_size")]
    # `latin-1` text of a query may hold anything but what the server refused: no quotes for us.
    kept = [part.replace("<", "%3C").replace(">", "%3E").replace('"', "%22") for part in kept]
    query = "&".join([f"page={page}", f"page_size={page_size}", *kept])
    return f"{request.raw_path}?{query}"
