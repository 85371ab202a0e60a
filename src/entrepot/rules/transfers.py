"""A catalog that was copied: what the copy may lack of what was written meanwhile."""

from dataclasses import dataclass

PASSING = frozenset(
    {
        "audit",
        "cursors",
        "deliveries",
        "epochs",
        "idempotency",
        "job_lines",
        "jobs",
        "manifest_extracts",
        "numbers",
        "pulls",
        "schedules",
        "sessions",
        "sweeps",
        "uploads",
    }
)
"""Tables that a server writes to although nobody pushes, deletes or changes a right."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """A catalog that was copied to `to`, which shows no password: `rows` of each table.

    `digest` is that of `services.dump`, the same for both. `behind` names the tables that the old
    one has changed since then.
    """

    to: str
    rows: dict[str, int]
    digest: str
    is_running: bool
    behind: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Whether the copy lacks no more than pulls counted and lines about them."""
        return PASSING.issuperset(self.behind)
