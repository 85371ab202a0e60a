"""Robots over HTTP: whose they are decides who may see and change them."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from entrepot.rules.permissions import Permission
from entrepot.rules.robots import OVERLAP_MAX_SECONDS
from entrepot.rules.roles import MAINTAINER
from entrepot.services.robotparts import Gift
from tests.faces.manage.machines import Desk, basic
from tests.services.machines import PULL, PUSH, open_plant

NAME = "robot$acme+ci"
PATH = f"/robots/{quote(NAME, safe='')}"
GRANTS = [{"scope": "acme/web/**", "permissions": [*PUSH]}]
NEW: dict[str, Any] = {"name": "ci", "project": "acme", "grants": GRANTS}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """With alice, who runs acme, and mary, who is maintainer there."""
    async with open_plant() as plant:
        await plant.owner()
        await plant.user("mary", Gift("acme", MAINTAINER))
        yield Desk(plant)


async def test_a_robots_life(desk: Desk) -> None:
    me = basic("alice")
    answer = await desk.ask(
        "POST", "/robots", me, {**NEW, "expires": "30d", "networks": ["10.0.0.0/8"]}
    )
    assert answer.status == 201
    made = answer.json
    secret = made.pop("secret")
    assert made == {
        "name": NAME,
        "project": "acme",
        "description": "",
        "enabled": True,
        "grants": [{"scope": "acme/web/**", "role": "", "permissions": [*PUSH]}],
        "networks": ["10.0.0.0/8"],
        "expires_at": "2027-02-14T08:00:00Z",
        "created_at": "2027-01-15T08:00:00Z",
        "created_by": "alice",
        "used_at": None,
        "secrets": [
            {
                "id": secret[4:20],
                "created_at": "2027-01-15T08:00:00Z",
                "expires_at": None,
                "used_at": None,
            }
        ],
    }
    assert await desk.done("GET", PATH, me) == made
    page = await desk.done("GET", "/robots?project=acme", me)
    assert page == {"items": [made], "next": None}
    change = {"enabled": False, "expires": "never", "networks": [], "description": "off"}
    changed = await desk.done("PATCH", PATH, me, change)
    assert (changed["enabled"], changed["expires_at"], changed["networks"]) == (False, None, [])
    assert changed["grants"] == made["grants"]
    changed = await desk.done("PATCH", PATH, me, {"grants": [], "enabled": True})
    assert (changed["grants"], changed["enabled"], changed["description"]) == ([], True, "off")
    rotated = await desk.done("POST", f"{PATH}/rotate", me, {"overlap_seconds": 60})
    assert rotated["secret"] not in (secret, "")
    assert len(rotated["secrets"]) == 2
    assert (await desk.ask("DELETE", PATH, me)).status == 204
    assert (await desk.ask("GET", PATH, me)).status == 404


async def test_the_operator_and_administrators_make_those_of_the_registry(desk: Desk) -> None:
    new = {"name": "all", "grants": [{"scope": "*", "role": "guest"}]}
    assert (await desk.ask("POST", "/robots", basic("alice"), new)).status == 403
    made = await desk.done("POST", "/robots", None, new)
    assert (made["name"], made["created_by"]) == ("robot$all", "operator")
    await desk.done("POST", "/robots", basic("alice"), NEW)
    for query, names in (
        ("", ["robot$acme+ci", "robot$all"]),
        ("?project=", ["robot$all"]),
        ("?project=acme", ["robot$acme+ci"]),
        ("?limit=1", ["robot$acme+ci"]),
        (f"?after={quote(NAME, safe='')}", ["robot$all"]),
    ):
        page = await desk.done("GET", f"/robots{query}")
        assert [one["name"] for one in page["items"]] == names


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("GET", "/robots", None),
        ("GET", "/robots?project=", None),
        ("GET", "/robots?project=other", None),
        ("GET", "/robots/robot%24other%2Bci", None),
        ("GET", "/robots/robot%24ci", None),
        ("GET", "/robots/alice", None),
        ("POST", "/robots", {"name": "x"}),
        ("POST", "/robots", {"name": "x", "project": "other"}),
        ("POST", "/robots", {"name": "x", "project": "../acme"}),
        ("PATCH", "/robots/robot%24other%2Bci", {"enabled": False}),
        ("DELETE", "/robots/robot%24other%2Bci", None),
        ("POST", "/robots/robot%24other%2Bci/rotate", {}),
        ("POST", "/robots/robot%24ci/rotate", {}),
    ],
)
async def test_who_runs_one_project_learns_nothing_of_others(
    desk: Desk, method: str, path: str, body: object
) -> None:
    """Robots that there are and that there are not get the same answer."""
    plant = desk.plant
    before = await desk.ask(method, path, basic("alice"), body)
    await plant.robot("ci", "other", Gift("other", "", PULL))
    await plant.robot("ci", "", Gift("other", "", PULL))
    after = await desk.ask(method, path, basic("alice"), body)
    assert before.status == after.status == 403
    assert before.body == after.body
    assert (await desk.ask(method, path, {}, body)).status == 401
    async with plant.people.catalog.begin() as tx:
        assert len(await tx.robots.page(None, "", 10)) == 2


async def test_a_maintainer_sees_robots_and_changes_none(desk: Desk) -> None:
    await desk.done("POST", "/robots", basic("alice"), NEW)
    mary = basic("mary")
    assert (await desk.done("GET", PATH, mary))["name"] == NAME
    assert "secret" not in await desk.done("GET", PATH, mary)
    for method, path, body in (
        ("PATCH", PATH, {"enabled": False}),
        ("POST", f"{PATH}/rotate", {}),
        ("POST", "/robots", NEW),
        ("DELETE", PATH, None),
    ):
        assert (await desk.ask(method, path, mary, body)).status == 403


async def test_a_robot_sees_and_rotates_itself_and_nothing_else(desk: Desk) -> None:
    made = await desk.done("POST", "/robots", basic("alice"), NEW)
    other = await desk.plant.robot("other", "acme", Gift("acme", "", PULL))
    itself = basic(NAME, made["secret"])
    assert (await desk.done("GET", PATH, itself))["name"] == NAME
    assert (await desk.ask("DELETE", PATH, itself)).status == 403
    assert (await desk.ask("PATCH", PATH, itself, {"enabled": True})).status == 403
    stranger = basic("robot$acme+other", other)
    assert (await desk.ask("GET", PATH, stranger)).status == 403
    assert (await desk.ask("POST", f"{PATH}/rotate", stranger, {})).status == 403
    token, _ = await desk.plant.bearer(NAME, made["secret"])
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await desk.ask("POST", f"{PATH}/rotate", bearer, {})).status == 401
    rotated = await desk.done("POST", f"{PATH}/rotate", itself, {})
    assert (await desk.ask("GET", PATH, itself)).status == 401
    await desk.done("GET", PATH, basic(NAME, rotated["secret"]))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**NEW, "name": 7},
        {**NEW, "name": "robot$ci"},
        {**NEW, "admin": True},
        {**NEW, "grants": [{"scope": "acme"}]},
        {**NEW, "grants": [{"scope": "acme", "role": "guest", "permissions": [*PULL]}]},
        {**NEW, "grants": [{"scope": "acme", "role": "king"}]},
        {**NEW, "grants": [{"scope": "acme", "permissions": ["fly"]}]},
        {**NEW, "grants": [{"scope": "acme/[", "permissions": [*PULL]}]},
        {**NEW, "grants": [{"scope": "other", "permissions": [*PULL]}]},
        {**NEW, "grants": [{"scope": "acme", "permissions": [*PULL] * 65}]},
        {**NEW, "grants": [{"scope": "acme", "role": "guest"}] * 513},
        {**NEW, "expires": "yesterday"},
        {**NEW, "expires": "11y"},
        {**NEW, "expires": "2020-01-01"},
        {**NEW, "networks": ["10.0.0.1/8"]},
        {**NEW, "networks": ["10.0.0.1"] * 257},
    ],
    ids=lambda body: str(body)[40:],
)
async def test_bad_bodies_are_told_why(desk: Desk, body: object) -> None:
    answer = await desk.ask("POST", "/robots", None, body)
    assert answer.status == 400
    assert (await desk.done("GET", "/robots"))["items"] == []


@pytest.mark.parametrize("seconds", [-1, OVERLAP_MAX_SECONDS + 1, "60", None])
async def test_an_overlap_has_bounds(desk: Desk, seconds: object) -> None:
    await desk.done("POST", "/robots", None, NEW)
    answer = await desk.ask("POST", f"{PATH}/rotate", None, {"overlap_seconds": seconds})
    assert answer.status == 400


async def test_what_is_no_robot_is_not_found(desk: Desk) -> None:
    for path in ("/robots/alice", "/robots/robot%24nobody", f"/robots/{'x' * 500}"):
        for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"enabled": True})):
            answer = await desk.ask(method, path, None, body)
            assert answer.status == 404
            assert len(answer.json["detail"]) < 200


async def test_a_holder_of_robot_manage_alone_makes_robots_that_do_nothing(desk: Desk) -> None:
    manage = (Permission.ROBOT_MANAGE.value,)
    await desk.plant.user("bob", Gift("acme", "", manage))
    assert (await desk.ask("POST", "/robots", basic("bob"), NEW)).status == 403
    assert (await desk.done("POST", "/robots", basic("bob"), {**NEW, "grants": []}))["secret"]
