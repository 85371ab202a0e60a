"""The job that takes a repository, or all of a project's, back to a moment.

Each transaction does the next tags and saves how far that was: one that is cut off goes on after
the last that was committed, and one that is repeated finds nothing to do.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, Tx
from entrepot.rules.history import Action, Step

from .context import Caller
from .jobs import Run
from .rolling import (
    RESTORES_MAX,
    STEP_TAGS_MAX,
    Blocked,
    Look,
    Place,
    Rollback,
    Roller,
    Scope,
    start,
)

REFUSALS_MAX = 20
"""Most refusals that the progress names; it counts all."""
_COUNTED_AS = {Action.MOVE: "moved", Action.RESTORE: "restored", Action.REMOVE: "removed"}


@dataclass(slots=True)
class _Work:
    """One run's task, how far it is, and which manifests turned out not to be restorable."""

    rollback: Rollback
    caller: Caller
    progress: dict[str, Any]
    obstacles: dict[Digest, str] = field(default_factory=dict)


class RollbackJob:
    """Handles jobs of kind `history.rollback`."""

    def __init__(self, catalog: Catalog, *, roller: Roller) -> None:
        self._catalog = catalog
        self._roller = roller

    async def run(self, run: Run) -> None:
        """Work until all tags are back.

        Progress counts tags: `moved`, `restored` (with a manifest out of the trash), `removed` and
        `refused`; `refusals` names the first of the last.
        """
        rollback, caller = _asked(run.args)
        work = _Work(rollback, caller, {**_begun(), **run.progress})
        while not work.progress["ended"]:
            try:
                await self._go_on(run, work)
            except Blocked as blocked:
                # Undone; the same tags again, without those that need it.
                work.obstacles[blocked.digest] = blocked.fault.message
            await run.pause()

    async def _go_on(self, run: Run, work: _Work) -> None:
        """Look at the next tags, and write only where there is something to do, and at the end."""
        place = Place.parse(work.progress["place"])
        async with self._catalog.begin() as tx:
            place = place or await start(tx, work.rollback.scope)
            look = await self._look(tx, work, place) if place else Look([], None)
        if look.next is not None and not any(each.possible for each in look.steps):
            work.progress = _counted(work.progress, look.steps, look.next)
            return
        async with self._catalog.begin(write=True) as tx:
            if place is not None:
                # Others may have written between the two.
                look = await self._do(tx, work, place)
            progress = _counted(work.progress, look.steps, look.next)
            await run.save(tx, progress)
        work.progress = progress

    async def _look(self, tx: Tx, work: _Work, place: Place) -> Look:
        return await self._roller.look(tx, work.rollback, place, STEP_TAGS_MAX, work.obstacles)

    async def _do(self, tx: Tx, work: _Work, place: Place) -> Look:
        """Do as many of the next steps as one transaction may; return those, and where it stopped.

        Raises `Blocked`.
        """
        look = await self._look(tx, work, place)
        settled: list[Step] = []
        budget = RESTORES_MAX
        for made in look.steps:
            done = True
            if made.possible:
                done, used = await self._roller.do(tx, made, work.rollback, work.caller, budget)
                budget -= used
            if done:
                settled.append(made)
            if budget <= 0 or not done:
                after = settled[-1].tag if settled else place.after
                return Look(settled, Place(place.name, after))
        return replace(look, steps=settled)


def _begun() -> dict[str, Any]:
    return {
        "place": "",
        "ended": False,
        "moved": 0,
        "restored": 0,
        "removed": 0,
        "refused": 0,
        "refusals": [],
    }


def _counted(progress: dict[str, Any], steps: list[Step], place: Place | None) -> dict[str, Any]:
    made = {**progress, "place": place.cursor if place else "", "ended": place is None}
    refusals = list(progress["refusals"])
    for each in steps:
        made[_COUNTED_AS[each.action] if each.possible else "refused"] += 1
        if not each.possible and len(refusals) < REFUSALS_MAX:
            refusals.append(f"{each.repository.wire}:{each.tag}: {each.refusal}")
    return {**made, "refusals": refusals}


def _asked(args: dict[str, Any]) -> tuple[Rollback, Caller]:
    name = args["repository"]
    scope = Scope(args["project"], RepositoryName(name) if name else None)
    rollback = Rollback(scope, float(args["moment"]), int(args["through"]))
    return rollback, Caller(args["actor"], args["client"])
