"""Webhooks that the settings name: as registry:2 has its notification endpoints.

They are rows like others, whose names begin with `settings.`, brought in line at each start.
"""

from dataclasses import dataclass, replace

from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.sealing import SealBroken, Sealer
from entrepot.ports.webhooks import Webhook
from entrepot.rules.notifications.document import FIXED, HookDocument
from entrepot.rules.notifications.formats import DISTRIBUTION

from .context import Caller
from .hooksecrets import HookSecrets, seal, unseal
from .webhooks import OF_PROJECT_MAX, changed, document_of, new_row

SETTINGS = Caller("settings")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver that the settings name; `authorization` is empty for none."""

    name: str
    url: str
    authorization: str = ""

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Return what `NAME URL` or `NAME URL AUTHORIZATION` says, as the settings checked it."""
        name, _, rest = text.strip().partition(" ")
        url, _, authorization = rest.strip().partition(" ")
        return cls(name, url, authorization.strip())

    @property
    def place(self) -> tuple[str, str]:
        """The name of its webhook, and where that sends: only there are private addresses fine."""
        return FIXED + self.name, self.url


async def ensure(
    catalog: Catalog, clock: Clock, sealer: Sealer, endpoints: tuple[Endpoint, ...]
) -> None:
    """Make, change and remove webhooks until they are those of the settings."""
    async with catalog.begin() as tx:
        rows = await _fixed(tx)
    known = {row.name: row for row in rows}
    wanted = {endpoint.place[0]: endpoint for endpoint in endpoints}
    for row in rows:
        if row.name not in wanted:
            async with catalog.begin(write=True) as tx:
                await tx.webhooks.retire(row.id)
                await changed(tx, SETTINGS, clock.now(), "webhook.removed", row)
    for name, endpoint in wanted.items():
        document = HookDocument(endpoint.url, DISTRIBUTION)
        secrets = HookSecrets(authorization=endpoint.authorization)
        found = known.get(name)
        if found is None:
            async with catalog.begin(write=True) as tx:
                last = await tx.outbox.last()
                row = new_row(name, document, clock.now(), last, SETTINGS)
                row = replace(row, id=await tx.webhooks.add(row))
                await _write(tx, sealer, clock, (row, secrets, "webhook.created"))
        elif document_of(found) != document or not _holds(sealer, found, secrets):
            row = replace(found, document=encode(document).decode(), enabled=True)
            async with catalog.begin(write=True) as tx:
                await _write(tx, sealer, clock, (row, secrets, "webhook.changed"))


async def _fixed(tx: Tx) -> list[Webhook]:
    return [
        row for row in await tx.webhooks.page("", 0, OF_PROJECT_MAX) if row.name.startswith(FIXED)
    ]


async def _write(
    tx: Tx, sealer: Sealer, clock: Clock, what: tuple[Webhook, HookSecrets, str]
) -> None:
    row, secrets, operation = what
    now = clock.now()
    sealed = seal(sealer, row.id, secrets)
    row = replace(row, sealed=sealed, changed_at=now, changed_by=SETTINGS.actor)
    await tx.webhooks.change(row)
    await changed(tx, SETTINGS, now, operation, row)


def _holds(sealer: Sealer, row: Webhook, secrets: HookSecrets) -> bool:
    try:
        return unseal(sealer, row.id, row.sealed) == secrets
    except SealBroken:
        return False
