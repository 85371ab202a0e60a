"""The outbox tells it all: who replays its events has what the catalog has."""

from dataclasses import dataclass, field

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Event, Tx
from entrepot.rules.notifications.kinds import NOTICES
from entrepot.services.events import (
    MANIFEST_DELETED,
    MANIFEST_PUBLISHED,
    MANIFEST_RESTORED,
    TAG_DELETED,
    TAG_MOVED,
)

KINDS = (MANIFEST_PUBLISHED, MANIFEST_RESTORED, MANIFEST_DELETED, TAG_MOVED, TAG_DELETED)
EVENTS_MAX = 100_000
TAGS_MAX = 1000


@dataclass(slots=True)
class _Told:
    """One repository, as its events tell."""

    tags: dict[Tag, Digest] = field(default_factory=dict)
    manifests: dict[Digest, bool] = field(default_factory=dict)
    """Every manifest that there was, and whether it is there now."""


class _Facts(msgspec.Struct):
    digest: str
    tags: list[str] = []
    tag: str = ""


async def check_events(catalog: Catalog) -> list[str]:
    """Return where the events say something else than the catalog (I9)."""
    async with catalog.begin() as tx:
        told: dict[RepositoryName, _Told] = {}
        for event in await tx.outbox.after(0, EVENTS_MAX):
            if event.kind not in KINDS:
                continue  # of a project, or of the trash
            _apply(told.setdefault(event.repository, _Told()), event)
        found = [line for name, each in told.items() for line in await _compare(tx, name, each)]
        return found + await audited(tx)


async def audited(tx: Tx) -> list[str]:
    """Return where events and the audit log differ: each change has one line, in its order."""
    events = await tx.outbox.after(0, EVENTS_MAX)
    if [event.sequence for event in events] != [*range(1, len(events) + 1)]:
        return []  # some were pruned, or taken away by a test
    kinds = {event.kind for event in events}
    lines = [line for line in await tx.audit.after(0, EVENTS_MAX) if line.operation in kinds]
    changes = [event for event in events if event.kind not in NOTICES]
    told = [(event.kind, event.repository.project, event.at) for event in changes]
    if told == [(line.operation, line.project, line.at) for line in lines]:
        return []
    return [f"{len(told)} events and {len(lines)} lines of the audit log tell not the same"]


def _apply(told: _Told, event: Event) -> None:
    facts = msgspec.json.decode(event.payload, type=_Facts)
    digest = Digest(facts.digest)
    if event.kind in (MANIFEST_PUBLISHED, MANIFEST_RESTORED, MANIFEST_DELETED):
        told.manifests[digest] = event.kind != MANIFEST_DELETED
    for tag in (Tag(name) for name in facts.tags):
        if event.kind == MANIFEST_DELETED:
            told.tags.pop(tag, None)
        else:
            told.tags[tag] = digest
    if event.kind == TAG_DELETED:
        told.tags.pop(Tag(facts.tag), None)


async def _compare(tx: Tx, name: RepositoryName, told: _Told) -> list[str]:
    repository = await tx.repositories.find(name)
    if repository is None:
        return [f"events tell of {name}, which is not there"]
    tags = await tx.tags.page(repository.id, "", TAGS_MAX)
    found = {tag: await tx.tags.find(repository.id, tag) for tag in tags}
    lines = [] if found == told.tags else [f"{name}: tags are {found}, but told {told.tags}"]
    for digest, there in told.manifests.items():
        if (await tx.manifests.find(repository.id, digest) is not None) != there:
            lines.append(f"{name}: events tell otherwise of manifest {digest}")
    return lines
