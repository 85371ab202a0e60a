"""Old lines of the audit log go in bounded steps."""

from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Tx
from entrepot.services import auditprune
from entrepot.services.auditing import Act, record
from entrepot.services.auditprune import DAY_SECONDS, AuditPruning
from entrepot.services.context import Caller
from tests.services.house import HandClock


class Run:
    """A job's run that counts its steps."""

    def __init__(self, **args: Any) -> None:
        self.args = args
        self.progress: dict[str, Any] = {}
        self.pauses = 0

    async def save(self, _: Tx, progress: dict[str, Any]) -> None:
        self.progress = progress

    async def pause(self) -> None:
        self.pauses += 1


@pytest.mark.parametrize("keep_days, kept, pauses", [(10.0, 10, 3), (0.0, 17, 0), (99.0, 17, 0)])
async def test_what_is_older_goes(
    keep_days: float, kept: int, pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditprune, "STEP", 2)
    catalog, clock, run = await open_catalog("sqlite://"), HandClock(), Run()
    begun = clock.now()
    async with catalog.begin(write=True) as tx:
        for day in range(17):
            await record(tx, Caller("a"), begun + day * DAY_SECONDS, Act("x", str(day)))
    clock.seconds += 17 * DAY_SECONDS
    await AuditPruning(catalog, clock, keep_days=keep_days).run(run)
    async with catalog.begin() as tx:
        left = await tx.audit.after(0, 99)
    await catalog.close()
    assert [line.resource for line in left] == [str(day) for day in range(17 - kept, 17)]
    assert run.pauses == pauses
    assert run.progress.get("removed", 0) == 17 - kept


@pytest.mark.parametrize(
    "more, left",
    [
        ({"operations": ["a"]}, ["b0", "b1", "b2", "b3", "a3"]),
        ({"operations": ["a"], "excluded": True}, ["a0", "a1", "a2", "a3", "b3"]),
        ({"operations": ["a", "b"], "dry_run": True}, 8),
    ],
)
async def test_what_is_asked_for_goes(
    more: dict[str, Any], left: list[str] | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditprune, "STEP", 3)
    catalog, clock = await open_catalog("sqlite://"), HandClock()
    begun = clock.now()
    async with catalog.begin(write=True) as tx:
        for hour in range(4):
            for operation in "ab":
                at = begun + hour * auditprune.HOUR_SECONDS
                await record(tx, Caller("x"), at, Act(operation, f"{operation}{hour}"))
    clock.seconds += 4 * auditprune.HOUR_SECONDS
    run = Run(keep_hours=1, **more)
    await AuditPruning(catalog, clock, keep_days=9.0).run(run)
    async with catalog.begin() as tx:
        lines = await tx.audit.after(0, 99)
    await catalog.close()
    found = [line.resource for line in lines]
    assert len(found) == left if isinstance(left, int) else sorted(found) == sorted(left)
    assert run.progress["removed"] == (6 if isinstance(left, int) else 3)
