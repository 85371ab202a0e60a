"""Every route of the management API, against every sort of caller."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from entrepot.faces.asgi import App, Response
from entrepot.faces.manage.api import ROOT, Call, Route, api_app
from entrepot.faces.manage.callers import Need
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import NewJob
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.context import Caller
from entrepot.services.deletion import Cause
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from entrepot.settings import Auth, Settings
from entrepot.wiring import api_routes
from tests.faces.manage.doors import (
    OTHER,
    PROJECT,
    Doors,
    Visitor,
    open_doors,
    path_of,
    target_of,
)
from tests.faces.registry.client import call
from tests.faces.registry.registry import PASSWORD, basic
from tests.services.house import Bytes, image

SAFE = ("GET", "HEAD")
REFUSED = (401, 403)
NEW_PASSWORD = "seven purple lanterns"
SOMEBODY = Caller("somebody", "docker/28")


@dataclass(frozen=True)
class Ask:
    """A request to a route whose handler asks for a permission itself."""

    method: str
    template: str
    permission: Permission
    target: Target
    path: str = ""
    """Where it is not the template."""
    body: object = None


APP = Target.of(RepositoryName("team/app"))
OTHER_APP = Target.of(RepositoryName("other/app"))


def asks(ids: dict[str, int], job: int) -> list[Ask]:
    """Return what is asked of handlers; `ids` are entries of the trash by project."""
    quota, user, change = "/quotas/{kind}/{name}", "/users/{name}", {"password": NEW_PASSWORD}
    log, purge = "/jobs/{job}/log", Permission.TRASH_PURGE
    manage, read = Permission.USER_MANAGE, Permission.JOB_READ
    found = [
        Ask("GET", "/trash", Permission.TRASH_READ, REGISTRY),
        Ask("POST", "/trash/purge", purge, REGISTRY, body={"all_due": True}),
        Ask("GET", "/jobs/{job}", read, REGISTRY, f"/jobs/{job}"),
        Ask("GET", log, read, REGISTRY, f"/jobs/{job}/log"),
        Ask("GET", user, Permission.USER_READ, REGISTRY, "/users/victim"),
        Ask("GET", f"{user}/profile", Permission.USER_READ, REGISTRY, "/users/victim/profile"),
        Ask("PATCH", user, manage, REGISTRY, "/users/victim", change),
        Ask("GET", "/grants", Permission.GRANT_READ, REGISTRY),
        Ask("GET", "/tokens", Permission.USER_READ, REGISTRY, "/tokens?user=victim"),
        Ask("GET", quota, Permission.QUOTA_MANAGE, REGISTRY, "/quotas/user/victim"),
    ]
    for project, app in ((PROJECT, APP), (OTHER, OTHER_APP)):
        whole, path = Target(project), f"/quotas/project/{project}"
        found += [*_of_trash(app, ids[project]), *_of_rollback(app)]
        found += [
            Ask("GET", quota, Permission.QUOTA_READ, whole, path),
            Ask("GET", "/robots", Permission.ROBOT_READ, whole, f"/robots?project={project}"),
        ]
    return found


def _of_trash(app: Target, entry: int) -> list[Ask]:
    """Return asks by ids that are there for the next caller: with one that is not, they fail."""
    project, none = app.project, 10**9
    read, restore, purge = Permission.TRASH_READ, Permission.TRASH_RESTORE, Permission.TRASH_PURGE
    batch = {"batch": f"batch-{project}"}
    return [
        Ask("GET", "/trash", read, Target(project), f"/trash?project={project}"),
        Ask("GET", "/trash", read, app, f"/trash?repository={project}/app"),
        Ask("POST", "/trash/restore", restore, app, body={"ids": [entry, none]}),
        Ask("POST", "/trash/purge", purge, app, body={"ids": [none, entry]}),
        Ask("POST", "/trash/restore", restore, app, body=batch),
        Ask("POST", "/trash/purge", purge, app, body=batch),
    ]


def _of_rollback(app: Target) -> list[Ask]:
    read, roll, path = Permission.HISTORY_READ, Permission.ROLLBACK, "/rollback"
    found = []
    for kind, name, target in (
        ("repository", f"{app.project}/app", app),
        ("project", app.project, Target(app.project)),
    ):
        body = {kind: name, "at": "1s ago"}
        found += [
            Ask("GET", path, read, target, f"{path}?{kind}={name}&at=1m+ago"),
            Ask("POST", path, read, target, body={**body, "dry_run": True}),
            Ask("POST", path, roll, target, body=body),
        ]
    return found


ELSEWHERE = {
    "/configuration",
    "/configuration/apply",
    "/configuration/plan",
    "/deliveries",
    "/events",
    "/explain",
    "/factors",
    "/grants",
    "/labels",
    "/permissions",
    "/projects",
    "/repositories",
    "/robots",
    "/roles",
    "/tokens",
    "/users/me",
    "/webhooks",
    "/whoami",
}
"""Where what takes a login and no permission is about the caller, or has tests of its own."""


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


def app_of(doors: Doors, routes: list[Route]) -> App:
    house = doors.house
    return api_app(routes, house.access, operator=False, browsers=house.browsers)


def is_let_in(visitor: Visitor, needs: Permission | Need, target: Target) -> bool:
    if needs is Need.NOTHING:
        return True
    if isinstance(needs, Need):
        return visitor.logged_in
    return visitor.may(needs, target.at(needs.level))


async def test_every_route_says_what_it_needs(doors: Doors) -> None:
    routes = api_routes(doors.house, operator=True)
    assert len(routes) > 60
    for route in routes:
        assert isinstance(route.needs, (Permission, Need)), route.path
    assert len({(route.method, route.path) for route in routes}) == len(routes)


async def test_every_door_opens_to_those_alone_who_may(doors: Doors) -> None:
    """Every (route, caller, project) is as the permissions say."""

    async def reached(_call: Call) -> Response:
        return Response(204)

    routes = [replace(one, handler=reached) for one in api_routes(doors.house, operator=False)]
    app, wrong, opened = app_of(doors, routes), [], set()
    for route in routes:
        for project in (PROJECT, OTHER):
            target = target_of(route.path, project)
            path = path_of(route.path, project)
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
    ids, job = await _things(doors)
    await doors.add_user("victim", Role.USER)
    app = app_of(doors, api_routes(doors.house, operator=False))
    wrong = []
    for ask in asks(ids, job):
        raw = b"" if ask.body is None else json.dumps(ask.body).encode()
        for name, visitor in doors.visitors.items():
            may = visitor.logged_in and visitor.may(ask.permission, ask.target)
            may = may and not (name == "session without CSRF token" and ask.method not in SAFE)
            headers = {**visitor.headers, "Content-Type": "application/json"}
            answer = await call(app, ask.method, f"{ROOT}{ask.path or ask.template}", headers, raw)
            fits = answer.status not in REFUSED if may else answer.status == visitor.refusal
            if not fits or answer.status >= 500 or answer.status in (400, 405):
                wrong.append((ask, name, answer.status, answer.body))
    assert wrong == []


async def test_no_handler_is_left_to_see_to_itself_untested(doors: Doors) -> None:
    told = {(one.method, one.template) for one in asks({PROJECT: 1, OTHER: 2}, 1)}
    left = [
        (route.method, route.path)
        for route in api_routes(doors.house, operator=False)
        if route.needs is Need.LOGIN
        and (route.method, route.path) not in told
        and not any(route.path == one or route.path.startswith(f"{one}/") for one in ELSEWHERE)
    ]
    assert left == [], "add them to asks()"


async def test_what_is_ones_own(doors: Doors) -> None:
    new = NewJob("retention", "{}", None, None, 0.0, "by-user")
    job = await doors.house.jobs.enqueue(new)
    app = app_of(doors, api_routes(doors.house, operator=False))
    visitor = doors.visitors["user"]
    for path in (f"/jobs/{job}", f"/jobs/{job}/log", "/users/by-user", "/quotas/user/by-user"):
        assert (await call(app, "GET", ROOT + path, visitor.headers)).status == 200, path
    headers = {**visitor.headers, "Content-Type": "application/json"}
    role = json.dumps({"role": "admin", "password": NEW_PASSWORD}).encode()
    assert (await call(app, "PATCH", f"{ROOT}/users/by-user", headers, role)).status == 403
    password = json.dumps({"password": NEW_PASSWORD}).encode()
    assert (await call(app, "PATCH", f"{ROOT}/users/by-user", headers, password)).status == 200
    assert await doors.house.accounts.verify("by-user", NEW_PASSWORD)
    assert await doors.house.accounts.verify("by-user", PASSWORD) is None


async def test_an_access_token_does_not_change_its_owners_password(doors: Doors) -> None:
    app = app_of(doors, api_routes(doors.house, operator=False))
    headers = {**doors.visitors["access token"].headers, "Content-Type": "application/json"}
    body = json.dumps({"password": NEW_PASSWORD}).encode()
    assert (await call(app, "PATCH", f"{ROOT}/users/by-admin", headers, body)).status == 403


async def test_a_session_that_is_over_is_told_how_to_log_in_but_not_by_basic(doors: Doors) -> None:
    app = app_of(doors, api_routes(doors.house, operator=False))
    visitor = doors.visitors["session"]
    assert doors.house.gate.browsing is not None
    await doors.house.gate.browsing.sessions.end_all("web", SOMEBODY)
    answer = await call(app, "GET", f"{ROOT}/factors", visitor.headers)
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Session realm="Entrepot"')
    # Other credentials go before a cookie, and need no CSRF token.
    headers = {**visitor.headers, "Authorization": basic("by-admin")}
    assert (await call(app, "GET", f"{ROOT}/factors", headers)).status == 200


async def test_a_batch_is_checked_on_all_its_repositories(doors: Doors) -> None:
    await _things(doors, batch="both")
    app = app_of(doors, api_routes(doors.house, operator=False))
    body = json.dumps({"batch": "both"}).encode()
    for name, status in (("projectAdmin of the project", 403), ("admin", 202)):
        headers = {**doors.visitors[name].headers, "Content-Type": "application/json"}
        answer = await call(app, "POST", f"{ROOT}/trash/restore", headers, body)
        assert answer.status == status, answer.body
        assert b"other" not in answer.body
    await doors.grant(SubjectKind.USER, "in-projectAdmin", OTHER, "maintainer")
    headers = {**doors.visitors["projectAdmin of the project"].headers}
    headers["Content-Type"] = "application/json"
    answer = await call(app, "POST", f"{ROOT}/trash/restore", headers, body)
    assert answer.status == 409, "the job of before is what it would be too"


async def _things(doors: Doors, *, batch: str = "") -> tuple[dict[str, int], int]:
    """Put an image of each project into the trash, and enqueue a job."""
    house, ids = doors.house, {}
    for project in (PROJECT, OTHER):
        name = RepositoryName(f"{project}/app")
        ids[project] = await _deleted(doors, name, batch or f"batch-{project}")
    job = await house.jobs.enqueue(NewJob("gc", "{}", None, None, 0.0, "somebody"))
    assert job is not None
    return ids, job


async def _deleted(doors: Doors, name: RepositoryName, batch: str) -> int:
    house, config = doors.house, b"{}"
    chunk = Chunk(Bytes(config))
    upload_id = house.uploads.begin(name)
    await house.uploads.finish(name, upload_id, SOMEBODY, Digest.of(config), chunk)
    pushed = Pushed(image([]), OCI_MANIFEST, Tag("v"))
    digest = (await house.registry.push.publish(name, pushed, SOMEBODY)).manifest.digest
    async with house.gate.ground.catalog.begin(write=True) as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        cause = Cause(SOMEBODY, batch)
        await house.registry.deletion.drop_manifest(tx, repository, digest, cause)
        (entry,) = await tx.trash.of(repository.id, digest)
    return entry.id


async def test_a_batch_that_grows_is_not_for_those_who_may_in_a_part(doors: Doors) -> None:
    """Its job would reach what came after they were asked."""
    job = await doors.house.jobs.enqueue(NewJob("project.delete", "{}", None, None, 0.0, "root"))
    await _deleted(doors, RepositoryName("team/app"), f"job:{job}")
    app = app_of(doors, api_routes(doors.house, operator=False))
    body = json.dumps({"batch": f"job:{job}"}).encode()
    for name, status in (("projectAdmin of the project", 409), ("admin", 202)):
        headers = {**doors.visitors[name].headers, "Content-Type": "application/json"}
        answer = await call(app, "POST", f"{ROOT}/trash/purge", headers, body)
        assert answer.status == status, answer.body


async def test_who_signs_in_is_not_asked_who_they_are(doors: Doors) -> None:
    app = app_of(doors, api_routes(doors.house, operator=False))
    body = json.dumps({"name": "by-user", "password": PASSWORD}).encode()
    for headers in (
        {"Authorization": basic("by-user", "wrong")},
        doors.visitors["session without CSRF token"].headers,
    ):
        given = {**headers, "Content-Type": "application/json"}
        assert (await call(app, "POST", f"{ROOT}/signin", given, body)).status == 200


async def test_a_login_from_elsewhere_is_not_enough() -> None:
    """What takes no permission keeps to auth.networks all the same."""
    nets = Settings(auth=Auth(networks=("192.0.2.0/24",)))
    async with open_doors(nets) as doors:
        app = app_of(doors, api_routes(doors.house, operator=False))
        headers = doors.visitors["user"].headers
        for path in ("/users/by-user", "/factors", "/users"):
            answer = await call(app, "GET", f"{ROOT}{path}", headers)
            assert answer.status == 403
            assert b"auth.networks" in answer.body
