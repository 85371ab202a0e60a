"""Retention: which artifacts, and which of their tags, a rule selects."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappush, heappushpop
from math import inf

from .facts import Artifact
from .model import (
    Condition,
    Label,
    NeverPulled,
    OnPlatform,
    Order,
    Pulled,
    Pushed,
    Rule,
    Semver,
    Tagged,
    TagGlob,
    Untagged,
)

TOLD_MAX = 240
"""Most characters of a rule that a reason repeats."""

_Holds = Callable[[Artifact], bool]


class Selector:
    """A rule made ready for one plan; it counts while it sees the artifacts."""

    def __init__(self, index: int, rule: Rule, now: float) -> None:
        self.index = index
        self.rule = rule
        # Made once: a plan may repeat them a hundred thousand times.
        told = f"line {rule.line or index + 1}: {rule.text}"
        told = told if len(told) <= TOLD_MAX else f"{told[: TOLD_MAX - 1]}…"
        self.kept = f"kept by {told}"
        self.deleted = f"deleted by {told}"
        self.untagged = f"tags removed by {told}"
        self._newest: list[tuple[float, int]] = []
        """Of a rule that counts: a heap of the newest so far, as (time, minus position)."""
        self._of_tag = [
            one for one in rule.conditions if isinstance(one, TagGlob | Semver | Tagged)
        ]
        self._of_artifact = [
            _test(one, now)
            for one in rule.conditions
            if not isinstance(one, TagGlob | Semver | Tagged | Untagged)
        ]
        self._wants_untagged = any(isinstance(one, Untagged) for one in rule.conditions)
        self._takes_untagged = all(
            isinstance(one, TagGlob) and one.or_untagged for one in self._of_tag
        )

    @property
    def by_tag(self) -> bool:
        """Whether single tags are selected, and not the artifact with all its tags."""
        return bool(self._of_tag)

    def selected(self, artifact: Artifact, names: tuple[str, ...]) -> Sequence[str] | None:
        """Return the tags that are selected, none for an untagged artifact; None if it is not."""
        if not names:
            chosen: Sequence[str] = ()
            if not self._takes_untagged:
                return None
        elif self._wants_untagged:
            return None
        else:
            chosen = names
            for condition in self._of_tag:
                chosen = [name for name in chosen if condition.holds(name)]
            if not chosen:
                return None
        for holds in self._of_artifact:
            if not holds(artifact):
                return None
        return chosen

    def keeps(self, artifact: Artifact, names: tuple[str, ...], position: int) -> bool:
        """Whether the artifact is kept, with the tags it has left.

        A rule that counts says no, and tells by `newest` once it has seen all. Positions rise; of
        two artifacts with one time the earlier position counts as the newer one.
        """
        count = self.rule.count
        if count == 0 or self.selected(artifact, names) is None:
            return False
        if count is None:
            return True
        entry = (_time(artifact, self.rule.order), -position)
        if len(self._newest) < count:
            heappush(self._newest, entry)
        else:
            heappushpop(self._newest, entry)
        return False

    def newest(self) -> Iterator[int]:
        """Return the positions of the newest artifacts, in no order."""
        return (-negative for _, negative in self._newest)


def _test(condition: Condition, now: float) -> _Holds:
    match condition:
        case Pushed(seconds, negated):
            return lambda artifact: (_pushed(artifact) >= now - seconds) is not negated
        case Pulled(seconds, negated):
            return lambda artifact: (_pulled(artifact) >= now - seconds) is not negated
        case NeverPulled():
            return lambda artifact: _pulled(artifact) == -inf
        case Label(key, None):
            return lambda artifact: any(name == key for name, _ in artifact.labels)
        case Label(key, str() as value):
            return lambda artifact: (key, value) in artifact.labels
        case OnPlatform(platform):
            return lambda artifact: platform in artifact.platforms
        case _:
            raise TypeError(f"{condition} is about tags")


def _pushed(artifact: Artifact) -> float:
    latest = artifact.pushed_at
    for tag in artifact.tags:
        latest = max(latest, tag.moved_at)
    return latest


def _pulled(artifact: Artifact) -> float:
    """Return the latest pull, by digest or by tag; minus infinity if there was none."""
    latest = -inf if artifact.pulled_at is None else artifact.pulled_at
    for tag in artifact.tags:
        if tag.pulled_at is not None:
            latest = max(latest, tag.pulled_at)
    return latest


def _time(artifact: Artifact, order: Order) -> float:
    if order is Order.PUSH:
        return _pushed(artifact)
    pulled = _pulled(artifact)
    return pulled if order is Order.PULL else max(pulled, _pushed(artifact))
