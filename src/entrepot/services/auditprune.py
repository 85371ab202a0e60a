"""The job that lets go of audit lines that are older than they have to be kept."""

from dataclasses import dataclass
from typing import Any, Protocol

from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.sitesettings import Setting

from .sitevalues import site_value

KIND = "audit-prune"
STEP = 256
"""Lines looked at or removed in one transaction."""
DAY_SECONDS = 86400.0
HOUR_SECONDS = 3600.0


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def args(self) -> dict[str, Any]: ...
    @property
    def progress(self) -> dict[str, Any]: ...
    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Wish:
    """What somebody asked for: lines older than this, about these operations or all but these."""

    keep_seconds: float
    operations: frozenset[str]
    excluded: bool
    dry_run: bool

    def is_about(self, operation: str) -> bool:
        return (operation in self.operations) is not self.excluded


class AuditPruning:
    """Removes old lines, step by step.

    Without arguments the oldest go, all that are older than the settings say; 0 days keep all for
    ever. `{"keep_hours": HOURS, "operations": [...]}` is about lines of these operations alone,
    with `"excluded": true` about all others; with `"dry_run": true` they are only counted.
    """

    def __init__(self, catalog: Catalog, clock: Clock, *, keep_days: float | None) -> None:
        """Without `keep_days` it is as long as the site's setting says when the job runs."""
        self._catalog = catalog
        self._clock = clock
        self._keep_days = keep_days

    async def run(self, run: Run) -> None:
        """Do the job; its progress counts the lines."""
        wish = _wish(run.args)
        await (self._oldest(run) if wish is None else self._picked(run, wish))

    async def _oldest(self, run: Run) -> None:
        removed = int(run.progress.get("removed", 0))
        keep_days = self._keep_days
        if keep_days is None:
            async with self._catalog.begin() as tx:
                keep_days = float(await site_value(tx, Setting.AUDIT_KEEP_DAYS))
        while keep_days > 0:
            async with self._catalog.begin(write=True) as tx:
                count = await tx.audit.prune(self._clock.now() - keep_days * DAY_SECONDS, STEP)
                removed += count
                await run.save(tx, {"removed": removed})
            if count < STEP:
                return
            await run.pause()

    async def _picked(self, run: Run, wish: _Wish) -> None:
        removed, after = int(run.progress.get("removed", 0)), int(run.progress.get("after", 0))
        while True:
            async with self._catalog.begin(write=True) as tx:
                lines = await tx.audit.after(after, STEP)
                old = [one for one in lines if one.at < self._clock.now() - wish.keep_seconds]
                gone = [one.id for one in old if wish.is_about(one.operation)]
                for line_id in gone if not wish.dry_run else ():
                    await tx.audit.remove(line_id)
                removed, after = removed + len(gone), lines[-1].id if lines else after
                await run.save(tx, {"removed": removed, "after": after})
            # Times and ids go together, but for what was noted a moment later.
            if len(lines) < STEP or not old:
                return
            await run.pause()


def _wish(args: dict[str, Any]) -> _Wish | None:
    if "keep_hours" not in args:
        return None
    return _Wish(
        float(args["keep_hours"]) * HOUR_SECONDS,
        frozenset(str(one) for one in args.get("operations", ())),
        args.get("excluded") is True,
        args.get("dry_run") is True,
    )
