"""What the catalog says of who may do what, for `rules.access`."""

from collections.abc import Iterable

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import Facts, Grant, Identity, Kind, of_account
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.networks import EVERYWHERE, Networks
from entrepot.rules.permissions import Permission, known
from entrepot.rules.roles import BUILT_IN
from entrepot.rules.sitesettings import Creation, Setting
from entrepot.rules.subjects import SubjectKind

from .epochs import EpochWatch, Remembered
from .sitevalues import site_value

FACTS_MAX = 32768
"""Callers times projects that are remembered, some hundred bytes each."""
GRANTS_MAX = 512
"""Grants that one subject is given at most on one project, and on the registry."""
HELD_MAX = 1 << 16
"""Grants to one subject that are read to tell what they hold; with more nobody is told it."""

_Who = tuple[Kind, str, str]
"""Kind and name of a caller, and a project; empty for none."""


class WorkloadGrant(msgspec.Struct, frozen=True):
    """One of the grants in the document of a workload rule."""

    scope: str
    role: str = ""
    permissions: tuple[str, ...] = ()


class WorkloadGrants(msgspec.Struct, frozen=True):
    """What of a workload rule's document decides what its workloads may do."""

    grants: tuple[WorkloadGrant, ...] = ()


class FactsService:
    """Reads facts, and remembers them until any grant, role, project or account changes."""

    def __init__(self, catalog: Catalog, watch: EpochWatch | None = None) -> None:
        self._catalog = catalog
        self._facts: Remembered[_Who, Facts] = Remembered(
            watch or EpochWatch(catalog), self._read, FACTS_MAX
        )

    async def of(self, identity: Identity, project: str) -> Facts:
        """Return the facts on a caller in a project; '' asks for the registry alone."""
        return await self._facts.of((identity.kind, identity.name, project))

    async def _read(self, who: _Who) -> Facts:
        kind, name, project = who
        async with self._catalog.begin() as tx:
            row = await tx.projects.find(project) if project else None
            grants = await grants_of(tx, kind, name, project or REGISTRY_AREA)
            creation = await site_value(tx, Setting.PROJECT_CREATION)
        return Facts(
            exists=row is not None,
            public=row is not None and row.public,
            networks=Networks.parse(row.networks) if row is not None else EVERYWHERE,
            grants=grants,
            admins_create=creation == Creation.ADMINS,
        )


async def grants_of(tx: Tx, kind: Kind, name: str, project: str) -> tuple[Grant, ...]:
    """Return the grants to a caller about a project or the registry; of robots, all they have."""
    rows = await tx.grants.of_user(name if kind is Kind.USER else "", project)
    if kind is Kind.ROBOT:
        rows += await tx.grants.of_subject(SubjectKind.ROBOT, name, GRANTS_MAX)
    found = [await _resolved(tx, row) for row in rows]
    if kind is Kind.WORKLOAD:
        found += await _of_workload(tx, name)
    return tuple(found)


async def all_of_user(tx: Tx, name: str) -> tuple[Grant, ...]:
    """Return whatever a user has anywhere, by account, in person and by groups."""
    account = await tx.accounts.find(name)
    found = [of_account(account.role)] if account is not None else []
    rows = await _all(tx, SubjectKind.USER, name)
    for group in sorted({group for group, _ in await tx.groups.of(name)}):
        rows += await _all(tx, SubjectKind.GROUP, group)
    return tuple(found + [await _resolved(tx, row) for row in rows])


async def all_of_subject(tx: Tx, kind: SubjectKind, name: str) -> tuple[Grant, ...]:
    """Return whatever a group, a robot or everyone was granted."""
    rows = await _all(tx, kind, name)
    return tuple([await _resolved(tx, row) for row in rows])


async def _all(tx: Tx, kind: SubjectKind, name: str) -> list[GrantRow]:
    """Return all grants to a subject, as one that is overlooked lets others give or get it."""
    rows = await tx.grants.of_subject(kind, name, HELD_MAX)
    if len(rows) == HELD_MAX:
        raise Fault(
            Code.DENIED,
            f"{name} has {HELD_MAX} grants or more, so that it cannot be told what that is: take "
            "some away",
            {"name": name},
        )
    return rows


async def permissions_of(
    tx: Tx, role: str, permissions: Iterable[str]
) -> frozenset[Permission] | None:
    """Return what a role, or else a list of permissions, stands for; None for an unknown role."""
    if not role:
        return known(tuple(permissions))
    if role in BUILT_IN:
        return BUILT_IN[role]
    row = await tx.roles.find(role)
    return known(row.permissions) if row is not None else None


async def _resolved(tx: Tx, row: GrantRow) -> Grant:
    permissions = await permissions_of(tx, row.role, row.permissions)
    what = f"role {row.role}" if row.role else "permissions"
    whom = f"{row.subject_kind.value} {row.subject}".rstrip()
    return Grant(row.scope, permissions or frozenset(), f"{what}, given to {whom}")


async def _of_workload(tx: Tx, name: str) -> list[Grant]:
    rule = await tx.workloads.find(rule_of(name))
    if rule is None:
        return []
    try:
        found = msgspec.json.decode(rule.document, type=WorkloadGrants)
    except msgspec.DecodeError:
        return []  # of another version: what cannot be read gives nothing
    grants = []
    for one in found.grants:
        permissions = await permissions_of(tx, one.role, one.permissions)
        source = f"workload rule {rule.name}"
        grants.append(Grant(one.scope, permissions or frozenset(), source))
    return grants


def rule_of(workload: str) -> str:
    """Return the rule by which `workload:rule:subject` is trusted."""
    return workload.split(":", 2)[1] if workload.count(":") >= 2 else ""
