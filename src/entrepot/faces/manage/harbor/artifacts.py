"""Artifacts: listed, shown, deleted, copied, and the labels on them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, parse_reference
from entrepot.ports.labels import Mark
from entrepot.ports.listing import ArtifactItem, ArtifactsWhere, By, Named, RepositoriesWhere
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, words
from entrepot.services.copying import CopyService
from entrepot.services.deletion import DeletionService
from entrepot.services.labels import LabelService
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from entrepot.services.projects import ProjectService

from .answers import created, done
from .api import Call, Route
from .artifactshapes import Accessory, Artifact
from .artifactviews import Views, Wish, base_of
from .integers import Int64
from .kinds import media_types
from .listings import named, span_of, span_of_time
from .tables import query_of

TAG = "Artifacts"
SORTS = {"push_time": By.PUSHED, "size": By.SIZE}
TAGGED, UNTAGGED = "*", "nil"
ONE = "/projects/{project}/repositories/{repository}/artifacts/{reference}"
LIST = "/projects/{project}/repositories/{repository}/artifacts"


class LabelOf(msgspec.Struct):
    """The label to put on an artifact, by its number."""

    id: Int64 | None = None


class Artifacts:
    """Answers about artifacts."""

    def __init__(
        self,
        views: Views,
        listing: ListingService,
        *,
        deletion: DeletionService,
        copying: CopyService,
        labels: LabelService,
        projects: ProjectService,
    ) -> None:
        self._views = views
        self._listing = listing
        self._deletion = deletion
        self._copying = copying
        self._labels = labels
        self._projects = projects

    async def list_all(self, call: Call) -> Response:
        """List the artifacts of a repository; one that is not there has none."""
        await self._projects.find(call.parts["project"])
        where = _where(call.parts["project"], call.repository, query_of(call))
        return await self._listed(call, where)

    async def of_project(self, call: Call) -> Response:
        """List the artifacts of a project."""
        name = call.parts["project"]
        project = await self._projects.find(name)
        if not project.public:
            await call.require(Permission.PULL, Target(name))
        if call.asks("latest_in_repository"):
            return await self._latest(call, name)
        return await self._listed(call, _where(name, "", query_of(call)))

    async def get(self, call: Call) -> Response:
        """Return an artifact."""
        item = await self._views.find(call)
        shown = await self._views.shown([item], Wish.of(call))
        if not shown:
            raise Fault(Code.NOT_FOUND, f"artifact {item.repository}@{item.digest} not found")
        return json_response(200, shown[0])

    async def accessories(self, call: Call) -> Response:
        """List what hangs on an artifact."""
        found = await self._views.accessories(await self._views.find(call))
        return call.listed(found[call.offset : call.offset + call.page_size], len(found))

    async def remove(self, call: Call) -> Response:
        """Delete an artifact with its tags, into the trash."""
        item = await self._views.find(call)
        try:
            await self._deletion.delete(call.repository, item.digest, call.caller)
        except Fault as fault:
            if fault.code is not Code.UNSUPPORTED:
                raise
            # In Harbor, too, it is a precondition that no index needs it.
            raise Fault(Code.PRECONDITION, fault.message, fault.detail) from fault
        return done()

    async def copy(self, call: Call) -> Response:
        """Copy an artifact from another repository, with its tags."""
        source, reference = _origin(call.text("from") or "")
        await self._projects.find(call.parts["project"])
        await call.require(Permission.PULL, Target.of(source))
        await self._copying.copy(source, reference, call.repository, call.caller)
        return created(f"{base_of(call.repository)}/artifacts/{reference}")

    async def mark(self, call: Call) -> Response:
        """Put a label on an artifact."""
        given = await call.fields(LabelOf)
        item = await self._views.find(call)
        await self._labels.mark(given.id or 0, Mark(item.repository, item.digest), call.caller)
        return done()

    async def unmark(self, call: Call) -> Response:
        """Take a label from an artifact."""
        item, number = await self._views.find(call), call.id("label")
        if not await self._labels.unmark(number, Mark(item.repository, item.digest), call.caller):
            raise Fault(Code.NOT_FOUND, f"label {number} is not on {item.repository}@{item.digest}")
        return done()

    async def _listed(self, call: Call, where: ArtifactsWhere) -> Response:
        found = await self._listing.artifacts(where, span_of(call, SORTS, By.PUSHED))
        return call.listed(await self._views.shown(found.rows, Wish.of(call)), found.total)

    async def _latest(self, call: Call, project: str) -> Response:
        """List the newest artifact of each repository."""
        where = RepositoriesWhere(frozenset({project}))
        places = await self._listing.repositories(where, Span(call.offset, call.page_size))
        items: list[ArtifactItem] = []
        for place in places.rows:
            of = _where(project, place.name, query_of(call))
            newest = await self._listing.artifacts(of, Span(0, 1, By.PUSHED, descending=True))
            items += newest.rows
        return call.listed(await self._views.shown(items, Wish.of(call)), places.total)


def artifact_routes(here: Artifacts) -> list[Route]:
    """Return what is served of artifacts; `additions` and `tags` have the rest."""
    of_project = "/projects/{project_id}/artifacts"
    pull, push, delete, mark = (
        Permission.PULL,
        Permission.PUSH,
        Permission.DELETE,
        Permission.LABEL_MARK,
    )
    return [
        Route("GET", LIST, here.list_all, pull, _LISTED),
        Route("POST", LIST, here.copy, push, _COPIED),
        Route("GET", of_project, here.of_project, Need.ANYONE, _OF_PROJECT),
        Route("GET", ONE, here.get, pull, _GOT),
        Route("DELETE", ONE, here.remove, delete, _about("Delete an artifact", errors=(404, 412))),
        Route("GET", f"{ONE}/accessories", here.accessories, pull, _ACCESSORIES),
        Route("POST", f"{ONE}/labels", here.mark, mark, _MARKED),
        Route("DELETE", f"{ONE}/labels/{{label}}", here.unmark, mark, _UNMARKED),
    ]


def _where(project: str, repository: str, wanted: Mapping[str, Filter]) -> ArtifactsWhere:
    """Return which artifacts `q` asks for; what it may not know is ignored."""
    tag, tagged = named(wanted.get("tags")), None
    if tag == Named(exact=TAGGED):
        tag, tagged = Named(), True
    elif tag == Named(exact=UNTAGGED):
        tag, tagged = Named(), False
    since, until = span_of_time(wanted.get("push_time"))
    digest = wanted.get("digest")
    return ArtifactsWhere(
        project,
        repository,
        tag,
        tagged,
        digest.value if isinstance(digest, Exact) else "",
        _types(wanted),
        _labels(wanted),
        since,
        until,
    )


def _types(wanted: Mapping[str, Filter]) -> tuple[str, ...]:
    if "type" in wanted:
        return tuple(one for word in words(wanted["type"]) for one in media_types(word))
    either = wanted.get("media_type") or wanted.get("artifact_type")
    return words(either) if either is not None else ()


def _labels(wanted: Mapping[str, Filter]) -> tuple[int, ...]:
    given = words(wanted["labels"]) if "labels" in wanted else ()
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in given):
        raise Fault(Code.REQUEST_INVALID, 'the value of "labels" query can only be integer list')
    return tuple(int(one) for one in given)


def _origin(text: str) -> tuple[RepositoryName, Reference]:
    """Return what `from` names: `project/repository@digest` or `project/repository:tag`."""
    name, divider, rest = text.partition("@")
    if not divider:
        name, divider, rest = text.rpartition(":")
    wrong = f"invalid input: {text[:200]}"
    if not divider or "/" not in name:
        raise Fault(Code.REQUEST_INVALID, f"{wrong}: write project/repository:tag or @digest")
    try:
        return RepositoryName.parse(name), parse_reference(rest)
    except Fault as fault:
        raise Fault(Code.REQUEST_INVALID, f"{wrong}: {fault.message}") from fault


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_QUERY = (
    Argument("q", "What is looked for: `tags=~1.,type=IMAGE,labels=(1 2)`."),
    Argument("sort", "In which order: `-push_time` or `size`."),
    Argument("page", "Which page, from 1.", int),
    Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    Argument("with_tag", "With tags, unless it is false.", bool),
    Argument("with_label", "With labels.", bool),
    Argument("with_accessory", "With accessories, unless it is false.", bool),
    Argument("with_immutable_status", "With whether tags are immutable.", bool),
)
_LISTED = _about("List artifacts", gives=list[Artifact], query=_QUERY, errors=(404,))
_LATEST = Argument("latest_in_repository", "Only the newest of each repository.", bool)
_OF_PROJECT = _about(
    "List artifacts of a project", gives=list[Artifact], query=(*_QUERY, _LATEST), errors=(404,)
)
_COPIED = _about(
    "Copy an artifact",
    status=201,
    query=(Argument("from", "`project/repository:tag` or `@digest`.", required=True),),
    errors=(400, 404, 412),
)
_GOT = _about("Get an artifact", gives=Artifact, query=_QUERY[4:], errors=(404,))
_ACCESSORIES = _about("List accessories", gives=list[Accessory], errors=(404,))
_MARKED = _about("Add a label to an artifact", takes=LabelOf, errors=(404,))
_UNMARKED = _about("Remove a label from an artifact", errors=(404,))
