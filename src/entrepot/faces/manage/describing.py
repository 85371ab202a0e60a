"""The API's description of itself: `openapi.json`, and `docs` for people."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response
from entrepot.oci.json import encode

from .about import JSON, About, Also, Argument, Operation
from .api import ROOT, Call, Route, operations
from .callers import Need
from .docpage import HTML, docs_page, docs_response, language_of
from .openapi import Face, document
from .preconditions import has_etag, takes_if_match
from .problems import PROBLEM, Problem
from .replaying import KEY_MAX, takes_keys

_TEXT = (
    "What Entrepot can do, by program. Lists come in pages: `next` of one goes into the query of "
    "the one after it. What is wrong is told as RFC 9457 has it, with the cause and the cure in "
    "`detail`. A change that is sent again with the same `Idempotency-Key` within a day is not "
    "made twice; a change with `If-Match` is made only to what the caller has seen."
)
_KEY = Argument(
    "Idempotency-Key",
    "Chosen by the caller, such as a UUID: sent again with it, the request is done once.",
    Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_MAX)],
)
_IF_MATCH = Argument("If-Match", "The ETag that was seen: 412 if it is another by now.")
_IF_NONE_MATCH = Argument("If-None-Match", "The ETag that one has: 304 if it is still that.")

V1 = Face(
    title="Entrepot",
    version="1",
    root=ROOT,
    problem=Problem,
    problem_media=PROBLEM,
    about=_TEXT,
    security={
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "A user's name and password, or access token; a robot's and its secret.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of a workload that is trusted.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "entrepot-session",
            "description": "Of signing in; changes need X-Entrepot-CSRF too. `__Host-` over TLS.",
        },
    },
    parts={
        "repository": "Its full name in one segment: `library/alpine` is `library%2Falpine`.",
        "job": "A job's number.",
        "grant": "A grant's number.",
    },
)


def described(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document of routes of `/api/entrepot/v1`."""
    return document([_whole(one) for one in operations(routes)], V1)


def description_routes(routes: Sequence[Route]) -> list[Route]:
    """Return what serves the description of these routes, and of itself."""
    found: list[Route] = []
    made = Description(lambda: described([*routes, *found]))
    found += [
        Route("GET", "/openapi.json", made.openapi, Need.NOTHING, told=_OPENAPI),
        Route("GET", "/docs", made.docs, Need.NOTHING, told=_DOCS),
    ]
    return found


class Description:
    """Serves a document and its page, made when they are first asked for; for both faces."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._pages: dict[str, bytes] = {}

    async def openapi(self, _call: Call) -> Response:
        """Answer `openapi.json`."""
        response = Response(200, body=self._json)
        response.set("Content-Type", JSON)
        return response

    async def docs(self, call: Call) -> Response:
        """Answer `docs`, which must stand beside `openapi.json`."""
        language = language_of(call.request)
        if language not in self._pages:
            self._pages[language] = docs_page(self._document, language).encode()
        return docs_response(self._pages[language], language)

    @cached_property
    def _document(self) -> dict[str, Any]:
        return self._make()

    @cached_property
    def _json(self) -> bytes:
        return encode(self._document)


_OPENAPI = About(
    "Get this description",
    gives=dict[str, Any],
    tag="about",
    name="get_openapi",
    text="OpenAPI 3.1, of what this server serves.",
)
_DOCS = About(
    "Read this description",
    query=(Argument("lang", "`en` or `zh`; otherwise as Accept-Language says."),),
    media=HTML,
    tag="about",
    name="read_docs",
)


def _whole(one: Operation) -> Operation:
    """Return an operation with what all of its kind have in common."""
    about, headers, also, errors = one.about, list(one.about.headers), [], set(one.about.errors)
    if takes_keys(one.method, one.needs):
        headers.append(_KEY)
        errors |= {409, 422}
    if takes_if_match(one.method):
        headers.append(_IF_MATCH)
        errors.add(412)
    if has_etag(one.method, about):
        headers.append(_IF_NONE_MATCH)
        also.append(Also(304, "It is what If-None-Match says that you have."))
    about = replace(
        about,
        headers=tuple(headers),
        also=(*about.also, *also),
        errors=tuple(sorted(errors)),
    )
    return replace(one, about=about)
