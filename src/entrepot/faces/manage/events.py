"""Events over HTTP: by page, from a sequence on, and as a stream."""

from dataclasses import replace
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.notifications.kinds import KINDS
from entrepot.rules.notifications.notice import Notice
from entrepot.rules.notifications.sight import needed
from entrepot.services.feed import Asked, FeedService

from .about import About, Argument, Cursor, Moment
from .api import Call, Route, admit, moment
from .arguments import number
from .callers import THE_OPERATOR, Browsers, Need, identify
from .eventstream import MEDIA_TYPE, EventStreams, Following

KINDS_MAX = 64
LAST = "last"


class EventShown(msgspec.Struct, kw_only=True):
    """Something that has happened."""

    sequence: int
    kind: str
    at: Moment
    project: str
    """Empty for what is about the registry."""
    repository: str
    """Full name; empty for what is about a project or the registry."""
    actor: str
    client: str
    digest: str
    media_type: str
    size: int
    tags: list[str]
    facts: dict[str, Any]
    """What else there is to say, by the kind."""


class EventPage(msgspec.Struct, kw_only=True):
    """Events in their order; `next` is where to go on, now or later."""

    items: list[EventShown]
    next: int
    more: bool
    """Whether there are more already."""
    lacking: bool
    """Whether some right behind the start are not kept any more."""


def event_routes(
    feed: FeedService, streams: EventStreams, browsers: Browsers | None
) -> list[Route]:
    """Return what is served of events; each caller sees those that they may."""

    async def list_all(call: Call) -> Response:
        after = await _start(feed, call.text("after"), "0")

        async def sees(notice: Notice) -> bool:
            return await call.may(*needed(notice))

        found = await feed.after(after, call.limit(), _asked(call), sees)
        items = [_shown(one) for one in found.events]
        told = EventPage(items=items, next=found.upto, more=found.more, lacking=found.lacking)
        return json_response(200, told)

    async def stream(call: Call) -> Response:
        seen = call.request.header(b"last-event-id") or call.text("after")
        viewer = _Viewer(call, browsers)
        follow = Following(
            await _start(feed, seen, LAST),
            _asked(call),
            sees=viewer.sees,
            recheck=viewer.recheck,
            shown=_shown,
        )
        response = Response(200, source=streams.open(call.identity.name, follow))
        response.set("Content-Type", MEDIA_TYPE)
        response.set("X-Accel-Buffering", "no")  # or nginx keeps them back
        return response

    return [
        Route("GET", "/events", list_all, Need.LOGIN, told=_LIST),
        Route("GET", "/events/stream", stream, Need.LOGIN, told=_STREAM),
    ]


class _Viewer:
    """Who reads a stream, as they are now."""

    def __init__(self, call: Call, browsers: Browsers | None) -> None:
        self._call = call
        self._browsers = browsers

    async def sees(self, notice: Notice) -> bool:
        return await self._call.may(*needed(notice))

    async def recheck(self) -> None:
        """Raise `Fault` if the credentials are no good any more."""
        call = self._call
        if call.identity is THE_OPERATOR:
            return
        identity = await identify(call.access, self._browsers, call.request)
        self._call = replace(call, identity=identity)
        await admit(self._call, Need.LOGIN)


async def _start(feed: FeedService, text: str | None, default: str) -> int:
    text = text or default
    if text == LAST:
        return await feed.last()
    return number(text, "after", 0, (0, None))


def _asked(call: Call) -> Asked:
    kinds = call.request.query.get("kind", [])[:KINDS_MAX]
    return Asked(call.text("project") or "", call.text("repository") or "", frozenset(kinds))


def _shown(one: Notice) -> EventShown:
    return EventShown(
        sequence=one.sequence,
        kind=one.kind,
        at=moment(one.at),
        project=one.project,
        repository=one.repository,
        actor=one.actor,
        client=one.client,
        digest=one.digest,
        media_type=one.media_type,
        size=one.size,
        tags=list(one.tags),
        facts=one.facts,
    )


_QUERY = (
    Argument("project", "Only events of this project."),
    Argument("repository", "Only events of this repository, by its full name."),
    Argument("kind", f"Only events of this kind; may be repeated: {', '.join(KINDS)}."),
)
_AFTER = Argument("after", "The sequence to go on after, or `last` for what comes from now on.")
_LIST = About(
    "List events",
    gives=EventPage,
    query=(*_QUERY, _AFTER, Argument("limit", "Most events of the page.", Cursor)),
    tag="events",
    text="Oldest first, and those alone that the caller may see.",
)
_STREAM = About(
    "Follow events",
    query=(*_QUERY, _AFTER),
    headers=(Argument("Last-Event-ID", "The sequence to go on after; before `after`."),),
    errors=(429,),
    tag="events",
    media=MEDIA_TYPE,
    text="Server-sent events: `id` is the sequence, `event` the kind, `data` the event.",
)
