"""Every route of Harbor's face, against every sort of caller."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from entrepot.faces.asgi import App, Response
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.harbor.answers import ROOT
from entrepot.faces.manage.harbor.api import Call, Route, harbor_app
from entrepot.oci.name import RepositoryName
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from tests.faces.manage.doors import OTHER, PROJECT, Doors, Visitor, open_doors
from tests.faces.manage.harbor.yard import Yard, open_yard
from tests.faces.registry.client import call

SAFE = ("GET", "HEAD")
REFUSED = (401, 403)
ELSEWHERE = {
    "/audit-logs",
    "/auditlog-exts",
    "/export/cve",
    "/icons",
    "/labels",
    "/permissions",
    "/projects",
    "/projects/{project_id}/artifacts",
    "/projects/{project}/preheat/providers",
    "/projects/{project}/repositories",
    "/repositories",
    "/retentions",
    "/robots/{robot_id}",
    "/scanners",
    "/schedules/{job_type}/paused",
    "/search",
    "/statistics",
    "/system/CVEAllowlist",
    "/systeminfo",
    "/usergroups/search",
    "/users",
}
"""Where what takes a login at most is about the caller, or has tests of its own."""


@dataclass(frozen=True)
class Ask:
    """A request to a route whose handler asks for a permission itself."""

    method: str
    template: str
    permission: Permission
    target: Target
    path: str
    body: object = None


def asks(numbers: dict[str, int]) -> list[Ask]:
    """Return what is asked of handlers; `numbers` are those of the projects."""
    found = []
    for project in (PROJECT, OTHER):
        whole, path = Target(project), f"/projects/{project}"
        read, policy = Permission.PROJECT_READ, Permission.POLICY_MANAGE
        one, every = "/projects/{project_id}", "/projects/{project_id}/metadatas"
        robots = f"/robots?q=Level%3Dproject%2CProjectID%3D{numbers[project]}"
        found += [
            Ask("GET", one, read, whole, path),
            Ask("GET", f"{one}/summary", read, whole, f"{path}/summary"),
            Ask("GET", f"{one}/scanner", read, whole, f"{path}/scanner"),
            Ask("GET", every, read, whole, f"{path}/metadatas"),
            Ask("GET", f"{every}/{{meta_name}}", read, whole, f"{path}/metadatas/public"),
            Ask("POST", every, policy, whole, f"{path}/metadatas", {"severity": "low"}),
            Ask(
                "PUT",
                f"{every}/{{meta_name}}",
                Permission.PROJECT_UPDATE,
                whole,
                f"{path}/metadatas/public",
                {"public": "false"},
            ),
            Ask("DELETE", f"{every}/{{meta_name}}", policy, whole, f"{path}/metadatas/severity"),
            Ask("GET", "/robots", Permission.ROBOT_READ, whole, robots),
            Ask("POST", "/robots", Permission.ROBOT_MANAGE, whole, "/robots", _robot(project)),
        ]
    found.append(Ask("GET", "/robots", Permission.ROBOT_READ, REGISTRY, "/robots"))
    return found


def _robot(project: str) -> object:
    # What it would be given is nothing yet, so that nobody is refused for lack of that.
    access = [{"resource": "scan", "action": "create"}]
    permission = {"kind": "project", "namespace": project, "access": access}
    return {"name": "ci", "level": "project", "duration": 0, "permissions": [permission]}


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


def app_of(doors: Doors, routes: list[Route]) -> App:
    house = doors.house
    return harbor_app(routes, house.access, house.management.numbers, browsers=house.browsers)


def path_of(template: str, project: str) -> str:
    """Return an address that a route's path stands for, in one of the projects."""
    known = {"{project}": project, "{project_id}": project, "{repository}": "app"}
    segments = [known.get(one, "1") if one.startswith("{") else one for one in template.split("/")]
    return ROOT + "/".join(segments)


def target_of(template: str, project: str) -> Target:
    """Return what the path is about."""
    if "{repository}" in template:
        return Target.of(RepositoryName(f"{project}/app"))
    return Target(project) if "{project" in template else REGISTRY


def is_let_in(visitor: Visitor, needs: Permission | Need, target: Target) -> bool:
    if needs is Need.NOTHING:
        return True
    if needs is Need.ANYONE:
        # Tokens of the registry are for images alone.
        return visitor.name != "" or not visitor.headers
    if isinstance(needs, Need):
        return visitor.logged_in
    return visitor.may(needs, target.at(needs.level))


async def test_every_route_says_what_it_needs_and_what_it_is(doors: Doors) -> None:
    routes = doors.house.management.harbor_routes()
    assert len(routes) > 190
    for route in routes:
        assert isinstance(route.needs, (Permission, Need)), route.path
        assert route.told is not None, route.path
    assert len({(route.method, route.path) for route in routes}) == len(routes)


async def test_every_door_opens_to_those_alone_who_may(doors: Doors) -> None:
    """Every (route, caller, project) is as the permissions say."""

    async def reached(_call: Call) -> Response:
        return Response(204)

    routes = [replace(one, handler=reached) for one in doors.house.management.harbor_routes()]
    app, wrong, opened = app_of(doors, routes), [], set()
    for route in routes:
        for project in (PROJECT, OTHER) if "{project" in route.path else (PROJECT,):
            target, path = target_of(route.path, project), path_of(route.path, project)
            for name, visitor in doors.visitors.items():
                expected = 204 if is_let_in(visitor, route.needs, target) else visitor.refusal
                forged = name == "session without CSRF token" and route.method not in SAFE
                if forged and route.needs is not Need.NOTHING:
                    expected = 403
                answer = await call(app, route.method, path, visitor.headers)
                opened.add((name, answer.status))
                if answer.status != expected:
                    wrong.append((route.method, path, name, answer.status, expected))
    assert wrong == []
    # The table must not be one of refusals only, nor of yes alone.
    assert {name for name, status in opened if status == 204} == {*doors.visitors}
    assert {name for name, status in opened if status in REFUSED} == {*doors.visitors} - {"admin"}


async def test_handlers_ask_for_what_their_route_does_not(doors: Doors) -> None:
    """Where it takes the body or the query to know what is asked for."""
    numbers = await doors.house.management.numbers.of("project", [PROJECT, OTHER])
    app = app_of(doors, doors.house.management.harbor_routes())
    wrong = []
    for ask in asks(numbers):
        raw = b"" if ask.body is None else json.dumps(ask.body).encode()
        for name, visitor in doors.visitors.items():
            may = visitor.may(ask.permission, ask.target) and name != "bearer token"
            may = may and not (name == "session without CSRF token" and ask.method not in SAFE)
            headers = {**visitor.headers, "Content-Type": "application/json"}
            answer = await call(app, ask.method, f"{ROOT}{ask.path}", headers, raw)
            fits = answer.status not in REFUSED if may else answer.status == visitor.refusal
            if not fits or answer.status >= 500 or answer.status in (405, 422):
                wrong.append((ask, name, answer.status, answer.body))
    assert wrong == []


async def test_no_handler_is_left_to_see_to_itself_untested(doors: Doors) -> None:
    told = {(one.method, one.template) for one in asks({PROJECT: 1, OTHER: 2})}
    left = [
        (route.method, route.path)
        for route in doors.house.management.harbor_routes()
        if route.needs in (Need.LOGIN, Need.ANYONE)
        and (route.method, route.path) not in told
        and not any(
            route.path == one or (one != "/projects" and route.path.startswith(f"{one}/"))
            for one in ELSEWHERE
        )
    ]
    assert left == [], "add them to asks()"


async def test_nobody_sees_what_is_in_private_projects() -> None:
    """Whatever a route needs, its handler tells those who have nothing there nothing of it."""
    async with open_yard() as yard:
        secret = "kept-to-ourselves"
        await yard.push(secret, secret)
        told = []
        for route in yard.doors.house.management.harbor_routes():
            if route.method not in SAFE or route.path == "/search":
                continue
            for name in ("user", "anonymous"):
                path = path_of(route.path, PROJECT).removeprefix(ROOT)
                answer = await yard.ask(route.method, path, who=name)
                assert answer.status < 500, (route.path, answer.body)
                if secret.encode() in answer.body or b'"team' in answer.body:
                    told.append((route.path, name, answer.body))
        assert told == []
        for name in ("user", "anonymous"):
            assert _found(await yard.ask("GET", "/search?q=app", who=name)) == ([], [])


def _found(answer: object) -> tuple[object, object]:
    assert hasattr(answer, "json")
    return answer.json["project"], answer.json["repository"]


async def test_numbers_of_projects_are_not_names(doors: Doors) -> None:
    """A number is that of one project, whatever others are called."""
    numbers = await doors.house.management.numbers.of("project", [PROJECT, OTHER])
    yard = Yard(doors, doors.house.management.harbor(None, doors.house.browsers))
    member = "guest of the project"
    assert (await yard.ask("GET", f"/projects/{numbers[PROJECT]}", who=member)).status == 200
    assert (await yard.ask("GET", f"/projects/{numbers[OTHER]}", who=member)).status == 403
    as_name = {"X-Is-Resource-Name": "true"}
    path = f"/projects/{numbers[PROJECT]}"
    assert (await yard.ask("GET", path, who=member, headers=as_name)).status == 403
