"""Retention over HTTP: what a policy would do and why, and doing it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission
from entrepot.rules.retention.facts import Action, Decision
from entrepot.rules.retention.language import parse
from entrepot.rules.retention.model import Policy
from entrepot.services.retention import KIND, RepositoryPlan, RetentionService

from .about import About, Nothing, Size
from .api import Call, Route
from .jobs import Desk, JobView, Wish

KEPT_SECONDS = 60.0
"""How long a plan whose pages are being read is kept."""
LOOKS_MAX = 50
"""Most repositories that one page plans for; a page may be short and have a next one."""
TEXT_LENGTH_MAX = 32 * 1024
DIVIDER = "|"


class PreviewBody(msgspec.Struct, forbid_unknown_fields=True):
    """A policy to try, or none for the project's own.

    `kept` shows what stays, too.
    """

    text: Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)] | None = None
    kept: bool = False


class RetentionDecision(msgspec.Struct, kw_only=True):
    """What becomes of a manifest, and why."""

    repository: str
    digest: str
    action: Action
    tags: list[str]
    reason: str
    rule: int | None


class RetentionTotal(msgspec.Struct, kw_only=True):
    """What a policy comes to in one repository."""

    repository: str
    kept: int
    untagged: int
    deleted: int
    tags_removed: int
    deleted_bytes: Size


class RetentionPage(msgspec.Struct):
    """A part of what a policy would do; totals stand where a repository begins."""

    items: list[RetentionDecision]
    repositories: list[RetentionTotal]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a preview is: behind a repository, and behind a decision of the next one."""

    after: str = ""
    name: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, cursor: str) -> "_Place":
        parts = cursor.split(DIVIDER) if cursor else ["", "", ""]
        if len(parts) != 3:
            raise Fault(
                Code.REQUEST_INVALID,
                f"'{cursor[:80]}' is not where a page ended: begin with the first page",
            )
        return cls(*parts)

    @property
    def cursor(self) -> str:
        return DIVIDER.join((self.after, self.name, self.digest))


class _Shelf:
    """Keeps the plan whose pages are being read: it was dear to make, and pages are of one plan."""

    def __init__(self) -> None:
        self._kept: tuple[str, Policy, str, RepositoryPlan] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, project: str, policy: Policy, after: str, plan: RepositoryPlan) -> None:
        """Keep a plan for a while, instead of the one before."""
        self.clear()
        self._kept = (project, policy, after, plan)
        self._timer = asyncio.get_running_loop().call_later(KEPT_SECONDS, self.clear)

    def find(self, project: str, policy: Policy, place: "_Place") -> RepositoryPlan | None:
        """Return the plan that the place is in the middle of, if it is the one that is kept."""
        if self._kept is None or self._kept[:3] != (project, policy, place.after):
            return None
        plan = self._kept[3]
        return plan if place.digest and plan.name == place.name else None

    def clear(self) -> None:
        """Keep none."""
        self._kept = None
        if self._timer is not None:
            self._timer.cancel()


def retention_routes(retention: RetentionService, desk: Desk) -> list[Route]:
    """Return what is served of retention."""
    shelf = _Shelf()

    async def next_plan(project: str, policy: Policy, place: _Place) -> RepositoryPlan | None:
        kept = shelf.find(project, policy, place)
        if kept is not None:
            return kept
        plans = await retention.preview(project, policy, place.after, 1)
        return plans[0] if plans else None

    async def preview(call: Call) -> Response:
        body, project = await call.body(PreviewBody), call.parts["project"]
        if body.text is None:
            policy = (await retention.document(project)).policy
        else:
            policy = parse(body.text)
        place, limit = _Place.parse(call.text("after") or ""), call.limit()
        items: list[RetentionDecision] = []
        totals: list[RetentionTotal] = []
        following: _Place | None = place
        for _ in range(LOOKS_MAX):
            plan = await next_plan(project, policy, place)
            if plan is None:
                following = None
                break
            if plan.name != place.name:
                totals.append(_total(plan))
            shown, last = _decisions(plan, place, limit - len(items), kept=body.kept)
            items += shown
            if last:
                shelf.keep(project, policy, place.after, plan)
            place = _Place(place.after, plan.name, last) if last else _Place(plan.name)
            following = place
            if len(items) >= limit:
                break
        cursor = following.cursor if following else None
        return json_response(200, RetentionPage(items, totals, cursor))

    async def run(call: Call) -> Response:
        await call.body(Nothing)
        desk.check_deletes()
        project = call.parts["project"]
        # Raises for one without a policy.
        await retention.document(project)
        wish = Wish(KIND, f"{KIND}:{project}", project, {"project": project})
        return await desk.start(call, wish)

    return [
        Route("POST", f"{_IN}/preview", preview, Permission.POLICY_READ, told=_PREVIEW),
        Route("POST", f"{_IN}/run", run, Permission.POLICY_MANAGE, told=_RUN),
    ]


_IN = "/projects/{project}/retention"
_PREVIEW = About(
    "Preview retention",
    takes=PreviewBody,
    gives=RetentionPage,
    pages="after",
    errors=(404,),
    tag="retention",
)
_RUN = About(
    "Run retention",
    takes=Nothing,
    gives=JobView,
    status=202,
    errors=(404, 405, 409),
    tag="retention",
)


def _decisions(
    plan: RepositoryPlan, place: _Place, room: int, *, kept: bool
) -> tuple[list[RetentionDecision], str]:
    """Return what there is room for, and the last one's digest if there is more."""
    after = place.digest if plan.name == place.name else ""
    wanted = [
        one
        for one in plan.plan.decisions
        if one.digest > after and (kept or one.action is not Action.KEEP)
    ]
    last = wanted[room - 1].digest if len(wanted) > room else ""
    return [_shown(plan, one) for one in wanted[:room]], last


def _shown(plan: RepositoryPlan, one: Decision) -> RetentionDecision:
    return RetentionDecision(
        repository=plan.name.wire,
        digest=one.digest,
        action=one.action,
        tags=[*one.tags],
        reason=one.reason,
        rule=one.rule,
    )


def _total(plan: RepositoryPlan) -> RetentionTotal:
    return RetentionTotal(
        repository=plan.name.wire,
        kept=plan.plan.kept,
        untagged=plan.plan.untagged,
        deleted=plan.plan.deleted,
        tags_removed=plan.plan.tags_removed,
        deleted_bytes=plan.plan.deleted_bytes,
    )
