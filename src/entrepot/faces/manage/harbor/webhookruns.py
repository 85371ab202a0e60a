"""What was sent to webhooks, as Harbor's executions, tasks and jobs."""

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.oci.errors import Code, Fault
from entrepot.ports.webhooks import Delivery, State
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import words
from entrepot.services.deliveries import DeliveryService
from entrepot.services.webhooks import HookView

from .answers import EPOCH, Unprocessable, moment
from .api import Call, Route
from .tables import part_of, query_of
from .webhooks import HERE, TAG, Webhooks, event_of

DELIVERIES_MAX = 1000
"""Newest deliveries of a webhook that are looked at for a list."""
LOOKED_MAX = 100
"""Those looked at for when each event was last sent."""
_STATUS = {State.OPEN: "Running", State.DELIVERED: "Success", State.FAILED: "Error"}


class WebhookLastTrigger(msgspec.Struct):
    """When an event was last sent to a webhook."""

    policy_name: str
    event_type: str
    enabled: bool
    creation_time: str
    last_trigger_time: str


class WebhookJob(msgspec.Struct):
    """One event that was sent."""

    id: int
    policy_id: int
    event_type: str
    notify_type: str
    status: str
    job_detail: str
    creation_time: str
    update_time: str


class Metrics(msgspec.Struct, omit_defaults=True):
    """How many tasks there are in which state."""

    task_count: int = 0
    success_task_count: int = 0
    error_task_count: int = 0
    running_task_count: int = 0


class Execution(msgspec.Struct):
    """One event that was sent, as an execution with a single task."""

    id: int
    vendor_type: str
    vendor_id: int
    status: str
    status_message: str
    metrics: Metrics
    trigger: str
    extra_attrs: dict[str, Any]
    start_time: str
    end_time: str


class Task(msgspec.Struct):
    """The sending of an event."""

    id: int
    execution_id: int
    status: str
    status_message: str
    run_count: int
    extra_attrs: dict[str, Any]
    creation_time: str
    update_time: str
    start_time: str
    end_time: str


class WebhookRuns:
    """Answers about what was sent."""

    def __init__(self, webhooks: Webhooks, deliveries: DeliveryService) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def last_trigger(self, call: Call) -> Response:
        """Tell when each event was last sent."""
        found = []
        for view in await self._webhooks.of_project(call):
            sent = await self._deliveries.page(view.row.id, None, None, LOOKED_MAX)
            found += _last(view, sent)
        return json_response(200, found)

    async def jobs(self, call: Call) -> Response:
        """List what was sent to a webhook, the newest first."""
        number = call.number("policy_id", 0)
        views = [one for one in await self._webhooks.of_project(call) if one.row.id == number]
        if not number:
            raise Unprocessable("policy_id in query is required")
        if not views:
            raise Fault(Code.NOT_FOUND, f"webhook policy id: {number} not found in this project")
        (view,) = views
        found = await self._sent(call, view)
        items = [self._job(view, one) for one in part_of(call, found)]
        return call.listed(items, len(found))

    async def executions(self, call: Call) -> Response:
        """List what was sent to a webhook, as executions."""
        view = await self._webhooks.named(call)
        found = await self._sent(call, view)
        items = [self._execution(view, one) for one in part_of(call, found)]
        return call.listed(items, len(found))

    async def tasks(self, call: Call) -> Response:
        """List the one task of an execution."""
        view = await self._webhooks.named(call)
        one = await self._found(call, view)
        return call.listed(part_of(call, [self._task(view, one)]), 1)

    async def log(self, call: Call) -> Response:
        """Tell what became of what was sent."""
        one = await self._found(call, await self._webhooks.named(call))
        if call.id("task") != one.id:
            raise Fault(Code.NOT_FOUND, f"task {call.id('task')} not found in execution {one.id}")
        ended = moment(one.ended_at) if one.ended_at else moment(one.created_at)
        status = f"status {one.status}" if one.status else "no answer"
        text = f"{ended} {_STATUS[one.state]}: {one.attempt} attempts, {status} {one.error}\n"
        response = Response(200, body=text.encode())
        response.set("Content-Type", "text/plain; charset=utf-8")
        return response

    async def _sent(self, call: Call, view: HookView) -> list[Delivery]:
        found = await self._deliveries.page(view.row.id, None, None, DELIVERIES_MAX)
        wanted = query_of(call).get("status")
        asked = {*words(wanted)} if wanted is not None else {*call.request.query.get("status", ())}
        return [one for one in found if not asked or _STATUS[one.state] in asked]

    async def _found(self, call: Call, view: HookView) -> Delivery:
        delivery, row = await self._deliveries.find(call.id("run"))
        if row.id != view.row.id:
            raise Fault(
                Code.NOT_FOUND, f"execution {delivery.id} not found in policy {view.row.id}"
            )
        return delivery

    def _payload(self, view: HookView, one: Delivery) -> str:
        return self._deliveries.payload(one, view.row).decode()

    def _extra(self, view: HookView, one: Delivery) -> dict[str, Any]:
        return {
            "event_type": event_of(one.kind) or one.kind,
            "payload": self._payload(view, one),
        }

    def _job(self, view: HookView, one: Delivery) -> WebhookJob:
        return WebhookJob(
            id=one.id,
            policy_id=view.row.id,
            event_type=event_of(one.kind) or one.kind,
            notify_type="slack" if view.document.format == "slack" else "http",
            status=_STATUS[one.state],
            job_detail=self._payload(view, one),
            creation_time=moment(one.created_at),
            update_time=moment(one.ended_at or one.created_at),
        )

    def _execution(self, view: HookView, one: Delivery) -> Execution:
        counts = {
            State.OPEN: Metrics(1, running_task_count=1),
            State.DELIVERED: Metrics(1, success_task_count=1),
            State.FAILED: Metrics(1, error_task_count=1),
        }
        return Execution(
            id=one.id,
            vendor_type="SLACK" if view.document.format == "slack" else "WEBHOOK",
            vendor_id=view.row.id,
            status=_STATUS[one.state],
            status_message=one.error,
            metrics=counts[one.state],
            trigger="EVENT",
            extra_attrs=self._extra(view, one),
            start_time=moment(one.created_at),
            end_time=moment(one.ended_at) if one.ended_at else EPOCH,
        )

    def _task(self, view: HookView, one: Delivery) -> Task:
        return Task(
            id=one.id,
            execution_id=one.id,
            status=_STATUS[one.state],
            status_message=one.error,
            run_count=one.attempt,
            extra_attrs=self._extra(view, one),
            creation_time=moment(one.created_at),
            update_time=moment(one.ended_at or one.created_at),
            start_time=moment(one.created_at),
            end_time=moment(one.ended_at) if one.ended_at else EPOCH,
        )


def webhook_run_routes(here: WebhookRuns) -> list[Route]:
    """Return what is served of what was sent."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    base, needs = "/projects/{project_id}/webhook", Permission.WEBHOOK_READ
    runs = f"{base}/policies/{{policy}}/executions"
    tasks = f"{runs}/{{run}}/tasks"
    last = about("List when webhooks were last triggered", gives=list[WebhookLastTrigger])
    jobs = about("List webhook jobs", gives=list[WebhookJob], errors=(404, 422))
    executions = about("List executions of a webhook policy", gives=list[Execution])
    listed = about("List tasks of a webhook execution", gives=list[Task], errors=(404,))
    log = about("Get the log of a webhook task", media="text/plain", errors=(404,))
    return [
        Route("GET", f"{base}/lasttrigger", here.last_trigger, needs, last),
        Route("GET", f"{base}/jobs", here.jobs, needs, jobs),
        Route("GET", runs, here.executions, needs, executions),
        Route("GET", tasks, here.tasks, needs, listed),
        Route("GET", f"{tasks}/{{task}}/log", here.log, needs, log),
    ]


def _last(view: HookView, sent: Sequence[Delivery]) -> list[WebhookLastTrigger]:
    row = view.row
    found = []
    for event in HERE:
        if view.document.events and not any(event_of(one) == event for one in view.document.events):
            continue
        times = [one.created_at for one in sent if event_of(one.kind) == event]
        found.append(
            WebhookLastTrigger(
                row.name,
                event,
                row.enabled,
                moment(row.created_at),
                moment(max(times)) if times else EPOCH,
            )
        )
    return found
