"""What looks after the data needs of the catalog: damages, cursors, rebuilding."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.rules.leases import BlobRow


@dataclass(frozen=True, slots=True)
class Damage:
    """A blob that was found rotten or missing; `message` says what was seen."""

    id: int
    digest: Digest
    generation: int
    message: str
    found_at: float
    healed_at: float | None
    """When its bytes were right again; None as long as nobody brought them."""


class Damages(Protocol):
    """Blobs that were found damaged, and when they were healed."""

    async def report(self, digest: Digest, generation: int, message: str, now: float) -> None:
        """Write a damage down, unless one of that generation is open."""
        ...

    async def heal(self, digest: Digest, now: float) -> None:
        """Close the digest's open damages; harmless if there are none."""
        ...

    async def open(self, after: int, limit: int) -> list[Damage]:
        """Return damages with an id above `after` whose blob still waits for its bytes."""
        ...

    async def page(self, after: int, limit: int) -> list[Damage]:
        """Return damages, healed ones too, with an id above `after`."""
        ...


class Cursors(Protocol):
    """How far each of those is who read the outbox."""

    async def find(self, name: str) -> int:
        """Return the sequence it has read up to; 0 for a new one."""
        ...

    async def move(self, name: str, sequence: int) -> None: ...

    async def lowest(self) -> int:
        """Return the sequence that all of them have read; 0 without any."""
        ...


class Rebuilding(Protocol):
    """What a catalog that is made anew takes over as it was."""

    async def adopt(self, row: BlobRow) -> None:
        """Write a blob's row with the generation it has, instead of one of its digest."""
        ...

    async def skip_generations(self, to: int) -> None:
        """Let no generation up to `to` be given any more."""
        ...

    async def skip_trash(self, to: int) -> None:
        """Let no entry of the trash get an id up to `to` any more."""
        ...

    async def unheld(self, after: int, limit: int) -> list[BlobRow]:
        """Return rows of a generation above `after` that no edge and no trash holds."""
        ...
