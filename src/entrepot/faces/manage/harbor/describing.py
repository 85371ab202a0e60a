"""The description of Harbor's face: `/api/v2.0/openapi.json` and `docs`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.faces.manage.about import About, Argument, Operation
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.describing import Description
from entrepot.faces.manage.docpage import HTML
from entrepot.faces.manage.openapi import Face, document

from .answers import ROOT
from .api import Route

TAG = "About"


class ErrorTold(msgspec.Struct):
    """What is wrong: a word for programs, and the cause and the cure for people."""

    code: str
    message: str


class Errors(msgspec.Struct):
    """What an answer that is a refusal says."""

    errors: list[ErrorTold]


HARBOR = Face(
    title="Entrepot: Harbor's API v2.0",
    version="2.0",
    root=ROOT,
    problem=Errors,
    about=(
        "What Harbor's clients ask for, answered as Harbor does: pages by number with "
        "`X-Total-Count` and `Link`, lists without a frame, 201 with `Location` and no body. "
        "What is not told here is not served. Entrepot's own API, below `/api/entrepot/v1`, can "
        "do more."
    ),
    security={
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "A user's name and password, or a robot's and its secret.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sid",
            "description": "Of signing in; changes need X-Harbor-CSRF-Token too.",
        },
    },
    parts={
        "project_id": "A project's number, or its name (always with `X-Is-Resource-Name: true`).",
        "project": "A project's name.",
        "repository": "A repository's name without its project, encoded twice: `a/b` is `a%252Fb`.",
    },
)


def described(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document of routes of `/api/v2.0`."""
    return document(
        [
            Operation(one.method, one.path, one.told, _needed(one))
            for one in routes
            if one.told is not None
        ],
        HARBOR,
    )


def description_routes(routes: Sequence[Route]) -> list[Route]:
    """Return what serves the description of these routes, and of itself."""
    found: list[Route] = []
    made = Description(lambda: described([*routes, *found]))
    found += [
        Route("GET", "/openapi.json", made.openapi, Need.NOTHING, told=_OPENAPI),
        Route("GET", "/docs", made.docs, Need.NOTHING, told=_DOCS),
    ]
    return found


def _needed(route: Route) -> str:
    return "" if route.needs is Need.NOTHING else route.needs.value


_OPENAPI = About("Get this description", gives=dict[str, Any], tag=TAG, name="get_openapi")
_DOCS = About(
    "Read this description",
    query=(Argument("lang", "`en` or `zh`; otherwise as Accept-Language says."),),
    media=HTML,
    tag=TAG,
    name="read_docs",
)
