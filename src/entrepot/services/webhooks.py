"""Webhooks: made, changed and removed; who is told of what, and where."""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.sealing import Sealer
from entrepot.ports.webhooks import Webhook
from entrepot.rules.destinations import refusal
from entrepot.rules.networks import EVERYWHERE, Networks
from entrepot.rules.notifications.document import (
    HookDocument,
    check_document,
    check_name,
    shown_url,
)
from entrepot.rules.notifications.formats import FORMATS

from .auditing import Act, record
from .context import Caller
from .hooksecrets import (
    OVERLAP_MAX_SECONDS,
    HookSecrets,
    check_secrets,
    new_secret,
    seal,
    unseal,
)

OF_PROJECT_MAX = 50
"""Webhooks of one project, or of the registry."""
IN_ALL_MAX = 2000
HOOKS_EPOCH = "webhooks"
"""The counter that every change of webhooks advances, so that who sends looks again."""

_DOCUMENT = msgspec.json.Decoder(HookDocument)


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What somebody asks to make. Without a `secret`, one is made where the format signs."""

    name: str
    project: str
    document: HookDocument
    enabled: bool = True
    secret: str = ""
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to be changed; None leaves it, an empty secret or authorization takes it away."""

    name: str | None = None
    document: HookDocument | None = None
    enabled: bool | None = None
    secret: str | None = None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class HookView:
    """A webhook as it is shown: its secrets are only said to be there."""

    row: Webhook
    document: HookDocument
    has_secret: bool
    has_authorization: bool


class WebhookService:
    """Keeps webhooks. Callers have checked that they may."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        sealer: Sealer,
        allowed: Networks = EVERYWHERE,
    ) -> None:
        """`allowed` are networks, not public ones, that may be sent to."""
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._sealer = sealer
        self._allowed = allowed

    async def create(self, new: NewWebhook, caller: Caller) -> tuple[HookView, str]:
        """Make one; return it and the secret that was made for it, or "".

        `Fault`: REQUEST_INVALID, NOT_FOUND for no such project, CONFLICT for a name that is taken,
        DENIED for too many.
        """
        check_name(new.name)
        self._check(new.document)
        check_secrets(new.secret, new.authorization)
        made = ""
        if not new.secret and FORMATS[new.document.format].signs:
            made = new_secret(self._random)
        secrets = HookSecrets(new.secret or made, authorization=new.authorization)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            await _check_room(tx, new.project)
            await _check_free(tx, new.project, new.name, 0)
            row = new_row(new.name, new.document, now, await tx.outbox.last(), caller)
            row = replace(row, project=new.project, enabled=new.enabled)
            row = replace(row, id=await tx.webhooks.add(row))
            row = replace(row, sealed=seal(self._sealer, row.id, secrets))
            await tx.webhooks.change(row)
            await changed(tx, caller, now, "webhook.created", row)
        return _view(row, secrets), made

    async def change(self, webhook_id: int, change: WebhookChange, caller: Caller) -> HookView:
        """Change one; what is on its way to it goes to where it now is. `Fault` as `create`."""
        if change.name is not None:
            check_name(change.name)
        if change.document is not None:
            self._check(change.document)
        check_secrets(change.secret, change.authorization)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            row = await found(tx, webhook_id)
            secrets = unseal(self._sealer, row.id, row.sealed)
            if change.secret is not None and change.secret != secrets.secret:
                secrets = HookSecrets(change.secret, authorization=secrets.authorization)
            if change.authorization is not None:
                secrets = msgspec.structs.replace(secrets, authorization=change.authorization)
            if change.name is not None and change.name != row.name:
                await _check_free(tx, row.project, change.name, row.id)
            was_enabled = row.enabled
            row = replace(
                row,
                name=row.name if change.name is None else change.name,
                enabled=row.enabled if change.enabled is None else change.enabled,
                document=encode(change.document).decode() if change.document else row.document,
                sealed=seal(self._sealer, row.id, secrets),
                changed_at=now,
                changed_by=caller.actor,
            )
            await tx.webhooks.change(row)
            if row.enabled and not was_enabled:
                # What was told to others while it was off is not told to it.
                reached = max(row.reached, await tx.outbox.last())
                await tx.webhooks.place(row.id, reached, row.behind)
            await changed(tx, caller, now, "webhook.changed", row)
        return _view(row, secrets)

    async def rotate(
        self, webhook_id: int, caller: Caller, *, overlap_seconds: float
    ) -> tuple[HookView, str]:
        """Make a new secret; for so long both sign, that receivers can be changed meanwhile.

        `Fault`: NOT_FOUND; REQUEST_INVALID for too long; UNSUPPORTED where a chat has made it.
        """
        if not 0 <= overlap_seconds <= OVERLAP_MAX_SECONDS:
            raise Fault(
                Code.REQUEST_INVALID,
                "the old secret cannot stay good for so long: name up to "
                f"{OVERLAP_MAX_SECONDS:.0f} seconds",
            )
        secret, now = new_secret(self._random), self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            row = await found(tx, webhook_id)
            if not FORMATS[document_of(row).format].signs:
                raise Fault(
                    Code.UNSUPPORTED,
                    "the secret of a chat is made there: change the webhook, and give it",
                )
            secrets = unseal(self._sealer, row.id, row.sealed)
            secrets = secrets.rotated(secret, now + overlap_seconds)
            row = replace(
                row,
                sealed=seal(self._sealer, row.id, secrets),
                changed_at=now,
                changed_by=caller.actor,
            )
            await tx.webhooks.change(row)
            await changed(tx, caller, now, "webhook.rotated", row)
        return _view(row, secrets), secret

    async def remove(self, webhook_id: int, caller: Caller) -> None:
        """Remove one, and what is on its way to it; `Fault(NOT_FOUND)`.

        What was sent to it goes by and by.
        """
        async with self._catalog.begin(write=True) as tx:
            row = await found(tx, webhook_id)
            await tx.webhooks.retire(webhook_id)
            await changed(tx, caller, self._clock.now(), "webhook.removed", row)

    async def find(self, webhook_id: int) -> HookView:
        """Return one, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            row = await found(tx, webhook_id)
        return self._viewed(row)

    async def page(self, project: str | None, after: int, limit: int) -> list[HookView]:
        """Return those of a project ("" for the registry's own), or all, with ids above `after`."""
        async with self._catalog.begin() as tx:
            rows = await tx.webhooks.page(project, after, limit)
        return [self._viewed(row) for row in rows]

    def _viewed(self, row: Webhook) -> HookView:
        return _view(row, unseal(self._sealer, row.id, row.sealed))

    def _check(self, document: HookDocument) -> None:
        """Raise `Fault(REQUEST_INVALID)` for what would never be sent, as far as that is known."""
        check_document(document)
        host = urlsplit(document.url).hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return  # a name: where it leads to is looked at each time
        wrong = refusal(host, self._allowed)
        if wrong:
            raise Fault(Code.REQUEST_INVALID, f"nothing is sent there: {wrong}", {"host": host})


def document_of(row: Webhook) -> HookDocument:
    """Return what a row's document says."""
    return _DOCUMENT.decode(row.document)


def new_row(name: str, document: HookDocument, now: float, last: int, caller: Caller) -> Webhook:
    """Return a row of the registry's own, not written yet: told of what comes after `last`."""
    return Webhook(
        0,
        "",
        name,
        enabled=True,
        document=encode(document).decode(),
        sealed=b"",
        reached=last,
        behind=None,
        removed=False,
        created_at=now,
        changed_at=now,
        changed_by=caller.actor,
    )


async def found(tx: Tx, webhook_id: int) -> Webhook:
    """Return a webhook that is not removed, or raise `Fault(NOT_FOUND)`."""
    row = await tx.webhooks.find(webhook_id)
    if row is None or row.removed:
        raise Fault(
            Code.NOT_FOUND, f"there is no webhook {webhook_id}: list them", {"webhook": webhook_id}
        )
    return row


async def retire_of(tx: Tx, project: str) -> None:
    """Remove the webhooks of a project, in the transaction that removes it.

    Another project of that name must not be told to them.
    """
    for row in await tx.webhooks.page(project, 0, OF_PROJECT_MAX):
        await tx.webhooks.retire(row.id)
    await tx.epochs.advance(HOOKS_EPOCH)


async def changed(tx: Tx, caller: Caller, now: float, operation: str, row: Webhook) -> None:
    """Write the change into the log, and let who sends look again."""
    document = document_of(row)
    detail = {
        "id": row.id,
        "url": shown_url(document.url),
        "format": document.format,
        "enabled": row.enabled,
    }
    await tx.epochs.advance(HOOKS_EPOCH)
    await record(tx, caller, now, Act(operation, f"webhook:{row.name}", row.project, detail))


async def _check_room(tx: Tx, project: str) -> None:
    if project and await tx.projects.find(project) is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no project {project[:64]!a}: make it first",
            {"project": project[:64]},
        )
    many = len(await tx.webhooks.page(project, 0, OF_PROJECT_MAX)) >= OF_PROJECT_MAX
    if many or len(await tx.webhooks.page(None, 0, IN_ALL_MAX)) >= IN_ALL_MAX:
        raise Fault(
            Code.DENIED,
            f"there are {OF_PROJECT_MAX} webhooks here, or {IN_ALL_MAX} in all, already: remove "
            "one first",
        )


async def _check_free(tx: Tx, project: str, name: str, own_id: int) -> None:
    rows = await tx.webhooks.page(project, 0, OF_PROJECT_MAX)
    if any(row.name == name and row.id != own_id for row in rows):
        raise Fault(
            Code.CONFLICT,
            f"there is a webhook {name!a} already: choose another name, or change that one",
            {"name": name},
        )


def _view(row: Webhook, secrets: HookSecrets) -> HookView:
    return HookView(row, document_of(row), bool(secrets.secret), bool(secrets.authorization))
