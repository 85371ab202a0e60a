"""Time travel over HTTP: where tags were, what changed, and taking them back."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.clock import Clock
from entrepot.rules.areas import Target
from entrepot.rules.history import Change, Move, Standing, Step
from entrepot.rules.moments import parse_moment
from entrepot.rules.permissions import Permission
from entrepot.services.history import HistoryService, Then
from entrepot.services.rollback import JOB_KIND, RollbackService
from entrepot.services.rolling import Rollback, Scope

from .about import About, Also, Argument, Cursor, Moment, Page
from .api import Call, Route, page
from .callers import Need
from .jobs import Desk, JobView

_Text = Annotated[str, msgspec.Meta(max_length=512)]
MICROSECONDS = 1_000_000


class RollbackBody(msgspec.Struct, forbid_unknown_fields=True):
    """What goes back, and to when.

    `through` is what a plan said: what was moved since then is left alone.
    """

    at: _Text
    repository: _Text | None = None
    tag: _Text | None = None
    project: _Text | None = None
    through: int | None = None
    dry_run: bool = False


class TagMove(msgspec.Struct, kw_only=True):
    """A line of a repository's history; `before` null is a tag's first, `after` null its end."""

    id: int
    tag: str
    before: str | None
    after: str | None
    at: Moment
    actor: str
    client: str


class TagThen(msgspec.Struct, kw_only=True):
    """Where a tag was at a moment, and what has become of that manifest."""

    tag: str
    digest: str
    standing: Standing
    since: Moment


class TagAt(TagThen, kw_only=True):
    """Where one tag was at the moment that was asked about."""

    at: Moment


class TagDifference(msgspec.Struct):
    """A tag that two moments show at different places."""

    tag: str
    change: str
    """`added`, `removed` or `moved`."""
    before: str | None
    after: str | None


class RollbackStep(msgspec.Struct, kw_only=True):
    """A move of a rollback; `refusal` says why it is not made."""

    repository: str
    tag: str
    action: Literal["move", "restore", "remove"]
    before: str | None
    after: str | None
    refusal: str


class RollbackPlan(msgspec.Struct, kw_only=True):
    """What goes back, or went; `through` is the newest move that it knows of."""

    at: Moment
    through: int
    items: list[RollbackStep]
    next: str | None


def history_routes(history: HistoryService, clock: Clock) -> list[Route]:
    """Return what is served of the past."""
    needs = Permission.HISTORY_READ

    async def moves(call: Call) -> Response:
        tag = call.text("tag")
        found = await history.moves(
            call.repository,
            Tag.parse(tag) if tag else None,
            call.text("before") or "",
            call.limit(),
        )
        return page([_shown_move(move) for move in found.items], _next(found.cursor, found.more))

    async def state(call: Call) -> Response:
        found = await history.state(
            call.repository, _moment(call, "at", clock), call.text("after") or "", call.limit()
        )
        return page([_shown_then(then) for then in found.items], _next(found.cursor, found.more))

    async def tag(call: Call) -> Response:
        when = _moment(call, "at", clock)
        then = await history.at(call.repository, Tag.parse(call.parts["tag"]), when)
        shown = msgspec.structs.asdict(_shown_then(then))
        return json_response(200, TagAt(at=instant(when), **shown))

    async def diff(call: Call) -> Response:
        earlier, later = _moment(call, "from", clock, needed=True), _moment(call, "to", clock)
        found = await history.diff(
            call.repository, earlier, later, call.text("after") or "", call.limit()
        )
        return page([_shown_change(made) for made in found.items], _next(found.cursor, found.more))

    return [
        Route("GET", f"{_IN}/history", moves, needs, told=_MOVES),
        Route("GET", f"{_IN}/tags", state, needs, told=_STATE),
        Route("GET", f"{_IN}/tags/{{tag}}", tag, needs, told=_TAG),
        Route("GET", f"{_IN}/diff", diff, needs, told=_DIFF),
    ]


def rollback_routes(rollback: RollbackService, desk: Desk) -> list[Route]:
    """Return what is served of going back."""

    async def asked(body: RollbackBody) -> Rollback:
        when = parse_moment(body.at, desk.clock.now())
        found = await rollback.ask(_scope(body), when)
        if body.through is None:
            return found
        return Rollback(found.scope, found.moment, min(found.through, body.through))

    async def plan(call: Call, body: RollbackBody) -> Response:
        await call.require(Permission.HISTORY_READ, _target(body))
        wanted = await asked(body)
        found = await rollback.plan(wanted, call.text("after") or "", call.limit())
        following = _next(found.cursor, found.more)
        return json_response(200, _plan(wanted, found.items, following))

    async def show(call: Call) -> Response:
        through = call.number("through", 0) if call.text("through") else None
        at = call.text("at")
        if not at:
            raise _no_moment("at")
        wanted = RollbackBody(
            at=at,
            repository=call.text("repository") or None,
            tag=call.text("tag") or None,
            project=call.text("project") or None,
            through=through,
        )
        return await plan(call, wanted)

    async def carry_out(call: Call) -> Response:
        body = await call.body(RollbackBody)
        if body.dry_run:
            return await plan(call, body)
        await call.require(Permission.ROLLBACK, _target(body))
        desk.check_deletes()
        wanted = await asked(body)
        if wanted.scope.tag is None:
            return await desk.follow(JOB_KIND, await rollback.enqueue(wanted, call.caller))
        step = await rollback.apply(wanted, call.caller)
        return json_response(200, _plan(wanted, [step] if step is not None else []))

    return [
        Route("GET", "/rollback", show, Need.LOGIN, told=_PLAN),
        Route("POST", "/rollback", carry_out, Need.LOGIN, told=_CARRY_OUT),
    ]


_IN = "/repositories/{repository}"
_AT = Argument("at", "A moment, such as `2026-10-01T12:00Z` or `2h ago`; now unless said.")
_MOVES = About(
    "List moves of tags",
    name="list_tag_moves",
    gives=Page[TagMove],
    query=(Argument("tag", "Only of this tag."),),
    pages="before",
    errors=(404,),
    tag="history",
    text="Newest first.",
)
_STATE = About(
    "List tags at a moment", gives=Page[TagThen], query=(_AT,), pages="after", tag="history"
)
_TAG = About("Get a tag at a moment", gives=TagAt, query=(_AT,), errors=(404,), tag="history")
_DIFF = About(
    "Compare two moments",
    gives=Page[TagDifference],
    query=(
        Argument("from", "The earlier moment.", required=True),
        Argument("to", "The later moment; now unless said."),
    ),
    pages="after",
    tag="history",
)
_PLAN = About(
    "Plan a rollback",
    gives=RollbackPlan,
    query=(
        Argument("at", "The moment to go back to.", required=True),
        Argument("repository", "A repository."),
        Argument("tag", "One tag in it."),
        Argument("project", "A whole project instead."),
        Argument("through", "What a plan said: later moves are left alone.", Cursor),
    ),
    pages="after",
    errors=(404,),
    tag="history",
)
_CARRY_OUT = About(
    "Roll back",
    takes=RollbackBody,
    gives=RollbackPlan,
    also=(Also(202, "A job was enqueued, as more than one tag goes back.", JobView),),
    errors=(404, 409),
    tag="history",
    query=(
        Argument("limit", "Most steps of a dry run.", Annotated[int, msgspec.Meta(ge=1, le=1000)]),
        Argument("after", "Where a dry run goes on."),
    ),
)


def instant(seconds: float) -> str:
    """Return a time as RFC 3339 has it, to the microsecond and never too early.

    What is asked for at the time that a move is shown with, must find this move done.
    """
    whole = math.floor(seconds)
    # The fraction first: seconds since 1970 have no digits to spare for a million times as much.
    carry, micros = divmod(math.ceil((seconds - whole) * MICROSECONDS), MICROSECONDS)
    text = datetime.fromtimestamp(whole + carry, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{micros:06}Z" if micros else f"{text}Z"


def _scope(body: RollbackBody) -> Scope:
    if (body.repository is None) == (body.project is None):
        raise Fault(
            Code.REQUEST_INVALID,
            "nothing, or two things, would go back: name a repository, with or without a tag, or a "
            "project",
        )
    if body.repository is not None:
        name = RepositoryName.parse(body.repository)
        return Scope(name.project, name, Tag.parse(body.tag) if body.tag else None)
    if body.tag is not None:
        raise Fault(Code.REQUEST_INVALID, "a tag is of one repository: name that, not a project")
    return Scope(body.project or "")


def _target(body: RollbackBody) -> Target:
    scope = _scope(body)
    return Target(scope.project, scope.repository)


def _moment(call: Call, name: str, clock: Clock, *, needed: bool = False) -> float:
    text = call.text(name)
    if text:
        return parse_moment(text, clock.now())
    if needed:
        raise _no_moment(name)
    return clock.now()


def _no_moment(name: str) -> Fault:
    return Fault(
        Code.REQUEST_INVALID, f"no moment is given: add {name}=2026-10-01T12:00Z, or {name}=2h+ago"
    )


def _next(cursor: str, more: bool) -> str | None:  # noqa: FBT001 - a page's two words
    return cursor if more else None


def _plan(wanted: Rollback, steps: Iterable[Step], following: str | None = None) -> RollbackPlan:
    return RollbackPlan(
        at=instant(wanted.moment),
        through=wanted.through,
        items=[_shown_step(step) for step in steps],
        next=following,
    )


def _shown_move(move: Move) -> TagMove:
    return TagMove(
        id=move.id,
        tag=move.tag,
        before=move.before,
        after=move.after,
        at=instant(move.at),
        actor=move.actor,
        client=move.client,
    )


def _shown_then(then: Then) -> TagThen:
    return TagThen(
        tag=then.tag, digest=then.digest, standing=then.standing, since=instant(then.since)
    )


def _shown_change(made: Change) -> TagDifference:
    return TagDifference(made.tag, made.kind, made.before, made.after)


def _shown_step(step: Step) -> RollbackStep:
    return RollbackStep(
        repository=step.repository.wire,
        tag=step.tag,
        action=step.action.value,
        before=step.before,
        after=step.after,
        refusal=step.refusal,
    )
