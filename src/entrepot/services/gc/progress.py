"""How far a pass is: kept in its job, so that another process can go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from entrepot.ports.catalog import Tx
from entrepot.ports.jobs import Job

KIND = "gc"
"""The job's kind, and its mutex."""


class Phase(StrEnum):
    """What a pass does, in this order."""

    CONDEMN = "condemn"
    SWEEP = "sweep"
    LINKS = "links"
    DEBRIS = "debris"
    PRUNE = "prune"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a pass is and what it has done; every count is exact for steps that were saved."""

    phase: Phase = Phase.CONDEMN
    started_at: float = 0.0
    ended_at: float = 0.0
    generation: int = 0
    """Blobs' rows were looked at up to this one."""
    link_repository_id: int = 0
    link_digest: str = ""
    """Links were looked at up to this one."""
    looked: int = 0
    condemned: int = 0
    links: int = 0
    """How many links to repositories were dropped."""
    blobs: int = 0
    blobs_bytes: int = 0
    """What was condemned and removed."""
    debris: int = 0
    debris_bytes: int = 0
    """What crashes had left and was removed."""
    waiting: int = 0
    waiting_bytes: int = 0
    waiting_until: float = 0.0
    """What nobody holds either, but somebody may rely on until its lease is over."""
    failed: int = 0
    """Deletes that the store's medium refused; a later pass tries again."""
    refused: int = 0
    """Bytes without a row that were left alone because there were too many of them."""


class Run(Protocol):
    """What a job's handler is given; as `services.jobs` has it."""

    @property
    def job(self) -> Job: ...
    @property
    def args(self) -> dict[str, Any]: ...
    @property
    def progress(self) -> dict[str, Any]: ...

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None:
        """Save the progress in the transaction of the step that made it."""
        ...

    async def pause(self) -> None:
        """Let others have their turn; raises when the job is to end."""
        ...

    async def log(self, text: str) -> None: ...


def read(document: Mapping[str, Any]) -> Progress:
    """Return the progress that `write` made a document of; that of a new pass for an empty one."""
    return msgspec.convert(document, Progress)


def write(progress: Progress) -> dict[str, Any]:
    """Return the progress as a JSON object."""
    made: dict[str, Any] = msgspec.to_builtins(progress)
    return made
