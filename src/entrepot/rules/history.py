"""History: where tags were at a moment, and what takes them back there.

The order of moves is that in which they were committed, by id. A moment only filters: the state at
a moment is, of each tag, the newest move among those whose time is not later. So a clock that went
back never turns two moves around: what was committed last wins wherever both are in time, and a
move that was written while the clock was behind is seen from the time that it was written under.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag


class Standing(StrEnum):
    """What has become of a manifest in its repository."""

    HERE = "here"
    TRASH = "trash"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the history; `before` None is a tag's first, `after` None its deletion."""

    id: int
    tag: Tag
    before: Digest | None
    after: Digest | None
    at: float
    actor: str
    client: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A tag at a moment, and now."""

    tag: Tag
    then: Digest | None
    """Where it was; None if it was not there."""
    standing: Standing
    """Of the manifest it was at; GONE where there was none."""
    current: Digest | None
    """Where it is now."""
    newest: int
    """Id of its newest move."""
    since: float | None
    """When it came to where it was then; None if it had not made a move yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """A tag that two moments show at different places; None is 'not there'."""

    tag: Tag
    before: Digest | None
    after: Digest | None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `moved`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "moved"


def change(earlier: Fact, later: Fact) -> Change | None:
    """Return what happened to one tag between two moments, or None."""
    if earlier.then == later.then:
        return None
    return Change(earlier.tag, earlier.then, later.then)


class Action(StrEnum):
    """What takes a tag back."""

    MOVE = "move"
    RESTORE = "restore"
    """Its manifest comes out of the trash first."""
    REMOVE = "remove"
    """It was not there then."""


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a rollback, from `before` to `after`; `refusal` says why it is not made."""

    repository: RepositoryName
    tag: Tag
    before: Digest | None
    after: Digest | None
    action: Action
    refusal: str = ""

    @property
    def possible(self) -> bool:
        return not self.refusal

    def refused(self, why: str) -> "Step":
        """Return the step with one more reason not to make it; as it is if there is none."""
        return replace(self, refusal=why) if why and self.possible else self


def wants_step(fact: Fact) -> bool:
    """Whether the tag is not where it was."""
    return fact.current != fact.then


def step(name: RepositoryName, fact: Fact, through: int, forbidden: str) -> Step | None:
    """Return what takes the tag back to where it was, or None if it is there.

    `through` is the id of the history's newest move when the rollback was asked for: a tag that
    others moved since is theirs, and is left. `forbidden` says why the tag may not move (I8).
    """
    if not wants_step(fact):
        return None
    if fact.then is None:
        action = Action.REMOVE
    else:
        action = Action.RESTORE if fact.standing is Standing.TRASH else Action.MOVE
    refusal = forbidden
    if fact.newest > through:
        refusal = "it was moved after this rollback was asked for: ask for another"
    elif fact.then is not None and fact.standing is Standing.GONE:
        refusal = f"manifest {fact.then} was purged: push it again"
    return Step(name, fact.tag, fact.current, fact.then, action, refusal)
