"""Repositories over HTTP: what they say of themselves, how to use what is in them."""

import asyncio
import re
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import parse_reference
from entrepot.ports.pages import RepositoryFigures
from entrepot.rules.areas import Target
from entrepot.rules.pages import MAINTAINERS_MAX
from entrepot.rules.permissions import Permission
from entrepot.services.describing import DescribeService
from entrepot.services.pages import PageService, Shown

from .about import About, Argument, Moment, Page
from .api import Call, Route, maybe, moment, page
from .callers import Need
from .markdown import Renderer

PAGE_BODY_MAX_BYTES = 512 * 1024
"""A README of the longest kind, each character written as an escape."""
STEP = 100
"""Repositories read at once while a list is made for somebody."""
STEPS_MAX = 10
"""Most steps for one page: repositories that are not for the caller fill none, but take time."""
HTML = "text/html; charset=utf-8"
MARKDOWN = "text/markdown; charset=utf-8"
HTML_POLICY = "default-src 'none'; img-src https:; sandbox"

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}", re.ASCII)
_Text = Annotated[str, msgspec.Meta(max_length=2048)]
_Readme = Annotated[str, msgspec.Meta(max_length=64 * 1024)]
_Names = Annotated[list[_Text], msgspec.Meta(max_length=MAINTAINERS_MAX)]


class PageChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is written of a repository; what is left out stays, and what is empty is taken back."""

    description: _Text | None = None
    readme: _Readme | None = None
    source_url: _Text | None = None
    maintainers: _Names | None = None


class RepositoryEntry(msgspec.Struct):
    """A repository in a list."""

    name: str
    project: str
    description: str


class RepositoryCounts(msgspec.Struct):
    """How much is in a repository; times are null for never."""

    artifacts: int
    tags: int
    pulls: int
    pulled_at: Moment | None
    pushed_at: Moment | None


class RepositoryView(msgspec.Struct):
    """A repository as it explains itself.

    Where nobody wrote a description, a source or maintainers, they are those of the newest image.
    """

    name: str
    project: str
    description: str
    source_url: str
    maintainers: list[str]
    has_readme: bool
    changed_at: Moment | None
    """When somebody wrote of it last; null for never."""
    changed_by: str
    labels: dict[str, str]
    """Annotations and labels of the newest image."""
    counts: RepositoryCounts


class UsageLine(msgspec.Struct):
    """A command line, and the client that it is for."""

    client: str
    command: str


class HistoryStep(msgspec.Struct):
    """A step of an image's making, as its builder wrote it."""

    created: str
    created_by: str
    author: str
    comment: str
    empty_layer: bool


class ImageMaking(msgspec.Struct):
    """How an image was made; of an index it is one platform's image."""

    digest: str
    platform: str
    dockerfile: str
    history: list[HistoryStep]


def repository_routes(
    pages: PageService, describing: DescribeService, *, public_url: str = ""
) -> list[Route]:
    """Return what is served of repositories' pages."""
    renderer = Renderer()

    async def list_all(call: Call) -> Response:
        project, limit, after = call.text("project") or "", call.limit(), call.text("after") or ""
        found: list[RepositoryName] = []
        following: str | None = None
        for _ in range(STEPS_MAX):
            names = await pages.names(project, after, STEP)
            for name in names:
                if len(found) == limit:
                    return await shown(found, after)
                after = name.wire
                if await _may_list(call, name):
                    found.append(name)
            following = after if len(names) == STEP else None
            if following is None:
                break
            # Others are served between the steps.
            await asyncio.sleep(0)
        return await shown(found, following)

    async def shown(names: list[RepositoryName], following: str | None) -> Response:
        told = await pages.descriptions(names)
        items = [RepositoryEntry(name.wire, name.project, told.get(name, "")) for name in names]
        return page(items, following)

    async def get(call: Call) -> Response:
        found = await pages.get(call.repository)
        return json_response(200, _view(found, await pages.figures(call.repository)))

    async def change(call: Call) -> Response:
        body = await call.body(PageChange, PAGE_BODY_MAX_BYTES)
        name = call.repository
        await pages.change(
            name,
            call.caller,
            description=body.description,
            readme=body.readme,
            source_url=body.source_url,
            maintainers=tuple(body.maintainers) if body.maintainers is not None else None,
        )
        return json_response(200, _view(await pages.get(name), await pages.figures(name)))

    async def readme(call: Call) -> Response:
        text, kind = await pages.readme(call.repository), call.text("as") or "markdown"
        if kind not in ("markdown", "html"):
            raise Fault(Code.REQUEST_INVALID, f"as is {kind[:20]!a}: write as=html or as=markdown")
        if kind == "markdown":
            return _text(text, MARKDOWN)
        response = _text(await renderer.html(text), HTML)
        response.set("Content-Security-Policy", HTML_POLICY)
        return response

    return [
        Route("GET", "/repositories", list_all, Need.LOGIN, told=_LIST),
        Route("GET", "/repositories/{repository}", get, Permission.PULL, told=_GET),
        Route("PATCH", "/repositories/{repository}", change, Permission.DESCRIBE, told=_CHANGE),
        Route("GET", "/repositories/{repository}/readme", readme, Permission.PULL, told=_README),
        *_artifact_routes(describing, public_url),
    ]


def _artifact_routes(describing: DescribeService, public_url: str) -> list[Route]:
    async def usage(call: Call) -> Response:
        reference, host = parse_reference(call.parts["reference"]), _host(call, public_url)
        found = await describing.usage(call.repository, reference, host)
        return page([UsageLine(one.client, one.command) for one in found], None)

    async def making(call: Call) -> Response:
        reference = parse_reference(call.parts["reference"])
        found = await describing.making(call.repository, reference, call.text("platform") or "")
        steps = [
            HistoryStep(one.created, one.created_by, one.author, one.comment, one.empty_layer)
            for one in found.steps
        ]
        return json_response(
            200, ImageMaking(found.digest, found.platform, found.dockerfile, steps)
        )

    return [
        Route("GET", f"{_ARTIFACT}/usage", usage, Permission.PULL, told=_USAGE),
        Route("GET", f"{_ARTIFACT}/dockerfile", making, Permission.PULL, told=_MAKING),
    ]


async def _may_list(call: Call, name: RepositoryName) -> bool:
    target = Target.of(name)
    return await call.may(Permission.REPOSITORY_LIST, target) or await call.may(
        Permission.PULL, target
    )


def _host(call: Call, public_url: str) -> str:
    """Return the registry's `NAME[:PORT]` as its clients write it."""
    given = urlsplit(public_url).netloc if public_url else call.request.header(b"host") or ""
    return given if _HOST.fullmatch(given) else "localhost"


def _view(found: Shown, figures: RepositoryFigures) -> RepositoryView:
    text, written = found.text, found.written
    return RepositoryView(
        found.name.wire,
        found.name.project,
        text.description,
        text.source_url,
        [*text.maintainers],
        bool(text.readme),
        moment(written.changed_at) if written is not None else None,
        written.changed_by if written is not None else "",
        found.annotations,
        RepositoryCounts(
            figures.artifacts,
            figures.tags,
            figures.pulls,
            maybe(figures.pulled_at),
            maybe(figures.pushed_at),
        ),
    )


def _text(text: str, kind: str) -> Response:
    response = Response(200, body=text.encode())
    response.set("Content-Type", kind)
    response.set("X-Content-Type-Options", "nosniff")
    return response


_ARTIFACT = "/repositories/{repository}/artifacts/{reference}"
_TAG = "repositories"
_LIST = About(
    "List repositories",
    gives=Page[RepositoryEntry],
    pages="after",
    query=(Argument("project", "Only those of this project."),),
    tag=_TAG,
    text="Those with content that the caller may see. A page may have few entries and go on.",
)
_GET = About("Get a repository", gives=RepositoryView, errors=(404,), tag=_TAG)
_CHANGE = About(
    "Describe a repository", takes=PageChange, gives=RepositoryView, errors=(404,), tag=_TAG
)
_README = About(
    "Get the README of a repository",
    media="text/markdown",
    query=(Argument("as", "`markdown`, as it was written, or `html`, sanitised."),),
    errors=(404,),
    tag=_TAG,
)
_USAGE = About("List commands that get an artifact", gives=Page[UsageLine], errors=(404,), tag=_TAG)
_MAKING = About(
    "Tell how an image was made",
    gives=ImageMaking,
    query=(Argument("platform", "Of an index: which image, as `linux/amd64`."),),
    errors=(404,),
    tag=_TAG,
    text="The Dockerfile is reconstructed from the image's history: what it does not say is left "
    "out, or told in comments.",
)
