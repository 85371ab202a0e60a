"""Webhook policies of projects in Harbor's words."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.oci.errors import Code, Fault
from entrepot.rules.documents import read
from entrepot.rules.notifications.document import HookDocument
from entrepot.rules.notifications.formats import HARBOR, HARBOR_CLOUDEVENTS, SLACK
from entrepot.rules.notifications.harbor import KINDS_OF
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Order
from entrepot.services.notes import NoteService
from entrepot.services.numbers import PROJECT, NumberService
from entrepot.services.projects import ProjectService
from entrepot.services.webhooks import (
    OF_PROJECT_MAX,
    HookView,
    NewWebhook,
    WebhookChange,
    WebhookService,
)

from .answers import NotHere, created, done, moment
from .api import Call, Route
from .registries import HIDDEN
from .tables import Table, part_of, query_of

TAG = "Webhooks"
HTTP = "http"
DEFAULT, CLOUDEVENTS = "Default", "CloudEvents"
EVENTS_NOTE = "webhook.events"
"""Notes of which events were asked for: some stand for none of our kinds."""

_FORMATS = {(HTTP, DEFAULT): HARBOR, (HTTP, CLOUDEVENTS): HARBOR_CLOUDEVENTS, (SLACK, ""): SLACK}
_SHOWN = {ours: theirs for theirs, ours in _FORMATS.items()}
HERE = tuple(event for event, kinds in KINDS_OF.items() if kinds)
"""Events that are sent."""


class WebhookTarget(msgspec.Struct, omit_defaults=True):
    """Where events are sent, and how; an authorization is never shown."""

    type: str | None = None
    address: str | None = None
    auth_header: str | None = None
    skip_cert_verify: bool | None = None
    payload_format: str | None = None


class WebhookBody(msgspec.Struct):
    """A policy to be kept."""

    name: str | None = None
    description: str | None = None
    targets: list[WebhookTarget] | None = None
    event_types: list[str] | None = None
    enabled: bool | None = None


class WebhookPolicy(msgspec.Struct):
    """A policy: what is sent where."""

    id: int
    name: str
    description: str
    project_id: int
    targets: list[WebhookTarget]
    event_types: list[str]
    creator: str
    creation_time: str
    update_time: str
    enabled: bool


TABLE: Table[HookView] = Table(
    {
        "creation_time": lambda one: one.row.created_at,
        "enabled": lambda one: one.row.enabled,
        "id": lambda one: one.row.id,
        "name": lambda one: one.row.name,
        "update_time": lambda one: one.row.changed_at,
    },
    (Order("creation_time", descending=True), Order("id", descending=True)),
    frozenset({"creation_time", "update_time"}),
)


class Webhooks:
    """Answers about webhook policies."""

    def __init__(
        self,
        hooks: WebhookService,
        notes: NoteService,
        numbers: NumberService,
        projects: ProjectService,
    ) -> None:
        self._hooks = hooks
        self._projects = projects
        self._notes = notes
        self._numbers = numbers

    async def of_project(self, call: Call) -> list[HookView]:
        """Return the webhooks of the path's project, or raise `Fault(NOT_FOUND)`."""
        project = await self._projects.find(call.parts["project"])
        return await self._hooks.page(project.name, 0, OF_PROJECT_MAX)

    async def named(self, call: Call) -> HookView:
        """Return the path's webhook, or raise `Fault(NOT_FOUND)`."""
        number = call.id("policy")
        try:
            view = await self._hooks.find(number)
        except Fault as fault:
            raise _missing(number) from fault
        if view.row.project != call.parts["project"]:
            raise _missing(number)
        return view

    async def list_all(self, call: Call) -> Response:
        """List policies."""
        rows = await self.of_project(call)
        found = TABLE.select(rows, query_of(call), call.text("sort") or "")
        items = [await self._shown(view) for view in part_of(call, found)]
        return call.listed(items, len(found))

    async def create(self, call: Call) -> Response:
        """Make a policy."""
        given = await call.fields(WebhookBody)
        target, document = _document(given)
        new = NewWebhook(
            given.name or "",
            call.parts["project"],
            document,
            enabled=bool(given.enabled),
            authorization=target.auth_header or "",
        )
        view, _ = await self._hooks.create(new, call.caller)
        await self._note(view.row.id, given)
        return created(f"{call.place}/{view.row.id}")

    async def get(self, call: Call) -> Response:
        """Return a policy."""
        return json_response(200, await self._shown(await self.named(call)))

    async def update(self, call: Call) -> Response:
        """Write a policy anew."""
        given = await call.fields(WebhookBody)
        view = await self.named(call)
        target, document = _document(given)
        hidden = target.auth_header == HIDDEN
        change = WebhookChange(
            name=given.name or None,
            document=document,
            enabled=bool(given.enabled),
            authorization=None if hidden else target.auth_header or "",
        )
        await self._hooks.change(view.row.id, change, call.caller)
        await self._note(view.row.id, given)
        return done()

    async def remove(self, call: Call) -> Response:
        """Remove a policy."""
        view = await self.named(call)
        await self._hooks.remove(view.row.id, call.caller)
        await self._notes.put(EVENTS_NOTE, str(view.row.id), "")
        return done()

    async def events(self, _: Call) -> Response:
        """Tell what can be sent, and how."""
        formats = [
            {"notify_type": HTTP, "formats": [DEFAULT, CLOUDEVENTS]},
            {"notify_type": SLACK, "formats": [DEFAULT]},
        ]
        found = {"event_type": [*HERE], "notify_type": [HTTP, SLACK], "payload_formats": formats}
        return json_response(200, found)

    async def _note(self, webhook_id: int, given: WebhookBody) -> None:
        events = ",".join(given.event_types or ())
        await self._notes.put(EVENTS_NOTE, str(webhook_id), events)

    async def _shown(self, view: HookView) -> WebhookPolicy:
        row, document = view.row, view.document
        name = str(row.id)
        noted = (await self._notes.of(EVENTS_NOTE, [name])).get(name, "")
        kind, layout = _SHOWN.get(document.format, (HTTP, document.format))
        target = WebhookTarget(
            type=kind,
            address=document.url,
            auth_header=HIDDEN if view.has_authorization else None,
            skip_cert_verify=not document.verify_tls,
            payload_format=layout or None,
        )
        return WebhookPolicy(
            id=row.id,
            name=row.name,
            description=document.description,
            project_id=await self._numbers.one(PROJECT, row.project),
            targets=[target],
            event_types=_events(document, noted.split(",") if noted else []),
            creator=row.changed_by,
            creation_time=moment(row.created_at),
            update_time=moment(row.changed_at),
            enabled=row.enabled,
        )


def webhook_routes(here: Webhooks) -> list[Route]:
    """Return what is served of policies; `webhookruns` has what was sent."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    base = "/projects/{project_id}/webhook"
    policies = f"{base}/policies"
    one = f"{policies}/{{policy}}"
    reads, manages = Permission.WEBHOOK_READ, Permission.WEBHOOK_MANAGE
    body, shown = WebhookBody, WebhookPolicy
    listed = about("List webhook policies", gives=list[WebhookPolicy])
    made = about("Create a webhook policy", takes=body, status=201, errors=(400, 409, 412))
    changed = about("Update a webhook policy", takes=body, errors=(400, 404, 409, 412))
    got = about("Get a webhook policy", gives=shown, errors=(404,))
    return [
        Route("GET", policies, here.list_all, reads, listed),
        Route("POST", policies, here.create, manages, made),
        Route("GET", one, here.get, reads, got),
        Route("PUT", one, here.update, manages, changed),
        Route("DELETE", one, here.remove, manages, about("Delete a webhook policy")),
        Route("GET", f"{base}/events", here.events, reads, about("List webhook events")),
    ]


def event_of(kind: str) -> str:
    """Return the event that a kind of ours stands for; empty for none."""
    return next((event for event, kinds in KINDS_OF.items() if kind in kinds), "")


def _document(given: WebhookBody) -> tuple[WebhookTarget, HookDocument]:
    """Return the target, and a webhook in our words; `Fault(REQUEST_INVALID)` for what is none."""
    targets = given.targets or []
    if len(targets) != 1:
        raise Fault(
            Code.REQUEST_INVALID,
            f"a webhook policy has one target, not {len(targets)}: make one policy for each",
        )
    (target,) = targets
    kind = target.type or HTTP
    layout = "" if kind == SLACK else target.payload_format or DEFAULT
    form = _FORMATS.get((kind, layout))
    if form is None:
        raise Fault(
            Code.REQUEST_INVALID,
            f"unsupported notify type {kind[:20]!a} with payload format {layout[:20]!a}: use "
            f"{HTTP} with {DEFAULT} or {CLOUDEVENTS}, or {SLACK}",
        )
    events = given.event_types or []
    unknown = next((one for one in events if one not in KINDS_OF), None)
    if unknown is not None or not events:
        raise Fault(
            Code.REQUEST_INVALID,
            f"unsupported event type {(unknown or '')[:40]!a}: use {', '.join(KINDS_OF)}",
        )
    kinds = dict.fromkeys(kind for one in events for kind in KINDS_OF[one])
    if not kinds:
        raise NotHere(f"do what {', '.join(events)} tells of")
    document = {
        "url": target.address or "",
        "format": form,
        "events": [*kinds],
        "verify_tls": not target.skip_cert_verify,
        "description": given.description or "",
    }
    return target, read(document, HookDocument, "webhook")


def _events(document: HookDocument, noted: list[str]) -> list[str]:
    """Return the events of a webhook: as they were asked for, unless it was changed since."""
    kinds = {kind for one in noted for kind in KINDS_OF.get(one, ())}
    if noted and kinds == {*document.events}:
        return noted
    if not document.events:
        return [one for one in HERE if one != "PULL_ARTIFACT"]
    return [one for one in HERE if {*KINDS_OF[one]} & {*document.events}]


def _missing(number: int) -> Fault:
    return Fault(Code.NOT_FOUND, f"webhook policy id: {number} not found in this project")
