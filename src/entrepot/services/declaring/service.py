"""Plans what a document asks for, and does it step by step."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.rules.declaring.difference import Step, difference
from entrepot.rules.declaring.document import Document, misplaced
from entrepot.rules.declaring.items import Item, Kind, Wanted, member_of, wanted_of
from entrepot.rules.declaring.writing import document_of
from entrepot.rules.roles import BUILT_IN
from entrepot.services.authority import Acting
from entrepot.services.policies import KINDS as POLICY_KINDS

from .doers import Doers
from .state import Scope, present

STEPS_MAX = 20_000
"""Most steps of one plan."""

Check = Callable[[Step], Awaitable[None]]
"""Raises `Fault(DENIED)` where the caller may not do a step."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, in the order in which they are done; none when all is as the document says."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that was done, or why it was not."""

    step: Step
    fault: Fault | None = None


class DeclaringService:
    """Compares a document with what there is, and brings the one to the other."""

    def __init__(self, catalog: Catalog, clock: Clock, doers: Doers) -> None:
        self._catalog = catalog
        self._clock = clock
        self._doers = doers

    @property
    def doers(self) -> Doers:
        """Who does which kind of step."""
        return self._doers

    async def plan(self, document: Document, *, prune: bool = False) -> Plan:
        """Return what would be done; `Fault(REQUEST_INVALID)` names a place that is wrong."""
        wanted = wanted_of(document)
        self._check(wanted)
        await self._check_named(wanted)
        there = await present(self._catalog, self._clock, _scope(wanted, prune=prune))
        steps = difference(there, wanted, prune=prune)
        if len(steps) > STEPS_MAX:
            raise Fault(
                Code.REQUEST_INVALID, f"that is more than {STEPS_MAX} steps: apply it in parts"
            )
        return Plan(tuple(steps))

    async def apply(self, plan: Plan, by: Acting, check: Check) -> AsyncIterator[Outcome]:
        """Do the steps in order; stop after the first that fails.

        Each is whole or not done at all, and what was done stays: applying again goes on.
        """
        for step in plan.steps:
            try:
                await check(step)
                await self._doers[step.item.kind].do(step, by)
            except Fault as fault:
                yield Outcome(step, fault)
                return
            yield Outcome(step)

    async def export(self, scope: Scope) -> dict[str, object]:
        """Return what there is as a document, in which `plan` finds nothing to do."""
        return document_of(await present(self._catalog, self._clock, scope))

    async def _check_named(self, wanted: Wanted) -> None:
        """Raise for roles and registries that are neither there nor in the document."""
        async with self._catalog.begin() as tx:
            for item, fields in wanted.items.items():
                place = wanted.places[item]
                if item.kind is Kind.MEMBER:
                    role = member_of(item).role
                    made = Item(Kind.ROLE, "", role) in wanted.items or role in {"", *BUILT_IN}
                    if not made and await tx.roles.find(role) is None:
                        raise misplaced(place, f"there is no role {role}: declare it below roles")
                elif item.kind is Kind.REPLICATION:
                    name = fields["registry"]
                    made = Item(Kind.REGISTRY, "", name) in wanted.items
                    if not made and await tx.remotes.by_name(name) is None:
                        told = f"there is no registry {name}: declare it below registries"
                        raise misplaced(place, told)

    def _check(self, wanted: Wanted) -> None:
        """Raise for what no service would take, before anything is done."""
        for item, fields in wanted.items.items():
            place = wanted.places[item]
            if item.kind not in self._doers:
                raise misplaced(place, f"this registry keeps no {item.kind} entries")
            if item.kind is Kind.POLICY:
                try:
                    POLICY_KINDS[item.name](fields["document"])
                except KeyError:
                    raise misplaced(place, f"there are no {item.name} policies here") from None
                except Fault as fault:
                    raise misplaced(place, fault.message) from None


def _scope(wanted: Wanted, *, prune: bool) -> Scope:
    """Return what has to be looked at: all projects only where others than those named may go."""
    kinds = {item.kind for item in wanted.items} | {kind for kind, _ in wanted.whole}
    registry = any(kind in kinds for kind in (Kind.ROLE, Kind.GROUP, Kind.REGISTRY, Kind.LABEL))
    replication = Kind.REPLICATION in kinds
    if prune and (Kind.PROJECT, "") in wanted.whole:
        return Scope(None, registry, replication)
    names = tuple(item.name for item in wanted.items if item.kind is Kind.PROJECT)
    return Scope(names, registry, replication)
