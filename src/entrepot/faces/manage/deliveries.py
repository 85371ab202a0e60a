"""The log of deliveries over HTTP, and sending again."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.webhooks import WAITING, Delivery, State, Webhook
from entrepot.rules.areas import Target
from entrepot.rules.notifications.notice import from_text
from entrepot.rules.permissions import Permission
from entrepot.services.deliveries import DeliveryService
from entrepot.services.webhooks import WebhookService

from .about import About, Argument, Cursor, Moment, Nothing, Page
from .api import Call, Route, maybe, moment, page
from .callers import Need
from .jobs import number_of


class DeliveryShown(msgspec.Struct, kw_only=True):
    """An event on its way to a webhook, or what became of it."""

    id: int
    webhook: int
    event: int
    """The event's sequence; 0 for a test."""
    again: bool
    """Whether it was sent before, or is a test."""
    kind: str
    repository: str
    state: str
    """`open`, `delivered` or `failed`."""
    attempts: int
    next_at: Moment | None
    """When it is tried next; null while another one of its repository goes first."""
    status: int | None
    """What the receiver last answered; null where it did not."""
    error: str
    created_at: Moment
    ended_at: Moment | None


class DeliveryDetail(DeliveryShown, kw_only=True):
    """A delivery with its body, as it is written now."""

    payload: Any


def delivery_routes(hooks: WebhookService, deliveries: DeliveryService) -> list[Route]:
    """Return what is served of deliveries."""

    async def list_all(call: Call) -> Response:
        view = await hooks.find(number_of(call, "webhook"))
        await call.require(Permission.WEBHOOK_READ, Target(view.row.project))
        limit, before = call.limit(), call.number("before", 0) or None
        state = _state(call.text("state"))
        found = await deliveries.page(view.row.id, state, before, limit)
        items = [shown_delivery(one) for one in found]
        return page(items, found[-1].id if len(found) == limit else None)

    async def named(call: Call, permission: Permission) -> tuple[Delivery, Webhook]:
        delivery, row = await deliveries.find(number_of(call, "delivery"))
        await call.require(permission, Target(row.project))
        return delivery, row

    async def get(call: Call) -> Response:
        delivery, row = await named(call, Permission.WEBHOOK_READ)
        shown = msgspec.structs.asdict(shown_delivery(delivery))
        payload = msgspec.Raw(deliveries.payload(delivery, row))
        return json_response(200, DeliveryDetail(**shown, payload=payload))

    async def redeliver(call: Call) -> Response:
        delivery, _ = await named(call, Permission.WEBHOOK_MANAGE)
        await call.body(Nothing)
        return json_response(
            202, shown_delivery(await deliveries.redeliver(delivery.id, call.caller))
        )

    one = "/deliveries/{delivery}"
    return [
        Route("GET", "/webhooks/{webhook}/deliveries", list_all, Need.LOGIN, told=_LIST),
        Route("GET", one, get, Need.LOGIN, told=_GET),
        Route("POST", f"{one}/redeliver", redeliver, Need.LOGIN, told=_REDELIVER),
    ]


def shown_delivery(one: Delivery) -> DeliveryShown:
    """Return a delivery as JSON has it."""
    waits = one.state is State.OPEN and one.next_at < WAITING
    return DeliveryShown(
        id=one.id,
        webhook=one.webhook_id,
        event=from_text(one.body).sequence,
        again=one.sequence < 0,
        kind=one.kind,
        repository=one.repository,
        state=one.state.value,
        attempts=one.attempt,
        next_at=moment(one.next_at) if waits else None,
        status=one.status,
        error=one.error,
        created_at=moment(one.created_at),
        ended_at=maybe(one.ended_at),
    )


def _state(text: str | None) -> State | None:
    if not text:
        return None
    if text not in {state.value for state in State}:
        raise Fault(
            Code.REQUEST_INVALID,
            f"state is '{text[:20]}': write {', '.join(state.value for state in State)}",
            {"state": text[:20]},
        )
    return State(text)


_LIST = About(
    "List deliveries of a webhook",
    gives=Page[DeliveryShown],
    query=(Argument("state", "Only those `open`, `delivered` or `failed`.", State),),
    errors=(404,),
    pages="before",
    cursor=Cursor,
    tag="deliveries",
    text="Newest first.",
)
_GET = About("Show a delivery", gives=DeliveryDetail, errors=(404,), tag="deliveries")
_REDELIVER = About(
    "Send a delivery again",
    takes=Nothing,
    gives=DeliveryShown,
    status=202,
    errors=(404, 409),
    tag="deliveries",
)
