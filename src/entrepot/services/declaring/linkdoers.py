"""Who makes, changes and removes labels, registries, replication and webhooks."""

from dataclasses import replace
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.rules.declaring.copies import entry_of, policy_of
from entrepot.rules.declaring.difference import Step, Verb
from entrepot.rules.declaring.items import Item
from entrepot.rules.labels import LabelText
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.remotes import RemoteText
from entrepot.rules.replication import parse
from entrepot.services.authority import Acting
from entrepot.services.labels import LabelService
from entrepot.services.remotes import RemoteService
from entrepot.services.replication import ReplicationService, Wanted
from entrepot.services.webhooks import HookView, NewWebhook, WebhookChange, WebhookService

PAGE = 1000


class LabelDoer:
    """Labels of projects and of the registry."""

    def __init__(self, labels: LabelService) -> None:
        self._labels = labels

    async def do(self, step: Step, by: Acting) -> None:
        item, fields = step.item, step.fields
        if step.verb is Verb.ADD:
            await self._labels.create(item.project, LabelText(item.name, **fields), by.caller)
            return
        known = {label.name: label.id for label in await self._labels.of(item.project)}
        label_id = _there(known.get(item.name), item)
        if step.verb is Verb.REMOVE:
            await self._labels.remove(label_id, by.caller)
        else:
            await self._labels.change(label_id, by.caller, **fields)


class RegistryDoer:
    """Other registries, but for their secrets."""

    def __init__(self, remotes: RemoteService) -> None:
        self._remotes = remotes

    async def do(self, step: Step, by: Acting) -> None:
        name, fields = step.item.name, step.fields
        if "type" in fields:
            fields["kind"] = fields.pop("type")
        if step.verb is Verb.ADD:
            await self._remotes.create(RemoteText(name, **fields), "", by.caller)
            return
        found = await self._remotes.by_name(name)
        remote_id = _there(found.id if found else None, step.item)
        if step.verb is Verb.REMOVE:
            await self._remotes.remove(remote_id, by.caller)
        elif found is not None:
            text = RemoteText(
                name, found.url, found.kind, found.description, found.account, found.insecure
            )
            await self._remotes.change(remote_id, replace(text, **fields), None, by.caller)


class ReplicationDoer:
    """What of projects is copied to other registries."""

    def __init__(self, replication: ReplicationService, remotes: RemoteService) -> None:
        self._replication = replication
        self._remotes = remotes

    async def do(self, step: Step, by: Acting) -> None:
        item, fields = step.item, step.fields
        if step.verb is Verb.ADD:
            await self._replication.create(await self._wanted(item, fields), by.caller)
            return
        row = await self._replication.by_name(item.name)
        policy_id = _there(row.id if row else None, item)
        if step.verb is Verb.REMOVE:
            await self._replication.remove(policy_id, by.caller)
        elif row is not None:
            remote = await self._remotes.find(row.remote_id)
            policy = parse(msgspec.json.decode(row.document))
            before = entry_of(policy, remote.name, enabled=row.enabled)
            # What an entry cannot say was not shown as one of the project's.
            said = before[1] if before is not None and before[0] == item.project else {}
            wanted = await self._wanted(item, {**said, **fields})
            await self._replication.change(policy_id, wanted, by.caller)

    async def _wanted(self, item: Item, fields: dict[str, Any]) -> Wanted:
        remote = await self._remotes.by_name(fields["registry"])
        if remote is None:
            raise Fault(
                Code.REQUEST_INVALID,
                f"there is no registry {fields['registry'][:80]!a}: declare it below registries",
            )
        document = policy_of(item.project, fields)
        return Wanted(item.name, remote.id, document, enabled=fields.get("enabled", True))


class WebhookDoer:
    """Webhooks of projects; what proves who tells is made here, and given by a rotation."""

    def __init__(self, webhooks: WebhookService) -> None:
        self._webhooks = webhooks

    async def do(self, step: Step, by: Acting) -> None:
        item, fields = step.item, step.fields
        enabled = fields.pop("enabled", None)
        if step.verb is Verb.ADD:
            document = _hook(fields)
            on = enabled is not False
            await self._webhooks.create(
                NewWebhook(item.name, item.project, document, enabled=on), by.caller
            )
            return
        view = await self._found(item)
        if step.verb is Verb.REMOVE:
            await self._webhooks.remove(view.row.id, by.caller)
            return
        document = _hook({**msgspec.to_builtins(view.document), **fields})
        change = WebhookChange(document=document, enabled=enabled)
        await self._webhooks.change(view.row.id, change, by.caller)

    async def _found(self, item: Item) -> HookView:
        views = await self._webhooks.page(item.project, 0, PAGE)
        found = next((view for view in views if view.row.name == item.name), None)
        if found is None:
            raise _gone(item)
        return found


def _hook(fields: dict[str, Any]) -> HookDocument:
    try:
        return msgspec.convert(fields, HookDocument)
    except msgspec.ValidationError as error:
        raise Fault(Code.REQUEST_INVALID, f"the webhook is not right: {error}") from None


def _there(found: int | None, item: Item) -> int:
    if found is None:
        raise _gone(item)
    return found


def _gone(item: Item) -> Fault:
    return Fault(Code.NOT_FOUND, f"{item.kind} {item.name} is not there any more: plan again")
