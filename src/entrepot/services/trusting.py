"""Rules of trust in workloads: written, listed, removed and tried."""

from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.robots import WorkloadRow
from entrepot.rules.access import Grant
from entrepot.rules.areas import REGISTRY_AREA, project_of
from entrepot.rules.federation.documents import WorkloadGrant, as_document, parse
from entrepot.rules.federation.workloads import WorkloadRule

from .auditing import Act
from .authority import Acting, changed, check_may_give, named_grant
from .workloads import RULES_MAX

ALL_MAX = 1000
"""Rules of all issuers."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A rule as it is kept; `document` is what `rules.federation.documents` reads."""

    name: str
    document: dict[str, Any]
    changed_at: float
    changed_by: str


class TrustService:
    """Keeps rules. They give rights, so that nobody writes one that gives more than they have.

    The caller has checked that `by` may manage workloads. Tokens are to be made for `audience`
    unless a rule says otherwise.
    """

    def __init__(self, catalog: Catalog, clock: Clock, audience: str) -> None:
        self._catalog = catalog
        self._clock = clock
        self._audience = audience

    async def put(self, name: str, document: object, by: Acting) -> Trust:
        """Write a rule instead of what was there; tokens from before are over.

        `Fault`: REQUEST_INVALID for what cannot be used or would let strangers in, NOT_FOUND for a
        project that there is not, DENIED for what `by` lacks, now or before.
        """
        if isinstance(document, dict):
            document = {"audience": self._audience, **document}
        rule, grants = parse(name, document)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            before = await tx.workloads.find(name)
            await self._check_room(tx, rule, before)
            wanted = [await named_grant(tx, one.scope, one.role, one.permissions) for one in grants]
            for grant in grants:
                await _check_project(tx, grant.scope)
            await check_may_give(tx, by.identity, [*wanted, *await _given(tx, before)])
            text = msgspec.json.encode(_kept(rule, grants, document)).decode()
            row = WorkloadRow(name, rule.issuer, text, now, by.caller.actor)
            await tx.workloads.put(row)
            operation = "workload.changed" if before else "workload.trusted"
            detail = {"issuer": rule.issuer, "grants": [msgspec.to_builtins(one) for one in grants]}
            await changed(tx, by, now, Act(operation, name, "", detail))
        return _trust(row)

    async def remove(self, name: str, by: Acting) -> None:
        """Remove a rule, and with it all tokens that it let workloads have; `Fault(NOT_FOUND)`.

        Anybody who may manage workloads may do so, whatever it gives: trust is quicker ended.
        """
        async with self._catalog.begin(write=True) as tx:
            await _found(tx, name)
            await tx.workloads.remove(name)
            await changed(tx, by, self._clock.now(), Act("workload.removed", name))

    async def find(self, name: str) -> Trust:
        """Return a rule, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return _trust(await _found(tx, name))

    async def page(self, after: str, limit: int) -> list[Trust]:
        """Return rules by name, those after `after`."""
        async with self._catalog.begin() as tx:
            return [_trust(row) for row in await tx.workloads.page(after, limit)]

    async def _check_room(self, tx: Tx, rule: WorkloadRule, before: WorkloadRow | None) -> None:
        if before is not None and before.issuer == rule.issuer:
            return
        same = await tx.workloads.by_issuer(rule.issuer, RULES_MAX)
        if len(same) >= RULES_MAX or len(await tx.workloads.page("", ALL_MAX)) >= ALL_MAX:
            raise Fault(
                Code.DENIED,
                f"there are {RULES_MAX} rules of this issuer, or {ALL_MAX} of all, already: let "
                "one rule have several patterns, or remove some",
            )


async def _given(tx: Tx, row: WorkloadRow | None) -> list[Grant]:
    """Return what a rule gives until now; nothing for one that cannot be read any more."""
    if row is None:
        return []
    try:
        _, grants = parse(row.name, msgspec.json.decode(row.document))
        return [await named_grant(tx, one.scope, one.role, one.permissions) for one in grants]
    except (Fault, msgspec.DecodeError):
        return []


async def _check_project(tx: Tx, scope: str) -> None:
    project = project_of(scope)
    if project != REGISTRY_AREA and await tx.projects.find(project) is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no project {project[:64]!a}: make it first",
            {"project": project[:64]},
        )


def _kept(
    rule: WorkloadRule, grants: tuple[WorkloadGrant, ...], document: object
) -> dict[str, Any]:
    told = document.get("description") if isinstance(document, dict) else ""
    return as_document(rule, grants) | ({"description": told} if told else {})


async def _found(tx: Tx, name: str) -> WorkloadRow:
    row = await tx.workloads.find(name)
    if row is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no workload rule {name[:64]!a}: list them, or make it first",
            {"rule": name[:64]},
        )
    return row


def _trust(row: WorkloadRow) -> Trust:
    return Trust(row.name, msgspec.json.decode(row.document), row.changed_at, row.changed_by)
