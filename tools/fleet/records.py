"""What clients know: operations with times and outcomes, and what was wrong."""

import bisect
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from tests.fleet.history import Kind, Operation, Outcome, Violation, check_all

PRESENT = "present"
"""The value of the register that says whether a manifest is there."""
WRONG_MAX = 1000


class Fault(Enum):
    """What must never be; any of it fails the campaign."""

    LOST = "lost write"
    BYTES = "wrong bytes"
    ORDER = "not linearizable"
    OTHER = "wrong"


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that was acknowledged, or found there, by a request that began at `called`."""

    size_bytes: int
    called: float


@dataclass(slots=True)
class Records:
    """All that the clients of a campaign saw."""

    tags: defaultdict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    """By `repository:tag`: which digest it is on."""
    manifests: defaultdict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    """By `repository@digest`: whether it is there."""
    bodies: dict[str, bytes] = field(default_factory=dict)
    """The bytes of manifests, by digest."""
    put: list[tuple[str, str]] = field(default_factory=list)
    """Manifests that were acknowledged, by repository and digest, the newest last."""
    blobs: dict[tuple[str, str], Blob] = field(default_factory=dict)
    """Acknowledged blobs, by repository and digest."""
    grace_seconds: float = inf
    """How long they are kept though no manifest holds them."""
    operations: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Operations that came to nothing, though tried at several replicas."""
    attempts: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    """Attempts that came to nothing, by kind."""
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long attempts took that came to something, by operation, in order of length."""
    wrong: list[tuple[Fault, str]] = field(default_factory=list)

    def report(self, fault: Fault, text: str) -> None:
        """Note what must not be."""
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append((fault, text))

    def is_kept(self, repository: str, digest: str, now: float) -> bool:
        """Whether a blob must be there for a good while yet, whoever holds it."""
        blob = self.blobs.get((repository, digest))
        return blob is not None and now - blob.called < self.grace_seconds / 2

    def took(self, what: str, seconds: float) -> None:
        """Note how long something took."""
        bisect.insort(self.seconds[what], seconds)

    def check(self) -> None:
        """Look at all histories; what is wrong is added to `wrong`."""
        for name, violation in check_all(self.tags).items():
            self.report(Fault.ORDER, f"{name} was no register:\n{violation}")
        for name, violation in check_all(self.manifests).items():
            fault = Fault.LOST if _is_loss(violation) else Fault.ORDER
            self.report(fault, f"{name} came or went by itself:\n{violation}")


def _is_loss(violation: Violation) -> bool:
    last = max(violation.window, key=lambda each: min(each.returned, each.called + 1e9))
    return last.kind is Kind.READ and last.value is None


@dataclass(frozen=True, slots=True)
class Seen:
    """Times of one attempt, and what came of it."""

    called: float
    returned: float
    outcome: Outcome

    def operation(self, kind: Kind, value: str | None, who: str) -> Operation:
        """It, as an operation on a register."""
        returned = inf if self.outcome is Outcome.UNKNOWN else self.returned
        return Operation(kind, value, self.called, returned, self.outcome, who)
