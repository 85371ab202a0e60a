"""Idempotency-Key: the same request again gets the first one's answer.

Keys are those of a caller and what they showed: nobody gets what another was answered. They are
taken for every change that needs a login, and refused where anybody may ask. Answers that hold a
secret are kept sealed, or where nothing can be sealed, keys are refused for them.
"""

from collections.abc import Awaitable, Callable

from entrepot.faces.asgi import Message, Request, Response
from entrepot.oci.errors import Code, Fault
from entrepot.rules.access import Identity, Kind
from entrepot.services.idempotency import Answered, Begun, IdempotencyService, Key

from .about import About
from .callers import THE_OPERATOR

HEADER = b"idempotency-key"
REPLAYED = "Idempotency-Replayed"
KEY_MAX = 255
"""Characters of a key."""
BODY_MAX_BYTES = 1024 * 1024
"""Of a request with a key; its own handler may take less."""
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Answer = Callable[[Request], Awaitable[Response]]
_KEPT = frozenset({b"content-type", b"location", b"etag"})


def has_key(request: Request) -> bool:
    """Whether a request came with a key that matters: what changes nothing needs none."""
    return request.method in METHODS and request.header(HEADER) is not None


def takes_keys(method: str, needs: str) -> bool:
    """Whether a route takes keys; `needs` is empty where anybody may ask."""
    return method in METHODS and bool(needs)


async def once(
    service: IdempotencyService | None,
    request: Request,
    identity: Identity,
    about: About | None,
    answer: Answer,
) -> Response:
    """Return the answer to a request that `has_key`: a new one, or the one from before.

    Raises as `answer` does, and `Fault`: KEY_REUSED, CONFLICT, REQUEST_INVALID.
    """
    if service is None or identity.kind is Kind.ANONYMOUS:
        text = "no Idempotency-Key is taken here: leave it away, and do not send this twice"
        raise Fault(Code.REQUEST_INVALID, text)
    secret = about is not None and about.secret
    if secret and not service.seals:
        raise Fault(
            Code.REQUEST_INVALID,
            "the answer to this is a secret, which cannot be kept here: leave Idempotency-Key away",
        )
    raw = await request.read(BODY_MAX_BYTES)
    key = Key(_owner(identity), _key(request), _all_of(request, raw))
    begun = await service.begin(key)
    if isinstance(begun, Answered):
        return _again(begun)
    return await _first(service, begun, secret, lambda: answer(_buffered(request, raw)))


async def _first(
    service: IdempotencyService,
    begun: Begun,
    secret: bool,  # noqa: FBT001 - of a route
    answer: Callable[[], Awaitable[Response]],
) -> Response:
    is_kept = False
    try:
        response = await answer()
        if response.status < 300 and response.source is None:
            is_kept = True
            await service.finish(begun, _kept(response), secret=secret)
    finally:
        # Also when the client went away: what was refused, or not done, may come again.
        if not is_kept:
            await service.drop(begun)
    return response


def _key(request: Request) -> str:
    text = (request.header(HEADER) or "").strip()
    if not 0 < len(text) <= KEY_MAX or not (text.isascii() and text.isprintable()):
        raise Fault(
            Code.REQUEST_INVALID,
            f"the Idempotency-Key is not one: send 1 to {KEY_MAX} characters, such as a UUID",
        )
    return text


def _owner(identity: Identity) -> str:
    # Whoever is called so somewhere else is not them.
    if identity is THE_OPERATOR:
        return "the operator"
    return f"{identity.kind.value}\n{identity.name}\n{identity.credential}"


def _all_of(request: Request, raw: bytes) -> bytes:
    query: bytes = request.scope.get("query_string", b"")
    condition = request.header(b"if-match") or ""
    parts = (request.method.encode(), request.raw_path.encode(), query, condition.encode(), raw)
    return b"\n".join(b"%d:%s" % (len(part), part) for part in parts)


def _buffered(request: Request, raw: bytes) -> Request:
    """Return the request again, with its body that was read."""

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    again = Request(request.scope, receive)
    again.actor, again.known = request.actor, request.known
    return again


def _kept(response: Response) -> Answered:
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in response.headers
        if name.lower() in _KEPT
    }
    return Answered(response.status, headers, response.body)


def _again(answered: Answered) -> Response:
    response = Response(answered.status, body=answered.body)
    for name, value in answered.headers.items():
        response.set(name, value)
    response.set(REPLAYED, "true")
    return response
