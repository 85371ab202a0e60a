"""What there is, as items of `rules.declaring`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.identity import Source
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.projects import Project
from entrepot.rules.declaring.items import Fields, Item, Kind, Member, member_item
from entrepot.rules.subjects import SubjectKind

from . import linkstate

PAGE = 100
"""Rows read in one transaction."""
ROWS_MAX = 50_000
"""Most rows of one kind, in one project or in the registry."""

Row = TypeVar("Row")
Items = AsyncIterator[tuple[Item, Fields]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the registry is looked at."""

    projects: tuple[str, ...] | None = None
    """Names, of which there may be none; None for all."""
    registry: bool = True
    """Roles, groups, registries and labels of all too."""
    replication: bool = True
    """What of the projects is copied elsewhere."""


async def present(catalog: Catalog, clock: Clock, scope: Scope) -> dict[Item, Fields]:
    """Return what there is. Others are served between the projects."""
    found: dict[Item, Fields] = {}
    if scope.registry:
        for reader in (_roles, _groups):
            found |= {item: fields async for item, fields in reader(catalog)}
        found |= dict(await linkstate.registries(catalog))
        found |= dict(await linkstate.labels(catalog, ""))
    async for project in _projects(catalog, scope.projects):
        found |= {item: fields async for item, fields in _of_project(catalog, project)}
        found |= dict(await linkstate.labels(catalog, project.name))
        found |= dict(await linkstate.webhooks(catalog, project.name))
        await clock.sleep(0)
    if not scope.replication:
        return found
    names = [item.name for item in found if item.kind is Kind.PROJECT]
    found |= dict(await linkstate.replications(catalog, names))
    return found


async def all_rows(
    catalog: Catalog, page: Callable[[Tx, str], Awaitable[list[Row]]], key: Callable[[Row], str]
) -> AsyncIterator[Row]:
    """Yield rows page by page; `Fault(REQUEST_INVALID)` beyond `ROWS_MAX`."""
    after, count = "", 0
    while True:
        async with catalog.begin() as tx:
            rows = await page(tx, after)
        for row in rows:
            yield row
        count += len(rows)
        if count > ROWS_MAX:
            raise Fault(
                Code.REQUEST_INVALID,
                f"there are more than {ROWS_MAX} rows: name the projects that it is about",
            )
        if len(rows) < PAGE:
            return
        after = key(rows[-1])


async def _projects(catalog: Catalog, names: Iterable[str] | None) -> AsyncIterator[Project]:
    if names is None:
        async for project in all_rows(
            catalog, lambda tx, after: tx.projects.page(after, PAGE), lambda row: row.name
        ):
            yield project
        return
    for name in names:
        async with catalog.begin() as tx:
            found = await tx.projects.find(name)
        if found is not None:
            yield found


async def _roles(catalog: Catalog) -> Items:
    async for role in all_rows(
        catalog, lambda tx, after: tx.roles.page(after, PAGE), lambda row: row.name
    ):
        fields = {"permissions": sorted(role.permissions), "description": role.description}
        yield Item(Kind.ROLE, "", role.name), fields


async def _groups(catalog: Catalog) -> Items:
    async for group in all_rows(
        catalog, lambda tx, after: tx.groups.page(after, PAGE), lambda row: row.name
    ):
        name = group.name

        async def members(tx: Tx, after: str, name: str = name) -> list[tuple[str, Source]]:
            return await tx.groups.members(name, after, PAGE)

        local = [
            user
            async for user, source in all_rows(catalog, members, lambda row: row[0])
            if source is Source.LOCAL
        ]
        fields = {"description": group.description, "members": sorted(set(local))}
        yield Item(Kind.GROUP, "", name), fields


async def _of_project(catalog: Catalog, project: Project) -> Items:
    name = project.name
    async with catalog.begin() as tx:
        ledger = await tx.ledgers.find(KIND_PROJECT, name)
        policies = await tx.policies.of(name)
    limit = ledger.limit_bytes if ledger is not None else None
    networks = sorted(set(project.networks))
    fields = {"public": project.public, "networks": networks, "storage_limit": limit}
    yield Item(Kind.PROJECT, "", name), fields
    for policy in policies:
        document = msgspec.json.decode(policy.document)
        yield Item(Kind.POLICY, name, policy.kind), {"document": document}
    async for one in _members(catalog, name):
        yield one


async def _members(catalog: Catalog, project: str) -> Items:
    async for grant in all_rows(
        catalog,
        lambda tx, after: tx.grants.page(project, int(after or 0), PAGE),
        lambda row: str(row.id),
    ):
        if grant.subject_kind is not SubjectKind.ROBOT:
            member = Member(grant.subject_kind, grant.subject, grant.role, grant.scope)
            yield member_item(project, member, grant.permissions)
