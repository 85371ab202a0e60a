"""What a runner counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from entrepot.ports.jobs import Backlog, JobState


@dataclass(slots=True)
class Counted:
    """Attempts at jobs of one kind that ended in one state, READY if to be tried again."""

    count: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Tally:
    """Numbers since the process began; kinds are those with a handler, or `other`."""

    attempts: dict[tuple[str, JobState], Counted] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=lambda: Backlog(0, None))

    def begin(self, kind: str) -> None:
        """Take note of an attempt that starts."""
        self.running[kind] = self.running.get(kind, 0) + 1

    def end(self, kind: str, state: JobState, seconds: float) -> None:
        """Take note of one that ended."""
        self.running[kind] -= 1
        attempts = self.attempts.setdefault((kind, state), Counted())
        attempts.count += 1
        attempts.seconds += max(0.0, seconds)


def label(kind: str, handlers: Mapping[str, object]) -> str:
    """Return the kind as a label: rows of unknown kinds must not become labels."""
    return kind if kind in handlers else "other"
