"""Projects, grants, roles, explanations and who one is, over HTTP."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage import projects as module
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.rules.access import Policy
from entrepot.rules.networks import Networks
from entrepot.rules.roles import BUILT_IN, Role
from tests.faces.registry.client import Answer, call
from tests.services.granting import Ground, open_ground
from tests.services.people import PASSWORD


@dataclass
class Desk:
    """The public application, with users root (administrator), alice, bob and eve (of no role)."""

    app: App
    operator: App
    ground: Ground
    who: list[str] = field(default_factory=list)

    async def ask(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Ask as somebody; as the operator without a name."""
        headers = {"Content-Type": "application/json"}
        if who:
            text = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
            headers["Authorization"] = f"Basic {text}"
        raw = json.dumps(body).encode() if body is not None else b""
        app = self.app if who else self.operator
        return await call(app, method, f"{ROOT}{path}", headers, raw)

    async def names(self, who: str, query: str = "") -> tuple[list[str], object]:
        answer = await self.ask(who, "GET", f"/projects{query}")
        assert answer.status == 200, answer.body
        return [one["name"] for one in answer.json["items"]], answer.json["next"]


async def open_desk(policy: Policy | None = None) -> AsyncIterator[Desk]:
    async with open_ground(policy) as ground:
        for name, role in (
            ("root", Role.ADMIN),
            ("alice", Role.USER),
            ("bob", Role.USER),
            ("eve", Role.GUEST),
        ):
            await ground.people.add(name, role)
        gate = ground.people.gate
        routes = gate.routes()
        yield Desk(
            api_app(routes, gate.access, operator=False),
            api_app(routes, gate.access, operator=True),
            ground,
        )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async for made in open_desk():
        yield made


async def test_a_project_is_made_shown_and_changed_by_its_maker(desk: Desk) -> None:
    body = {"name": "acme", "networks": ["10.0.0.0/8"]}
    made = await desk.ask("alice", "POST", "/projects", body)
    assert made.status == 201
    assert made.header("Location") == f"{ROOT}/projects/acme"
    assert made.json == {
        "name": "acme",
        "public": False,
        "networks": ["10.0.0.0/8"],
        "created_at": "2027-01-15T08:00:00Z",
        "created_by": "alice",
    }
    changed = await desk.ask("alice", "PATCH", "/projects/acme", {"public": True, "networks": []})
    assert (changed.json["public"], changed.json["networks"]) == (True, [])
    kept = await desk.ask("alice", "PATCH", "/projects/acme", {})
    assert kept.json == changed.json
    assert (await desk.ask("bob", "GET", "/projects/acme")).json == changed.json
    assert (await desk.ask("bob", "PATCH", "/projects/acme", {"public": False})).status == 403
    assert (await desk.ask("eve", "POST", "/projects", {"name": "mine"})).status == 403


async def test_who_may_not_see_a_project_does_not_learn_whether_it_is_there(desk: Desk) -> None:
    await desk.ask("alice", "POST", "/projects", {"name": "acme"})
    there = await desk.ask("bob", "GET", "/projects/acme")
    gone = await desk.ask("bob", "GET", "/projects/none")
    assert (there.status, gone.status) == (403, 403)
    assert there.json["detail"] == gone.json["detail"].replace("none", "acme")
    assert (await desk.ask("root", "GET", "/projects/none")).status == 404
    assert (await call(desk.app, "GET", f"{ROOT}/projects/acme", {}, b"")).status == 401


async def test_a_list_shows_to_each_what_they_may_see(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP", 2)
    for number in range(7):
        await desk.ask("alice", "POST", "/projects", {"name": f"a{number}"})
    await desk.ask("root", "POST", "/projects", {"name": "a5x"})
    await desk.ask("alice", "PATCH", "/projects/a5", {"public": True})
    await desk.ask("alice", "POST", "/grants", _grant("bob", "guest", "a2"))
    assert await desk.names("bob") == (["a2", "a5"], None)
    assert (await desk.names("eve"))[0] == (await desk.names("root"))[0]
    assert (await desk.names(""))[0] == (await desk.names("root"))[0]
    for who in ("alice", "bob", "root"):
        whole, _ = await desk.names(who)
        for limit in (1, 2, 3):
            found: list[str] = []
            after: object = ""
            while after is not None:
                names, after = await desk.names(who, f"?limit={limit}&after={after}")
                assert len(names) <= limit
                found += names
            assert found == whole, (who, limit)


async def test_a_walk_through_what_is_not_for_one_is_bounded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP", 1)
    monkeypatch.setattr(module, "STEPS_MAX", 2)
    for number in range(5):
        await desk.ask("alice", "POST", "/projects", {"name": f"a{number}"})
    await desk.ask("bob", "POST", "/projects", {"name": "b"})
    assert await desk.names("bob") == ([], "a1")
    assert await desk.names("bob", "?after=a3") == (["b"], "b")
    assert await desk.names("bob", "?after=b") == ([], None)


async def test_grants_of_a_project(desk: Desk) -> None:
    await desk.ask("alice", "POST", "/projects", {"name": "acme"})
    path = "/projects/acme/grants"
    body = {"subject_kind": "user", "subject": "bob", "role": "developer", "scope": "acme/web/**"}
    given = await desk.ask("alice", "POST", path, body)
    assert given.status == 201, given.body
    assert given.header("Location") == f"{ROOT}/grants/{given.json['id']}"
    assert given.json == {
        **body,
        "id": given.json["id"],
        "permissions": [],
        "created_at": "2027-01-15T08:00:00Z",
        "created_by": "alice",
    }
    whole = await desk.ask("alice", "POST", path, {**body, "scope": "", "role": "guest"})
    assert whole.json["scope"] == "acme"
    listed = await desk.ask("alice", "GET", f"{path}?limit=1")
    assert (listed.json["items"][0]["role"], listed.json["next"]) == ("projectAdmin", 1)
    rest = await desk.ask("bob", "GET", f"{path}?after=1")
    assert rest.json == {"items": [given.json, whole.json], "next": None}
    assert (await desk.ask("alice", "POST", path, {**body, "scope": "other"})).status == 400
    assert (await desk.ask("bob", "POST", path, {**body, "subject": "eve"})).status == 403
    assert (await desk.ask("bob", "DELETE", f"/grants/{given.json['id']}")).status == 403
    assert (await desk.ask("alice", "DELETE", f"/grants/{given.json['id']}")).status == 204
    assert (await desk.ask("alice", "DELETE", f"/grants/{given.json['id']}")).status == 404


async def test_grants_of_the_registry_and_of_somebody(desk: Desk) -> None:
    for who, project in (("alice", "acme"), ("root", "other")):
        await desk.ask(who, "POST", "/projects", {"name": project})
    for scope in ("acme", "other", "*"):
        answer = await desk.ask("root", "POST", "/grants", _grant("bob", "guest", scope))
        assert answer.status == 201
    assert (await desk.ask("alice", "GET", "/grants")).status == 403
    (everywhere,) = (await desk.ask("root", "GET", "/grants")).json["items"]
    assert everywhere["scope"] == "*"
    path = "/grants?subject_kind=user&subject=bob"

    async def scopes(who: str) -> list[str]:
        return [one["scope"] for one in (await desk.ask(who, "GET", path)).json["items"]]

    assert await scopes("bob") == await scopes("root") == ["acme", "other", "*"]
    assert await scopes("alice") == ["acme"]
    for wrong in ("/grants?subject_kind=king", "/grants?after=x"):
        assert (await desk.ask("root", "GET", wrong)).status == 400


@pytest.mark.parametrize(
    "who, scope, status",
    [
        ("alice", "*", 403),
        ("alice", "other", 403),
        ("alice", "other/**", 403),
        ("alice", "", 400),
        ("alice", "ACME", 400),
        ("root", "none", 404),
        ("", "acme/**", 201),
    ],
)
async def test_a_scope_is_given_by_those_who_manage_it(
    desk: Desk, who: str, scope: str, status: int
) -> None:
    for maker, project in (("alice", "acme"), ("root", "other")):
        await desk.ask(maker, "POST", "/projects", {"name": project})
    answer = await desk.ask(who, "POST", "/grants", _grant("bob", "guest", scope))
    assert answer.status == status, answer.body


@pytest.mark.parametrize("grant", ["x", "-1", "1" * 19, "¹"])
async def test_what_is_no_grant(desk: Desk, grant: str) -> None:
    from_path = grant.encode().hex("%")
    answer = await desk.ask("root", "DELETE", f"/grants/%{from_path}")
    assert (answer.status, "no grant's id" in answer.json["detail"]) == (400, True)


async def test_roles_and_permissions(desk: Desk) -> None:
    body = {"permissions": ["repository.pull", "history.read"], "description": "reads"}
    assert (await desk.ask("alice", "PUT", "/roles/reader", body)).status == 403
    put = await desk.ask("root", "PUT", "/roles/reader", body)
    assert put.status == 200
    listed = (await desk.ask("eve", "GET", "/roles")).json["items"]
    assert [one["name"] for one in listed] == [*BUILT_IN, "reader"]
    assert listed[-1] == put.json
    assert put.json["permissions"] == ["history.read", "repository.pull"]
    assert (await desk.ask("eve", "GET", "/roles/guest")).json["built_in"] is True
    assert (await desk.ask("eve", "GET", "/roles/reader")).json == put.json
    assert (await desk.ask("eve", "GET", "/roles?after=reader")).json["items"] == []
    assert (await desk.ask("root", "PUT", "/roles/guest", body)).status == 400
    assert (await desk.ask("root", "DELETE", "/roles/reader")).status == 204
    assert (await desk.ask("eve", "GET", "/roles/reader")).status == 404
    permissions = (await desk.ask("eve", "GET", "/permissions")).json["items"]
    assert permissions[0] == {
        "name": "repository.pull",
        "level": "repository",
        "about": "pull images and see their tags",
        "roles": ["limitedGuest", "guest", "developer", "maintainer", "projectAdmin"],
    }


async def test_why_somebody_may_or_may_not(desk: Desk) -> None:
    await desk.ask("alice", "POST", "/projects", {"name": "acme"})
    path = "/explain?who=bob&permission=push&on=acme/web"
    told = await desk.ask("root", "GET", path)
    assert told.status == 200
    assert told.json["allowed"] is False
    assert (told.json["permission"], told.json["on"]) == ("repository.push", "acme/web")
    assert (told.json["obstacle"], told.json["project"]) == ("grant", "acme")
    assert told.json["roles"][0] == "developer"
    assert "ask whoever runs project acme for role developer" in told.json["reason"]
    assert (await desk.ask("alice", "GET", path)).status == 403
    assert (await desk.ask("bob", "GET", path)).status == 200
    own = await desk.ask("bob", "GET", "/explain?permission=project.create")
    assert (own.json["who"], own.json["allowed"]) == ("bob", True)
    assert (await desk.ask("", "GET", path)).json == told.json
    assert (await desk.ask("root", "GET", "/explain?who=bob&permission=fly")).status == 400


async def test_an_address_counts_where_it_is_asked_about() -> None:
    policy = Policy(networks=Networks.parse(["10.0.0.0/8"]))
    async for desk in open_desk(policy):
        path = "/explain?who=root&permission=pull&on=acme/web"

        async def told(more: str, path: str = path, desk: Desk = desk) -> tuple[bool, str]:
            found = (await desk.ask("", "GET", path + more)).json
            return found["allowed"], found["obstacle"]

        assert await told("") == (True, "")
        assert await told("&address=10.1.2.3") == (True, "")
        assert await told("&address=192.0.2.1") == (False, "address")
        assert await told("&address=unix") == (False, "address")
        for wrong in ("10.0.0.0/8", "x"):
            answer = await desk.ask("", "GET", f"{path}&address={wrong}")
            assert answer.status == 400


async def test_who_one_is(desk: Desk) -> None:
    await desk.ask("alice", "POST", "/projects", {"name": "acme"})
    await desk.ground.group("web", "alice")
    told = (await desk.ask("alice", "GET", "/whoami")).json
    assert told == {
        "name": "alice",
        "kind": "user",
        "role": "user",
        "groups": ["web"],
        "grants": [
            {"scope": "*", "source": "role user of the account, in the whole registry"},
            {"scope": "acme", "source": "role projectAdmin, given to user alice"},
        ],
        "narrowed": False,
        "address": told["address"],
    }
    assert (await desk.ask("", "GET", "/whoami")).json["name"] == "operator"
    assert (await call(desk.app, "GET", f"{ROOT}/whoami", {}, b"")).status == 401


def _grant(subject: str, role: str, scope: str) -> dict[str, str]:
    return {"subject_kind": "user", "subject": subject, "role": role, "scope": scope}
