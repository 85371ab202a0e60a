"""Tags of an artifact: listed newest first, made, and deleted into the trash."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response
from entrepot.faces.manage.about import About
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.reference import Tag as TagName
from entrepot.ports.listing import ArtifactItem, By, TagsWhere
from entrepot.rules.permissions import Permission
from entrepot.services.deletion import DeletionService
from entrepot.services.listing.service import ListingService
from entrepot.services.pull import PullService
from entrepot.services.push import Precondition, Pushed, PushService

from .answers import created, done
from .api import Call, Route
from .artifacts import ONE
from .artifactshapes import Tag
from .artifactviews import Views, base_of
from .listings import named, span_of
from .tables import query_of

TAG = "Artifacts"
SORTS = {"name": By.NAME, "push_time": By.MOVED, "id": By.MOVED}


class NewTag(msgspec.Struct):
    """A tag to be made."""

    name: str | None = None


class Tags:
    """Answers about tags."""

    def __init__(
        self,
        views: Views,
        listing: ListingService,
        *,
        push: PushService,
        pull: PullService,
        deletion: DeletionService,
    ) -> None:
        self._views = views
        self._listing = listing
        self._push = push
        self._pull = pull
        self._deletion = deletion

    async def list_all(self, call: Call) -> Response:
        """List the tags of an artifact."""
        item, wanted = await self._views.find(call), query_of(call)
        where = TagsWhere(item.repository, item.digest, named(wanted.get("name")))
        found = await self._listing.tags(where, span_of(call, SORTS, By.MOVED))
        pairs = [(one.name, one.moved_at) for one in found.rows]
        immutable = call.asks("with_immutable_status")
        return call.listed(await self._views.tags(item, pairs, immutable=immutable), found.total)

    async def create(self, call: Call) -> Response:
        """Tag an artifact; `Fault(CONFLICT)` for a tag that is there, on whichever artifact."""
        given = await call.fields(NewTag)
        name, item = _name(given.name or ""), await self._views.find(call)
        if await self._is_there(call, name):
            raise Fault(Code.CONFLICT, f"tag {name} already exists: delete it first")
        _, raw = await self._pull.manifest(item.repository, item.digest)
        pushed = Pushed(raw, item.media_type, name, precondition=Precondition(absent=True))
        await self._push.publish(item.repository, pushed, call.caller)
        return created(f"{base_of(item.repository)}/artifacts/{name}/tags/{name}")

    async def remove(self, call: Call) -> Response:
        """Take a tag from an artifact, which stays."""
        item = await self._views.find(call)
        text = call.parts["tag"]
        if not await self._has(item, text):
            raise Fault(
                Code.NOT_FOUND, f"tag {text[:128]} attached to artifact {item.id} not found"
            )
        await self._deletion.delete(item.repository, TagName(text), call.caller)
        return done()

    async def _has(self, item: ArtifactItem, text: str) -> bool:
        try:
            name = TagName.parse(text)
            row, _ = await self._pull.manifest(item.repository, name)
        except Fault:
            return False
        return row.digest == Digest(item.digest)

    async def _is_there(self, call: Call, name: TagName) -> bool:
        try:
            await self._pull.manifest(call.repository, name)
        except Fault:
            return False
        return True


def tag_routes(here: Tags) -> list[Route]:
    """Return what is served of tags."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    listed = about("List tags of an artifact", gives=list[Tag], errors=(404,))
    made = about("Create a tag", takes=NewTag, status=201, errors=(400, 404, 409, 412))
    removed = about("Delete a tag", errors=(404, 412))
    return [
        Route("GET", f"{ONE}/tags", here.list_all, Permission.PULL, listed),
        Route("POST", f"{ONE}/tags", here.create, Permission.PUSH, made),
        Route("DELETE", f"{ONE}/tags/{{tag}}", here.remove, Permission.DELETE, removed),
    ]


def _name(text: str) -> TagName:
    try:
        return TagName.parse(text)
    except Fault as fault:
        raise Fault(Code.REQUEST_INVALID, f"invalid tag name: {fault.message}") from fault
