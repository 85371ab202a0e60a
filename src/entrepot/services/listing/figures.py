"""How many artifacts repositories have, and how often they were pulled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock

from .changes import Changes
from .remembering import KeyMemory

PULLS_SECONDS = 30.0
"""How long a count of pulls is told; they are written as seldom (`services/pulls`)."""


@dataclass(frozen=True, slots=True)
class RepositoryFigures:
    """How many artifacts a repository has, and how often they were pulled."""

    artifacts: int
    pulls: int


class Figures:
    """Counts, each remembered until it may be another."""

    def __init__(self, catalog: Catalog, clock: Clock, changes: Changes, memory: KeyMemory) -> None:
        self._catalog = catalog
        self._clock = clock
        self._changes = changes
        self._memory = memory

    async def of(self, names: Iterable[str]) -> dict[str, RepositoryFigures]:
        """Return those of each of some repositories, by full names."""
        epoch = int(self._clock.now() / PULLS_SECONDS)
        stamps = {name: await self._changes.of(name) for name in names}
        artifacts = await self._counted("artifacts", stamps)
        pulls = await self._counted("pulls", dict.fromkeys(stamps, epoch))
        return {name: RepositoryFigures(artifacts[name], pulls[name]) for name in stamps}

    async def _counted(self, what: str, stamps: Mapping[str, int]) -> dict[str, int]:
        """Return counts by name; those that are not known are looked up together."""
        found: dict[str, int] = {}
        missing: list[str] = []
        for name, stamp in stamps.items():
            known = self._memory.peek((what, name), stamp)
            if known is None:
                missing.append(name)
            else:
                (found[name],) = known

        async def walk() -> Sequence[int]:
            async with self._catalog.begin(aside=True) as tx:
                rows = tx.lists.artifacts
                counts = await (rows.counts if what == "artifacts" else rows.pulls)(missing)
            for name in missing:
                self._memory.put((what, name), stamps[name], [counts[name]])
            return [counts[name] for name in missing]

        if missing:
            # Who asks for the same at once waits for the same.
            about = (what, *missing)
            counts = await self._memory.of(about, tuple(stamps[one] for one in missing), walk)
            found |= dict(zip(missing, counts, strict=True))
        return found
