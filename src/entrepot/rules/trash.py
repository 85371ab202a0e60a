"""Trash: how long what was deleted is kept, and what a restore may point at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag

DAY_SECONDS = 86400.0
KEEP_DAYS = 14.0
"""Days that what was deleted is kept unless settings say otherwise; 0 is not at all."""


def purge_at(deleted_at: float, keep_days: float = KEEP_DAYS) -> float:
    """Return when an entry may be purged, in seconds since the epoch."""
    return deleted_at + max(0.0, keep_days) * DAY_SECONDS


def is_due(purge_at_time: float, now: float) -> bool:
    """Whether an entry's time has come; until then a restore is promised."""
    return purge_at_time <= now


@dataclass(frozen=True, slots=True)
class Restored:
    """What becomes of the tags that a manifest had.

    `free` are to be set; `kept` point elsewhere by now and stay so; `there` point at it already.
    """

    free: tuple[Tag, ...]
    kept: tuple[Tag, ...]
    there: tuple[Tag, ...]

    @property
    def report(self) -> tuple[str, ...]:
        """Return a sentence on each tag that was not given back."""
        return tuple(
            f"tag '{tag}' points elsewhere by now and was left so: move it by hand if you want to"
            for tag in self.kept
        )


def restore(digest: Digest, had: Iterable[Tag], current: Mapping[Tag, Digest]) -> Restored:
    """Return which of the tags it `had` a restored manifest gets back.

    `current` is where the repository's tags point now. A restore never moves a tag, so that it
    undoes nothing that was done since, and cannot offend an immutability rule (I8).
    """
    tags = sorted(set(had))
    return Restored(
        free=tuple(tag for tag in tags if tag not in current),
        kept=tuple(tag for tag in tags if current.get(tag, digest) != digest),
        there=tuple(tag for tag in tags if current.get(tag) == digest),
    )
