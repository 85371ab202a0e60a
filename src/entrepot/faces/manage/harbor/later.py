"""What Harbor has and this version has not, said truthfully."""

from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.services.numbers import PROJECT, NumberService

from .answers import NotHere
from .api import Call, Route
from .artifacts import ONE
from .artifactviews import Views
from .tables import empty

PREHEAT = "Preheat"
SCANS = "Scans"


class Later:
    """Answers about what there is not."""

    def __init__(self, views: Views, numbers: NumberService) -> None:
        self._views = views
        self._numbers = numbers

    async def scan(self, call: Call) -> Response:
        """Say that there is no scanner."""
        item = await self._views.find(call)
        number = await self._numbers.one(PROJECT, item.repository.project)
        raise Fault(Code.PRECONDITION, f"no available scanner for project: {number}")

    async def report(self, call: Call) -> Response:
        """Say that there is no report."""
        await self._views.find(call)
        raise Fault(Code.NOT_FOUND, f"no scan report {call.parts['report'][:64]!a} found")

    async def none(self, call: Call) -> Response:
        """List nothing."""
        return empty(call)

    async def none_of_project(self, call: Call) -> Response:
        """List nothing of a project, to whom it is for."""
        await call.require(Permission.POLICY_READ, Target(call.parts["project"]))
        return empty(call)

    async def exports(self, _: Call) -> Response:
        """List no exports, as Harbor writes it."""
        return json_response(200, {"items": []})

    async def no_export(self, call: Call) -> Response:
        """Say that there is no such export."""
        raise Fault(Code.NOT_FOUND, f"export execution {call.id('run')} not found")

    async def no_icon(self, call: Call) -> Response:
        """Say that there is no such picture."""
        raise Fault(Code.NOT_FOUND, f"the icon {call.parts['digest'][:80]} not found")

    async def no_instance(self, call: Call) -> Response:
        """Say that there is no such instance."""
        raise Fault(Code.NOT_FOUND, f"instance {call.parts['name'][:80]!a} not found")

    async def no_policy(self, call: Call) -> Response:
        """Say that there is no such policy."""
        raise Fault(Code.NOT_FOUND, f"preheat policy {call.parts['name'][:80]!a} not found")

    async def no_preheating(self, _: Call) -> Response:
        """Say that nothing is preheated."""
        raise NotHere("preheat images")

    async def no_exporting(self, _: Call) -> Response:
        """Say that nothing is exported."""
        raise NotHere("scan for vulnerabilities, of which an export could tell")


def later_routes(here: Later) -> list[Route]:
    """Return what is served of it."""
    return [*_scans(here), *_preheating(here)]


def _scans(here: Later) -> list[Route]:
    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=SCANS, **more)

    login, missing = Need.LOGIN, (404,)
    scanned = about("Scan an artifact", errors=(404, 412))
    stopped = about("Stop scanning an artifact", errors=(404, 412))
    log = about("Get the log of a scan", errors=missing)
    exported = about("Export what scanners found", errors=(412,))
    export = about("Get an export", errors=missing)
    icon = about("Get an icon", errors=missing)
    return [
        Route("POST", f"{ONE}/scan", here.scan, Permission.PUSH, scanned),
        Route("POST", f"{ONE}/scan/stop", here.scan, Permission.PUSH, stopped),
        Route("GET", f"{ONE}/scan/{{report}}/log", here.report, Permission.PULL, log),
        Route("POST", "/export/cve", here.no_exporting, login, exported),
        Route(
            "GET",
            "/export/cve/executions",
            here.exports,
            login,
            about("List exports", gives=dict[str, Any]),
        ),
        Route("GET", "/export/cve/execution/{run}", here.no_export, login, export),
        Route(
            "GET", "/export/cve/download/{run}", here.no_export, login, about("Download an export")
        ),
        Route("GET", "/icons/{digest}", here.no_icon, login, icon),
    ]


def _preheating(here: Later) -> list[Route]:
    def about(summary: str, gives: Any = None) -> About:
        return About(summary, tag=PREHEAT, gives=gives)

    nothing = list[Any]

    site, reads = Permission.SITE_MANAGE, Permission.POLICY_READ
    manages = Permission.POLICY_MANAGE
    instances, one = "/p2p/preheat/instances", "/p2p/preheat/instances/{name}"
    policies = "/projects/{project}/preheat/policies"
    policy = f"{policies}/{{name}}"
    runs = f"{policy}/executions"
    refuse, missing = here.no_preheating, here.no_policy
    return [
        Route(
            "GET",
            "/p2p/preheat/providers",
            here.none,
            site,
            about("List preheat providers", nothing),
        ),
        Route("GET", instances, here.none, site, about("List preheat instances", nothing)),
        Route("POST", instances, refuse, site, about("Create a preheat instance")),
        Route("POST", f"{instances}/ping", refuse, site, about("Ping a preheat instance")),
        Route("GET", one, here.no_instance, site, about("Get a preheat instance")),
        Route("PUT", one, here.no_instance, site, about("Update a preheat instance")),
        Route("DELETE", one, here.no_instance, site, about("Delete a preheat instance")),
        Route(
            "GET",
            "/projects/{project}/preheat/providers",
            here.none_of_project,
            Need.LOGIN,
            about("List preheat providers of a project", nothing),
        ),
        Route("GET", policies, here.none, reads, about("List preheat policies", nothing)),
        Route("POST", policies, refuse, manages, about("Create a preheat policy")),
        Route("GET", policy, missing, reads, about("Get a preheat policy")),
        Route("POST", policy, missing, manages, about("Run a preheat policy")),
        Route("PUT", policy, missing, manages, about("Update a preheat policy")),
        Route("DELETE", policy, missing, manages, about("Delete a preheat policy")),
        Route("GET", runs, missing, reads, about("List runs of a preheat policy")),
        Route("GET", f"{runs}/{{run}}", missing, reads, about("Get a run of a preheat policy")),
        Route("PATCH", f"{runs}/{{run}}", missing, manages, about("Stop a preheat run")),
        Route("GET", f"{runs}/{{run}}/tasks", missing, reads, about("List preheat tasks")),
        Route(
            "GET", f"{runs}/{{run}}/tasks/{{task}}/logs", missing, reads, about("Get a preheat log")
        ),
    ]
