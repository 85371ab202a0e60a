"""The webhooks that are told of events, read again when one was changed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from entrepot.ports.catalog import Tx
from entrepot.ports.sealing import SealBroken, Sealer
from entrepot.ports.webhooks import Webhook
from entrepot.rules.notifications.document import HookDocument, concerns

from .hooksecrets import HookSecrets, unseal
from .webhooks import HOOKS_EPOCH, IN_ALL_MAX, document_of


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that is switched on."""

    row: Webhook
    document: HookDocument
    secrets: HookSecrets
    trouble: str = ""
    """Why nothing can be sent to it; empty for nothing."""

    @property
    def id(self) -> int:
        return self.row.id


class HookBook:
    """Remembers what is switched on, until the epoch of webhooks is another one."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._epoch = -1
        self._hooks: dict[int, Hook] = {}

    async def load(self, tx: Tx) -> bool:
        """Bring it up to date; whether anything may be another than before."""
        epoch = await tx.epochs.find(HOOKS_EPOCH)
        if epoch == self._epoch:
            return False
        rows = await tx.webhooks.page(None, 0, IN_ALL_MAX)
        self._hooks = {row.id: self._hook(row) for row in rows if row.enabled}
        self._epoch = epoch
        return True

    def forget(self) -> None:
        """Read all anew next time."""
        self._epoch = -1

    async def place(self, tx: Tx, hook: Hook, reached: int, behind: int | None) -> None:
        """Write which events a webhook was given; `forget` if that is undone."""
        await tx.webhooks.place(hook.id, reached, behind)
        row = replace(hook.row, reached=reached, behind=behind)
        self._hooks[hook.id] = replace(hook, row=row)

    @property
    def hooks(self) -> Iterable[Hook]:
        """Those that are switched on."""
        return self._hooks.values()

    def hook(self, webhook_id: int) -> Hook | None:
        """Return one that is switched on."""
        return self._hooks.get(webhook_id)

    def concerned(self, repository: str) -> list[Hook]:
        """Return those whose project an event is about, by what the outbox calls its repository."""
        return [hook for hook in self._hooks.values() if concerns(hook.row.project, repository)]

    def _hook(self, row: Webhook) -> Hook:
        try:
            return Hook(row, document_of(row), unseal(self._sealer, row.id, row.sealed))
        except (SealBroken, msgspec.MsgspecError) as error:
            # Others must be told all the same; its deliveries fail with the reason.
            return Hook(row, _NOTHING, HookSecrets(), str(error))


_NOTHING = HookDocument("http://localhost/")
