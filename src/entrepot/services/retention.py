"""Retention: facts in, the rules' plan, and just that plan carried out.

A preview and a run make the same plan by the same function from the same facts. What changes
between plan and deed (a tag moves, a manifest is gone) is looked at again in the deed's own
transaction, and left alone until the next run.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.artifacts import ArtifactRow
from entrepot.ports.catalog import Catalog, Repository, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.immutability import Rule, refusal
from entrepot.rules.retention.document import WHAT, RetentionDocument, parse_document
from entrepot.rules.retention.facts import Action, Artifact, Decision, Plan, TagFact
from entrepot.rules.retention.model import Policy
from entrepot.rules.retention.planner import planning

from .configs import ImageConfigs, ImageFacts
from .context import Caller
from .deletion import Cause, DeletionService
from .events import RETENTION_FINISHED, Change, announce
from .jobs import Run
from .policies import PolicyService

KIND = "retention"
PAGE = 32
"""Artifacts read at once, aside from the event loop."""
DUTY_MAX = 0.2
"""Share of the event loop's time that deletions take, in steps of about 1 ms."""
ARTIFACTS_MAX = 200_000
"""Most artifacts of one repository that a plan is made for."""
REPOSITORIES_PAGE = 100
TOLD_MAX = 100
"""Most repositories whose totals the progress keeps, those of the beginning."""
LINES_MAX = 200
"""Most lines that a dry run tells of one repository."""
CLIENT = "retention"
"""The client program in history and trash."""


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """The plan of one repository."""

    name: RepositoryName
    plan: Plan


class RetentionService:
    """Plans and carries out the retention policies of projects."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        configs: ImageConfigs,
        deletion: DeletionService,
        policies: PolicyService,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._configs = configs
        self._deletion = deletion
        self._policies = policies

    async def document(self, project: str) -> RetentionDocument:
        """Return the project's policy; `Fault(NOT_FOUND)` if it has none."""
        async with self._catalog.begin() as tx:
            rows = [row for row in await tx.policies.of(project) if row.kind == WHAT]
        if not rows:
            raise Fault(
                Code.NOT_FOUND,
                f"project {project[:64]} has no retention policy: set one first",
                {"project": project[:64]},
            )
        return parse_document(msgspec.json.decode(rows[0].document))

    async def preview(
        self, project: str, policy: Policy, after: str, limit: int
    ) -> list[RepositoryPlan]:
        """Return the plans of the next `limit` repositories with a full name above `after`.

        Nothing is changed. Just what a run would do now; repositories that no rule is about are
        there too, with nothing to do.
        """
        async with self._catalog.begin() as tx:
            names = await tx.history.repositories(project, after, limit)
        now = self._clock.now()
        return [RepositoryPlan(name, await self._plan(name, policy, now)) for name in names]

    async def run(self, run: Run) -> None:
        """Carry out a project's policy: the handler of jobs of `KIND`, `{"project": NAME}`.

        With `"dry_run": true` it only tells what it would do.

        Each step is a transaction; one that is done again finds nothing left to do (I12).
        """
        project = str(run.args["project"])
        policy = (await self.document(project)).policy
        after = str(run.progress.get("after", ""))
        while True:
            async with self._catalog.begin() as tx:
                names = await tx.history.repositories(project, after, REPOSITORIES_PAGE)
            if not names:
                await self._finish(run, project)
                return
            for name in names:
                plan = await self._plan(name, policy, self._clock.now(), run)
                await self._carry_out(run, name, plan)
                after = name

    async def _carry_out(self, run: Run, name: RepositoryName, plan: Plan) -> None:
        todo = [one for one in plan.decisions if one.action is not Action.KEEP]
        cause = Caller(run.job.actor, CLIENT)
        if run.args.get("dry_run"):
            await _tell(run, name, todo)
            todo = []
        for decision in todo:
            async with self._catalog.begin(write=True) as tx:
                repository = await tx.repositories.find(name)
                by = Cause(cause, f"job:{run.job.id}", f"retention: {decision.reason}")
                done = await self._apply(tx, repository, decision, by)
                await run.save(tx, self._counts(run, decision) if done else {**run.progress})
            await run.pause(DUTY_MAX)
        if todo:
            tags = sum(len(one.tags) for one in todo)
            await run.log(f"{name.wire}: {plan.deleted} artifacts and {tags} tags removed")
        async with self._catalog.begin(write=True, durable=False) as tx:
            told = _told(run.progress, name, plan, dry_run=bool(run.args.get("dry_run")))
            await run.save(tx, {**told, "after": name})

    async def _finish(self, run: Run, project: str) -> None:
        """Tell that it has run: at least once, as the job may be cut off right after."""
        if run.args.get("dry_run"):
            return
        done = run.progress
        facts = {name: done.get(name, 0) for name in ("deleted", "untagged")}
        facts["kept"] = sum(kept for _, _, kept in done.get("repositories", []))
        change = Change(RETENTION_FINISHED, RepositoryName(project), self._clock.now())
        async with self._catalog.begin(write=True, durable=False) as tx:
            await announce(tx, Caller(run.job.actor, CLIENT), change, facts)

    @staticmethod
    def _counts(run: Run, decision: Decision) -> dict[str, Any]:
        name = "deleted" if decision.action is Action.DELETE else "untagged"
        return {"deleted": 0, "untagged": 0, **run.progress, name: run.progress.get(name, 0) + 1}

    async def _apply(
        self, tx: Tx, repository: Repository | None, decision: Decision, cause: Cause
    ) -> bool:
        """Do what was decided, if it is still about what it was decided for; whether it was."""
        row = await tx.manifests.find(repository.id, decision.digest) if repository else None
        if row is None or repository is None:
            return False
        tags = {str(tag) for tag in await tx.tags.of(row.id)}
        try:
            if decision.action is Action.UNTAG:
                for tag in tags.intersection(decision.tags):
                    await self._deletion.drop_tag(tx, repository, Tag(tag), cause)
                return True
            # Tags that came since are somebody's.
            return tags == set(decision.tags) and await self._deletion.drop_manifest(
                tx, repository, decision.digest, cause
            )
        except Fault:
            # It may not go any more; the next run plans it anew.
            return False

    # Facts -------------------------------------------------------------------------------------

    async def _plan(
        self, name: RepositoryName, policy: Policy, now: float, run: Run | None = None
    ) -> Plan:
        path = name.partition("/")[2]
        is_covered = any(rule.covers(path) for rule in policy.rules)
        artifacts = await self._facts(name, policy, run) if is_covered else []
        steps = planning(path, artifacts, policy, now=now)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                plan: Plan = stop.value
                return plan
            # The loop serves pulls meanwhile.
            await (self._clock.sleep(0) if run is None else run.pause())

    async def _facts(self, name: RepositoryName, policy: Policy, run: Run | None) -> list[Artifact]:
        found: list[Artifact] = []
        after = 0
        while True:
            async with self._catalog.begin(aside=True) as tx:
                repository = await tx.repositories.find(name)
                rows = await tx.artifacts.page(repository.id, after, PAGE) if repository else []
                rules = (await self._policies.of(tx, name.project)).immutability
            for row in rows:
                image = ImageFacts()
                if policy.needs_config:
                    image = await self._configs.facts(row.digest, row.media_type)
                found.append(_artifact(row, _tags(name, row, rules), image))
            if len(rows) < PAGE:
                return found
            if len(found) >= ARTIFACTS_MAX:
                raise Fault(
                    Code.UNSUPPORTED,
                    f"{name.wire} has more than {ARTIFACTS_MAX} artifacts: delete some by hand, "
                    "or leave it out of the policy",
                    {"repository": name},
                )
            after = rows[-1].id
            await (self._clock.sleep(0) if run is None else run.pause())


async def _tell(run: Run, name: RepositoryName, todo: list[Decision]) -> None:
    """Write what would be done into the job's log."""
    for one in todo[:LINES_MAX]:
        tags = ", ".join(one.tags) or "no tags"
        await run.log(f"{name.wire}: would {one.action.value} {one.digest} ({tags}): {one.reason}")
    await run.log(f"{name.wire}: {len(todo)} of its artifacts would change")


def _told(
    progress: dict[str, Any], name: RepositoryName, plan: Plan, *, dry_run: bool
) -> dict[str, Any]:
    """Return the progress with `[path, artifacts, kept]` of one more repository.

    The plan is of what was there when this process began with it: a run that was cut off had
    deleted some already, which is known from what is counted since the repository before.
    """
    told, deleted = progress.get("repositories", []), progress.get("deleted", 0)
    gone = plan.deleted if dry_run else deleted - progress.get("before", 0)
    after = {**progress, "before": deleted}
    kept = len(plan.decisions) - plan.deleted
    if gone + kept and len(told) < TOLD_MAX:
        after["repositories"] = [*told, [name.partition("/")[2], gone + kept, kept]]
    return after


def _tags(name: RepositoryName, row: ArtifactRow, rules: tuple[Rule, ...]) -> tuple[TagFact, ...]:
    facts = []
    for tag, moved_at in row.tags:
        refused = refusal(rules, name, tag, current=row.digest, new=None) if rules else None
        facts.append(TagFact(str(tag), moved_at, protected=refused.message if refused else ""))
    return tuple(facts)


def _artifact(row: ArtifactRow, tags: tuple[TagFact, ...], image: ImageFacts) -> Artifact:
    return Artifact(
        digest=row.digest,
        pushed_at=row.pushed_at,
        pulled_at=row.pulled_at,
        tags=tags,
        labels=image.labels,
        platforms=image.platforms,
        size=row.size,
        child_of=row.child_of,
    )
