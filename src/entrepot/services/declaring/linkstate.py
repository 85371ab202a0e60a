"""What there is of labels, registries, replication and webhooks, as items."""

from collections.abc import Iterable

import msgspec

from entrepot.ports.catalog import Catalog
from entrepot.rules.declaring.copies import entry_of
from entrepot.rules.declaring.items import Fields, Item, Kind
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.replication import parse

ROWS_MAX = 10_000
"""Most rows of each, of which the services allow fewer."""

Found = list[tuple[Item, Fields]]


async def registries(catalog: Catalog) -> Found:
    """Return the other registries, without their secrets."""
    async with catalog.begin() as tx:
        rows = await tx.remotes.page(0, ROWS_MAX)
    return [
        (
            Item(Kind.REGISTRY, "", row.name),
            {
                "url": row.url,
                "type": row.kind,
                "account": row.account,
                "insecure": row.insecure,
                "description": row.description,
            },
        )
        for row in rows
    ]


async def labels(catalog: Catalog, project: str) -> Found:
    """Return the labels of a project, or of the registry."""
    async with catalog.begin() as tx:
        rows = await tx.labels.of(project, ROWS_MAX)
    return [
        (
            Item(Kind.LABEL, project, row.name),
            {"color": row.color, "description": row.description},
        )
        for row in rows
    ]


async def webhooks(catalog: Catalog, project: str) -> Found:
    """Return the webhooks of a project, without their secrets."""
    async with catalog.begin() as tx:
        rows = await tx.webhooks.page(project, 0, ROWS_MAX)
    found: Found = []
    for row in rows:
        if row.removed:
            continue
        document = msgspec.json.decode(row.document, type=HookDocument)
        fields = {
            "url": document.url,
            "format": document.format,
            "events": sorted(document.events),
            "enabled": row.enabled,
        }
        found.append((Item(Kind.WEBHOOK, project, row.name), fields))
    return found


async def replications(catalog: Catalog, projects: Iterable[str]) -> Found:
    """Return the policies that an entry of one of these projects can say."""
    async with catalog.begin() as tx:
        rows = await tx.replication_policies.page(0, ROWS_MAX)
        names = {row.id: row.name for row in await tx.remotes.page(0, ROWS_MAX)}
    wanted, found = set(projects), []
    for row in rows:
        policy = parse(msgspec.json.decode(row.document))
        entry = entry_of(policy, names.get(row.remote_id, ""), enabled=row.enabled)
        if entry is not None and entry[0] in wanted:
            found.append((Item(Kind.REPLICATION, entry[0], row.name), entry[1]))
    return found
