"""Retention: what a plan is made from, and the plan."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class TagFact:
    """A tag: when it came to its digest, when it was last pulled by name, in seconds.

    `protected` is why it may not be removed (an immutability rule), or empty.
    """

    name: str
    moved_at: float
    pulled_at: float | None = None
    protected: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest or index of the repository; times in seconds, `pulled_at` None if never.

    `child_of` is an index of the repository that names it, `subject` what it hangs on: either makes
    it go with that one, and never by itself. `labels` and `platforms` (canonical; an index has
    those of its children) matter only to a policy that `needs_config`, pulls to one that
    `needs_pulls`.
    """

    digest: Digest
    pushed_at: float
    pulled_at: float | None = None
    tags: tuple[TagFact, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()
    platforms: frozenset[str] = frozenset()
    size: int = 0
    child_of: Digest | None = None
    subject: Digest | None = None


class Action(StrEnum):
    """What becomes of an artifact."""

    KEEP = "keep"
    UNTAG = "untag"
    """Some of its tags go, it stays."""
    DELETE = "delete"
    """It goes with all its tags."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one artifact, and why, for people.

    `tags` are those that go, sorted. `rule` is the position in the policy, from 0, of the rule that
    decided; None where none did.
    """

    digest: Digest
    action: Action
    reason: str
    tags: tuple[str, ...] = ()
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One decision for each artifact, in the order of their digests."""

    decisions: tuple[Decision, ...]
    kept: int
    """Artifacts that stay, untagged ones included."""
    untagged: int
    """Artifacts that stay and lose tags."""
    deleted: int
    tags_removed: int
    deleted_bytes: int
    """Sum of `size` over deleted artifacts; what they share is counted for each."""
