"""Webhooks over HTTP: made, changed, tested, replayed."""

from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.areas import Target
from entrepot.rules.notifications.document import AUTHORIZATION_MAX, HookDocument, shown_url
from entrepot.rules.notifications.kinds import KINDS
from entrepot.rules.permissions import Permission
from entrepot.services.deliveries import DeliveryService
from entrepot.services.hooksecrets import OVERLAP_MAX_SECONDS
from entrepot.services.webhooks import (
    HookView,
    NewWebhook,
    WebhookChange,
    WebhookService,
)

from .about import About, Argument, Cursor, Moment, Nothing, Page
from .api import Call, Route, moment, page
from .callers import Need
from .deliveries import DeliveryShown, shown_delivery
from .jobs import number_of

_Name = Annotated[str, Meta(max_length=128)]
_Project = Annotated[str, Meta(max_length=255)]
_Url = Annotated[str, Meta(max_length=2048)]
_Kinds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=len(KINDS))]
_Patterns = Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=16)]
_Secret = Annotated[str, Meta(max_length=256)]
_Authorization = Annotated[str, Meta(max_length=AUTHORIZATION_MAX)]
_Text = Annotated[str, Meta(max_length=1024)]


class NewWebhookBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A webhook to make; without a project it is told of the whole registry."""

    name: _Name
    url: _Url
    project: _Project = ""
    format: _Name = "cloudevents"
    events: _Kinds = []
    """Empty for all but pulls."""
    repositories: _Patterns = []
    """Patterns of full names; empty for all."""
    tags: _Patterns = []
    verify_tls: bool = True
    description: _Text = ""
    enabled: bool = True
    secret: _Secret = ""
    """What signs; left out, one is made where the format is signed."""
    authorization: _Authorization = ""
    """Sent as the Authorization header."""


class WebhookChangeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What changes; what is left out stays."""

    name: _Name | None = None
    url: _Url | None = None
    format: _Name | None = None
    events: _Kinds | None = None
    repositories: _Patterns | None = None
    tags: _Patterns | None = None
    verify_tls: bool | None = None
    description: _Text | None = None
    enabled: bool | None = None
    secret: _Secret | None = None
    """Empty to sign no more."""
    authorization: _Authorization | None = None


class WebhookRotation(msgspec.Struct, forbid_unknown_fields=True):
    """How long the old secret signs beside the new one."""

    overlap_seconds: Annotated[float, Meta(ge=0, le=OVERLAP_MAX_SECONDS)] = 86400.0


class ReplayBody(msgspec.Struct, forbid_unknown_fields=True):
    """From where on events are sent again: those after this sequence."""

    after: Annotated[int, Meta(ge=0)]


class Webhook(msgspec.Struct, kw_only=True):
    """Whom events are told."""

    id: int
    project: str
    """Empty for one of the registry."""
    name: str
    enabled: bool
    url: str
    """Its host alone for those who may not change it."""
    format: str
    events: list[str]
    repositories: list[str]
    tags: list[str]
    verify_tls: bool
    description: str
    has_secret: bool
    has_authorization: bool
    catching_up: bool
    """Whether it is being sent what was before."""
    created_at: Moment
    changed_at: Moment
    changed_by: str


class MadeWebhook(Webhook, kw_only=True):
    """A webhook with its new secret, which is told this once; empty where none was made."""

    secret: str


class Replayed(msgspec.Struct, kw_only=True):
    """What is sent again."""

    after: int
    upto: int
    lacking: bool
    """Whether some of these events are not kept any more."""


def webhook_routes(hooks: WebhookService, deliveries: DeliveryService) -> list[Route]:
    """Return what is served of webhooks; who may do what depends on whose they are."""
    return [*_lists(hooks), *_each(hooks), *_acts(hooks, deliveries)]


def _lists(hooks: WebhookService) -> list[Route]:
    async def listed(call: Call, project: str | None) -> Response:
        limit = call.limit()
        found = await hooks.page(project, call.number("after", 0), limit + 1)
        full = await call.may(Permission.WEBHOOK_MANAGE, Target(project or ""))
        items = [_shown(view, full=full) for view in found[:limit]]
        return page(items, items[-1].id if len(found) > limit else None)

    async def list_all(call: Call) -> Response:
        # All of them, those of a project, or with an empty one those of the registry.
        project = call.text("project")
        await call.require(Permission.WEBHOOK_READ, Target(project or ""))
        return await listed(call, project)

    async def list_project(call: Call) -> Response:
        return await listed(call, call.parts["project"])

    async def made(call: Call, body: NewWebhookBody, project: str) -> Response:
        view, secret = await hooks.create(_new(body, project), call.caller)
        shown = _shown(view, full=True)
        return json_response(201, MadeWebhook(**msgspec.structs.asdict(shown), secret=secret))

    async def create(call: Call) -> Response:
        body = await call.body(NewWebhookBody)
        await call.require(Permission.WEBHOOK_MANAGE, Target(body.project))
        return await made(call, body, body.project)

    async def create_in(call: Call) -> Response:
        return await made(call, await call.body(NewWebhookBody), call.parts["project"])

    below, read, manage = (
        "/projects/{project}/webhooks",
        Permission.WEBHOOK_READ,
        Permission.WEBHOOK_MANAGE,
    )
    return [
        Route("GET", "/webhooks", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/webhooks", create, Need.LOGIN, told=_CREATE),
        Route("GET", below, list_project, read, told=_LIST_PROJECT),
        Route("POST", below, create_in, manage, told=_CREATE_IN),
    ]


def _each(hooks: WebhookService) -> list[Route]:
    async def get(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_READ)
        full = await call.may(Permission.WEBHOOK_MANAGE, Target(view.row.project))
        return json_response(200, _shown(view, full=full))

    async def change(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_MANAGE)
        body = await call.body(WebhookChangeBody)
        changed = await hooks.change(view.row.id, _change(body, view.document), call.caller)
        return json_response(200, _shown(changed, full=True))

    async def remove(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_MANAGE)
        await hooks.remove(view.row.id, call.caller)
        return Response(204)

    async def rotate(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_MANAGE)
        body = await call.body(WebhookRotation)
        view, secret = await hooks.rotate(
            view.row.id, call.caller, overlap_seconds=body.overlap_seconds
        )
        shown = _shown(view, full=True)
        return json_response(200, MadeWebhook(**msgspec.structs.asdict(shown), secret=secret))

    one = "/webhooks/{webhook}"
    return [
        Route("GET", one, get, Need.LOGIN, told=_GET),
        Route("PATCH", one, change, Need.LOGIN, told=_CHANGE),
        Route("DELETE", one, remove, Need.LOGIN, told=_REMOVE),
        Route("POST", f"{one}/rotate", rotate, Need.LOGIN, told=_ROTATE),
    ]


def _acts(hooks: WebhookService, deliveries: DeliveryService) -> list[Route]:
    async def test(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_MANAGE)
        await call.body(Nothing)
        return json_response(202, shown_delivery(await deliveries.test(view.row.id, call.caller)))

    async def replay(call: Call) -> Response:
        view = await named(call, hooks, Permission.WEBHOOK_MANAGE)
        body = await call.body(ReplayBody)
        found = await deliveries.replay(view.row.id, body.after, call.caller)
        return json_response(
            202, Replayed(after=found.after, upto=found.upto, lacking=found.lacking)
        )

    one = "/webhooks/{webhook}"
    return [
        Route("POST", f"{one}/test", test, Need.LOGIN, told=_TEST),
        Route("POST", f"{one}/replay", replay, Need.LOGIN, told=_REPLAY),
    ]


async def named(call: Call, hooks: WebhookService, permission: Permission) -> HookView:
    """Return the path's webhook, if the caller may do this to it."""
    view = await hooks.find(number_of(call, "webhook"))
    await call.require(permission, Target(view.row.project))
    return view


def _new(body: NewWebhookBody, project: str) -> NewWebhook:
    document = HookDocument(
        body.url,
        body.format,
        tuple(body.events),
        tuple(body.repositories),
        tuple(body.tags),
        body.verify_tls,
        body.description,
    )
    return NewWebhook(body.name, project, document, body.enabled, body.secret, body.authorization)


def _change(body: WebhookChangeBody, document: HookDocument) -> WebhookChange:
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name in HookDocument.__struct_fields__
        if (value := getattr(body, name)) is not None
    }
    return WebhookChange(
        body.name,
        msgspec.structs.replace(document, **given) if given else None,
        body.enabled,
        body.secret,
        body.authorization,
    )


def _shown(view: HookView, *, full: bool) -> Webhook:
    row, document = view.row, view.document
    return Webhook(
        id=row.id,
        project=row.project,
        name=row.name,
        enabled=row.enabled,
        url=document.url if full else shown_url(document.url),
        format=document.format,
        events=list(document.events),
        repositories=list(document.repositories),
        tags=list(document.tags),
        verify_tls=document.verify_tls,
        description=document.description,
        has_secret=view.has_secret,
        has_authorization=view.has_authorization,
        catching_up=row.behind is not None,
        created_at=moment(row.created_at),
        changed_at=moment(row.changed_at),
        changed_by=row.changed_by,
    )


_OF = "Those of one project; empty for those of the registry; left out, all."
_LIST = About(
    "List webhooks",
    gives=Page[Webhook],
    query=(Argument("project", _OF),),
    pages="after",
    cursor=Cursor,
    tag="webhooks",
)
_LIST_PROJECT = About(
    "List webhooks of a project",
    gives=Page[Webhook],
    pages="after",
    cursor=Cursor,
    tag="webhooks",
)
_CREATE = About(
    "Make a webhook",
    takes=NewWebhookBody,
    gives=MadeWebhook,
    status=201,
    errors=(404, 409),
    tag="webhooks",
    secret=True,
)
_CREATE_IN = About(
    "Make a webhook of a project",
    takes=NewWebhookBody,
    gives=MadeWebhook,
    status=201,
    errors=(404, 409),
    tag="webhooks",
    secret=True,
    text="The project of the address counts, not that of the body.",
)
_GET = About("Show a webhook", gives=Webhook, errors=(404,), tag="webhooks")
_CHANGE = About(
    "Change a webhook", takes=WebhookChangeBody, gives=Webhook, errors=(404, 409), tag="webhooks"
)
_REMOVE = About("Remove a webhook", status=204, errors=(404,), tag="webhooks")
_ROTATE = About(
    "Make a new secret for a webhook",
    takes=WebhookRotation,
    gives=MadeWebhook,
    errors=(404, 405),
    tag="webhooks",
    secret=True,
)
_TEST = About(
    "Send a test to a webhook",
    takes=Nothing,
    gives=DeliveryShown,
    status=202,
    errors=(404, 409),
    tag="webhooks",
    text="The delivery says a moment later what was answered.",
)
_REPLAY = About(
    "Send events to a webhook again",
    takes=ReplayBody,
    gives=Replayed,
    status=202,
    errors=(404,),
    tag="webhooks",
)
