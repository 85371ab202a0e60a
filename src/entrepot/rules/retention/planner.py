"""Retention: the plan of one repository, from facts, policy and time."""

from collections.abc import Generator, Sequence

from entrepot.oci.reference import Tag

from .facts import Action, Artifact, Decision, Plan
from .model import Policy, Verb
from .selection import Selector

STEP_ARTIFACTS = 256
"""How many artifacts `planning` looks at between two pauses."""


def plan(repository: str, artifacts: Sequence[Artifact], policy: Policy, *, now: float) -> Plan:
    """Return what the policy makes of a repository; total, and the order of input is no matter.

    `repository` is the path within the project; `artifacts` are all that the repository has, each
    digest once; `now` is in seconds. What is protected, what an index holds and what hangs on a
    subject stays, whatever the policy says.
    """
    steps = planning(repository, artifacts, policy, now=now)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Plan = stop.value
            return result


def planning(
    repository: str, artifacts: Sequence[Artifact], policy: Policy, *, now: float
) -> Generator[None, None, Plan]:
    """Make the plan in steps of `STEP_ARTIFACTS`, about 2 ms each; the generator returns it.

    Only the first step takes longer, in a very large repository: it sorts by digest.
    """
    rules = [
        Selector(index, rule, now)
        for index, rule in enumerate(policy.rules)
        if rule.covers(repository)
    ]
    deleting = [one for one in rules if one.rule.verb is Verb.DELETE]
    keeping = [one for one in rules if one.rule.verb is Verb.KEEP]
    judged: list[_Judged] = []
    for position, artifact in enumerate(sorted(artifacts, key=_digest)):
        if position % STEP_ARTIFACTS == 0:
            yield
        one = _Judged(artifact)
        judged.append(one)
        one.delete(deleting)
        if one.is_open:
            for selector in keeping:
                if selector.keeps(artifact, one.names, position):
                    one.keep(selector)
    for selector in keeping:
        for kept in selector.newest():
            judged[kept].keep(selector)
    decisions: list[Decision] = []
    deleted = untagged = tags = size = 0
    # Taken off one by one, so that no single step has to free them all.
    judged.reverse()
    while judged:
        if len(decisions) % STEP_ARTIFACTS == 0:
            yield
        one = judged.pop()
        decision = one.decision(keeping)
        decisions.append(decision)
        tags += len(decision.tags)
        untagged += decision.action is Action.UNTAG
        if decision.action is Action.DELETE:
            deleted += 1
            size += one.artifact.size
    kept = len(decisions) - deleted
    return Plan(tuple(decisions), kept, untagged, deleted, tags, size)


def _digest(artifact: Artifact) -> str:
    return artifact.digest


class _Judged:
    """One artifact on its way to its decision."""

    __slots__ = ("artifact", "keeper", "names", "stays", "taken", "taker", "whole")

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.names = tuple(sorted(tag.name for tag in artifact.tags))
        """Tags that are left."""
        self.stays = _follows(artifact)
        """Why it is no candidate, if it is none."""
        self.taken: tuple[str, ...] = ()
        self.taker: Selector | None = None
        """The first rule that takes anything."""
        self.whole = False
        """Whether a delete rule takes all of it."""
        self.keeper: Selector | None = None

    @property
    def is_open(self) -> bool:
        """Whether keep rules have a say."""
        return not self.stays and not self.whole

    def delete(self, rules: list[Selector]) -> None:
        """Let the delete rules take tags, or all."""
        if self.stays:
            return
        protected = {tag.name for tag in self.artifact.tags if tag.protected}
        taken: set[str] = set()
        for one in rules:
            names = one.selected(self.artifact, self.names)
            if names is None or (protected and not one.by_tag):
                continue
            found = set(names) - protected
            if found or not names:
                taken |= found
                self.taker = self.taker or one
        if self.taker is not None:
            self.taken = tuple(sorted(taken))
            self.names = tuple(name for name in self.names if name not in taken)
            self.whole = not self.names

    def keep(self, rule: Selector) -> None:
        """The first rule of the policy that keeps it is the one that is told."""
        if self.keeper is None or rule.index < self.keeper.index:
            self.keeper = rule

    def decision(self, keeping: list[Selector]) -> Decision:
        digest = self.artifact.digest
        if self.stays:
            return Decision(digest, Action.KEEP, self.stays)
        if self.whole and self.taker is not None:
            return Decision(digest, Action.DELETE, self.taker.deleted, self.taken, self.taker.index)
        reason, rule = self._kept(keeping)
        if not reason:
            names = tuple(sorted(tag.name for tag in self.artifact.tags))
            return Decision(digest, Action.DELETE, "no keep rule keeps it", names)
        if self.taker is not None:
            reason = f"{self.taker.untagged}; {reason}"
            return Decision(digest, Action.UNTAG, reason, self.taken, self.taker.index)
        return Decision(digest, Action.KEEP, reason, (), rule)

    def _kept(self, keeping: list[Selector]) -> tuple[str, int | None]:
        """Return why the rest of it stays, or nothing, and the rule that says so."""
        if self.keeper is not None:
            return self.keeper.kept, self.keeper.index
        for tag in sorted(self.artifact.tags, key=lambda tag: tag.name):
            if tag.protected:
                return f"tag '{tag.name}' is protected: {tag.protected}", None
        return ("", None) if keeping else ("no rule deletes it", None)


def _follows(artifact: Artifact) -> str:
    """Return why the artifact goes only with another one, or nothing."""
    if artifact.child_of is not None:
        return f"part of index {artifact.child_of}: stays and goes with it"
    if artifact.subject is not None:
        return f"refers to {artifact.subject}: stays and goes with it"
    for tag in artifact.tags:
        if Tag(tag.name).is_system:
            return f"tag '{tag.name}' hangs it on another artifact: stays and goes with that"
    return ""
