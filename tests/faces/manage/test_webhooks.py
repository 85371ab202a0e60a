"""Webhooks over HTTP: who may do what, and what is answered."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from entrepot.wiring import api_routes
from tests.faces.manage.doors import OTHER, PROJECT, Doors, open_doors
from tests.faces.registry.client import Answer, call

URL = "https://hooks.example.com/services/hidden"
READ, MANAGE = Permission.WEBHOOK_READ, Permission.WEBHOOK_MANAGE


class Door:
    """The API, as one sort of caller after another."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        house = doors.house
        self.app: App = api_app(
            api_routes(house, operator=False), house.access, operator=False, browsers=house.browsers
        )

    async def ask(self, method: str, path: str, body: Any = None, *, who: str = "admin") -> Answer:
        headers = {**self.doors.visitors[who].headers, "Content-Type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        return await call(self.app, method, ROOT + path, headers, raw)

    async def made(self, project: str = "", **more: Any) -> Any:
        body = {"name": f"of {project or 'all'}", "url": URL, "project": project, **more}
        answer = await self.ask("POST", "/webhooks", body)
        assert answer.status == 201, answer.body
        return answer.json


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_doors() as doors:
        yield Door(doors)


async def test_one_is_made_shown_changed_and_removed(door: Door) -> None:
    made = await door.made(PROJECT, events=["manifest.published"], authorization="Bearer hunter2")
    secret = made.pop("secret")
    assert len(secret) == 64
    path = f"/webhooks/{made['id']}"
    shown = await door.ask("GET", path)
    assert (shown.status, shown.json) == (200, made)
    assert b"hunter2" not in shown.body
    change = {"enabled": False, "tags": ["v*"], "url": "https://other.example.com/"}
    changed = (await door.ask("PATCH", path, change)).json
    assert changed == {**made, **change, "changed_at": changed["changed_at"]}
    rotated = await door.ask("POST", f"{path}/rotate", {})
    assert rotated.status == 200
    assert rotated.json["secret"] not in ("", secret)
    assert (await door.ask("DELETE", path)).status == 204
    assert (await door.ask("GET", path)).status == 404
    assert (await door.ask("GET", "/webhooks")).json["items"] == []


async def test_lists_are_of_a_project_of_the_registry_or_of_all(door: Door) -> None:
    for project in (PROJECT, OTHER, ""):
        await door.made(project)

    async def names(path: str) -> list[str]:
        return [one["project"] for one in (await door.ask("GET", path)).json["items"]]

    assert await names("/webhooks") == [PROJECT, OTHER, ""]
    assert await names("/webhooks?project=") == [""]
    assert await names(f"/webhooks?project={PROJECT}") == [PROJECT]
    assert await names(f"/projects/{OTHER}/webhooks") == [OTHER]
    first = (await door.ask("GET", "/webhooks?limit=2")).json
    assert len(first["items"]) == 2
    rest = (await door.ask("GET", f"/webhooks?limit=2&after={first['next']}")).json
    assert ([one["project"] for one in rest["items"]], rest["next"]) == ([""], None)


async def test_what_cannot_be_used_says_why(door: Door) -> None:
    for body, status in (
        ({"name": "a", "url": "http://169.254.169.254/latest/meta-data"}, 400),
        ({"name": "a", "url": URL, "format": "telegram"}, 400),
        ({"name": "a", "url": URL, "colour": "red"}, 400),
        ({"name": "a", "url": URL, "project": "nowhere"}, 404),
    ):
        answer = await door.ask("POST", "/webhooks", body)
        assert answer.status == status, answer.body
        assert answer.json["detail"]
    await door.made()
    assert (await door.ask("POST", "/webhooks", {"name": "of all", "url": URL})).status == 409


async def test_tests_replays_and_the_log(door: Door) -> None:
    path = f"/webhooks/{(await door.made())['id']}"
    tested = await door.ask("POST", f"{path}/test", {})
    assert tested.status == 202
    delivery = tested.json
    assert (delivery["kind"], delivery["state"], delivery["event"]) == ("webhook.test", "open", 0)
    found = (await door.ask("GET", f"{path}/deliveries?state=open")).json["items"]
    assert found == [delivery]
    assert (await door.ask("GET", f"{path}/deliveries?state=eaten")).status == 400
    one = await door.ask("GET", f"/deliveries/{delivery['id']}")
    assert one.json["payload"]["type"] == "io.entrepot.webhook.test"
    again = await door.ask("POST", f"/deliveries/{delivery['id']}/redeliver", {})
    assert again.status == 409, "it is under way"
    assert (await door.ask("GET", "/deliveries/99")).status == 404
    replay = await door.ask("POST", f"{path}/replay", {"after": 0})
    assert (replay.status, replay.json["lacking"]) == (202, False)
    assert (await door.ask("POST", f"{path}/replay", {"after": 10**6})).status == 400
    assert (await door.ask("POST", f"{path}/replay", {"after": -1})).status == 400


async def test_who_may_only_read_sees_no_path_of_a_url(door: Door) -> None:
    made = await door.made(PROJECT)
    for path in (f"/webhooks/{made['id']}", f"/projects/{PROJECT}/webhooks"):
        answer = await door.ask("GET", path, who="maintainer of the project")
        assert answer.status == 200
        assert b"hooks.example.com" in answer.body
        assert b"hidden" not in answer.body
        answer = await door.ask("GET", path, who="projectAdmin of the project")
        assert b"hidden" in answer.body


async def test_every_act_is_open_to_those_alone_who_may(door: Door) -> None:
    wrong = []
    for project in (PROJECT, OTHER, ""):
        made = await door.made(project)
        path, target = f"/webhooks/{made['id']}", Target(project) if project else REGISTRY
        delivery = (await door.ask("POST", f"{path}/test", {})).json["id"]
        body = {"name": "x", "url": "ftp://x/", "project": project}
        asks: list[tuple[str, str, Any, Permission]] = [
            ("GET", f"/webhooks?project={project}", None, READ),
            ("POST", "/webhooks", body, MANAGE),
            ("GET", path, None, READ),
            ("PATCH", path, {"name": made["name"]}, MANAGE),
            ("POST", f"{path}/rotate", {}, MANAGE),
            ("POST", f"{path}/test", {}, MANAGE),
            ("POST", f"{path}/replay", {"after": 0}, MANAGE),
            ("GET", f"{path}/deliveries", None, READ),
            ("GET", f"/deliveries/{delivery}", None, READ),
            ("POST", f"/deliveries/{delivery}/redeliver", {}, MANAGE),
        ]
        for name, visitor in door.doors.visitors.items():
            for method, where, sent, permission in asks:
                may = visitor.logged_in and visitor.may(permission, target)
                may = may and not (name == "session without CSRF token" and method != "GET")
                answer = await door.ask(method, where, sent, who=name)
                refused = answer.status in (401, 403)
                if refused == may or answer.status >= 500:
                    wrong.append((method, where, name, answer.status))
    assert wrong == []


async def test_a_removed_webhook_is_removed_by_those_who_may(door: Door) -> None:
    made = await door.made(PROJECT)
    path = f"/webhooks/{made['id']}"
    assert (await door.ask("DELETE", path, who="maintainer of the project")).status == 403
    assert (await door.ask("DELETE", path, who="projectAdmin of the project")).status == 204
