"""What a client is told beside its answer, from facts on what it asked for.

A warning never changes what is answered (distribution-spec, "Warnings"). Facts that come with other
features, as how stale a mirrored image is, become further fields of `Facts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

DEPRECATED = "io.entrepot.deprecated"
"""Annotation with the reason or the way out, as a sentence; empty is a reason too."""
END_OF_LIFE = "vnd.microsoft.artifact.lifecycle.end-of-life.date"
"""Annotation with the first day without support, which publishers of base images set in the field:
`2026-05-12`, or a time on that day in ISO 8601."""
ANNOTATIONS = (DEPRECATED, END_OF_LIFE)

_DAY_LENGTH = len("2026-05-12")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a manifest; `shown` names it as the client does, as `app:v1`."""

    shown: str
    now: float
    """Seconds since the Unix epoch."""
    annotations: Mapping[str, str] = field(default_factory=dict)


def warnings(facts: Facts) -> tuple[str, ...]:
    """Return what to tell, each a sentence in plain text, the gravest first."""
    told = []
    reason = facts.annotations.get(DEPRECATED)
    if reason is not None:
        told.append(f"{facts.shown} is deprecated" + (f": {reason}" if reason.strip() else ""))
    end = _day(facts.annotations.get(END_OF_LIFE, ""))
    if end is not None and end <= datetime.fromtimestamp(facts.now, UTC).date():
        told.append(f"{facts.shown} has been out of support since {end}: use a newer version")
    return tuple(told)


def _day(text: str) -> date | None:
    """Return the day; None for what is no date, as it says nothing that one could rely on."""
    try:
        return date.fromisoformat(text[:_DAY_LENGTH])
    except ValueError:
        return None
