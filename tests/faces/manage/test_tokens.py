"""Access tokens over HTTP, and bearer tokens revoked."""

import json
from collections.abc import AsyncIterator

import pytest

from entrepot.rules.access import Policy
from entrepot.rules.networks import Networks
from entrepot.rules.roles import Role
from tests.faces.manage.machines import Desk, basic
from tests.services.machines import PULL, Plant, open_plant
from tests.services.people import PASSWORD, open_people

ALICE, BOB, ADA = basic("alice"), basic("bob"), basic("ada")
LIMITS = [{"scope": "acme/web/**", "permissions": [*PULL]}]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """With alice, who runs acme, bob, who may do little, and ada, who is an administrator."""
    async with open_plant() as plant:
        await plant.owner()
        await plant.user("bob")
        await plant.user("ada", role=Role.ADMIN)
        yield Desk(plant)


async def test_a_tokens_life(desk: Desk) -> None:
    body = {"label": "ci", "limits": LIMITS, "expires": "1d", "networks": ["10.0.0.0/8"]}
    answer = await desk.ask("POST", "/tokens", ALICE, body)
    assert answer.status == 201
    made = answer.json
    secret = made.pop("secret")
    assert made == {
        "id": secret[4:20],
        "kind": "token",
        "user": "alice",
        "label": "ci",
        "limits": [{"scope": "acme/web/**", "role": "", "permissions": [*PULL]}],
        "networks": ["10.0.0.0/8"],
        "created_at": "2027-01-15T08:00:00Z",
        "expires_at": "2027-01-16T08:00:00Z",
        "used_at": None,
    }
    assert await desk.done("GET", "/tokens", ALICE) == {"items": [made], "next": None}
    assert (await desk.done("GET", "/tokens", BOB))["items"] == []
    assert (await desk.ask("DELETE", f"/tokens/{made['id']}", ALICE)).status == 204
    assert (await desk.done("GET", "/tokens", ALICE))["items"] == []


async def test_a_token_without_more_lasts_ninety_days(desk: Desk) -> None:
    made = await desk.done("POST", "/tokens", ALICE, {"label": "laptop"})
    assert (made["expires_at"], made["limits"]) == ("2027-04-15T08:00:00Z", None)
    mine = await desk.done("GET", "/tokens", basic("alice", made["secret"]))
    assert [one["id"] for one in mine["items"]] == [made["id"]]


async def test_only_owners_and_administrators_revoke(desk: Desk) -> None:
    made = await desk.done("POST", "/tokens", ALICE, {"label": "laptop"})
    path = f"/tokens/{made['id']}"
    there = await desk.ask("DELETE", path, BOB)
    nowhere = await desk.ask("DELETE", f"/tokens/{'0' * 16}", BOB)
    assert (there.status, there.body) == (403, nowhere.body)
    assert (await desk.ask("DELETE", path, {})).status == 401
    assert (await desk.ask("GET", "/tokens?user=alice", BOB)).status == 403
    listed = await desk.done("GET", "/tokens?user=alice", ADA)
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert (await desk.ask("DELETE", path, ADA)).status == 204
    assert (await desk.ask("DELETE", path, ADA)).status == 404
    assert (await desk.ask("DELETE", path, ALICE)).status == 403


async def test_a_narrowed_token_revokes_itself_alone(desk: Desk) -> None:
    wide = await desk.done("POST", "/tokens", ALICE, {"label": "wide"})
    narrow = await desk.done("POST", "/tokens", ALICE, {"label": "narrow", "limits": LIMITS})
    shown = basic("alice", narrow["secret"])
    listed = await desk.done("GET", "/tokens", shown)
    assert [one["label"] for one in listed["items"]] == ["narrow"]
    assert (await desk.ask("DELETE", f"/tokens/{wide['id']}", shown)).status == 403
    assert (await desk.ask("DELETE", f"/tokens/{narrow['id']}", shown)).status == 204
    assert (await desk.ask("GET", "/tokens", shown)).status == 401


async def test_an_administrators_narrowed_token_is_no_administrator(desk: Desk) -> None:
    made = await desk.done("POST", "/tokens", ALICE, {"label": "laptop"})
    narrow = await desk.done("POST", "/tokens", ADA, {"label": "n", "limits": LIMITS})
    shown = basic("ada", narrow["secret"])
    assert (await desk.ask("DELETE", f"/tokens/{made['id']}", shown)).status == 403
    assert (await desk.ask("GET", "/tokens?user=alice", shown)).status == 403
    assert (await desk.ask("POST", "/tokens/revoke", shown, {"jti": "x"})).status == 403


async def test_the_operator_is_no_user(desk: Desk) -> None:
    for path, body in (("/tokens", {"label": "x"}), ("/users/me/cli-secret", {})):
        answer = await desk.ask("POST", path, None, body)
        assert (answer.status, "--server" in answer.json["detail"]) == (403, True)
    made = await desk.done("POST", "/tokens", ALICE, {"label": "laptop"})
    assert len((await desk.done("GET", "/tokens?user=alice"))["items"]) == 1
    assert (await desk.ask("DELETE", f"/tokens/{made['id']}")).status == 204


async def test_a_robot_has_no_tokens(desk: Desk) -> None:
    shown = basic("robot$acme+ci", await desk.plant.robot())
    assert (await desk.ask("POST", "/tokens", shown, {"label": "x"})).status == 403
    assert (await desk.ask("POST", "/users/me/cli-secret", shown, {})).status == 403
    assert (await desk.done("GET", "/tokens", shown))["items"] == []


async def test_a_bearer_token_makes_none(desk: Desk) -> None:
    token, _ = await desk.plant.bearer("alice", PASSWORD)
    shown = {"Authorization": f"Bearer {token}"}
    assert (await desk.ask("POST", "/tokens", shown, {"label": "x"})).status == 401
    assert (await desk.ask("GET", "/tokens", shown)).status == 401


async def test_a_cli_secret_is_the_password_of_docker(desk: Desk) -> None:
    made = await desk.done("POST", "/users/me/cli-secret", ALICE, {})
    assert made["secret"].startswith("epc_")
    assert not await desk.plant.is_dead(await desk.plant.bearer("alice", made["secret"]))
    again = await desk.done("POST", "/users/me/cli-secret", ALICE, {})
    assert (await desk.ask("GET", "/tokens", basic("alice", made["secret"]))).status == 401
    token = await desk.done("POST", "/tokens", ALICE, {"label": "x"})
    shown = basic("alice", token["secret"])
    assert (await desk.ask("POST", "/users/me/cli-secret", shown, {})).status == 403
    await desk.done("GET", "/tokens", basic("alice", again["secret"]))


async def test_a_bearer_token_is_revoked_by_its_id(desk: Desk) -> None:
    bearer = await desk.plant.bearer("alice", PASSWORD)
    other = await desk.plant.bearer("alice", PASSWORD)
    verified = desk.plant.people.tokens.verify(bearer[0])
    assert verified is not None
    body = {"jti": verified.token_id}
    assert (await desk.ask("POST", "/tokens/revoke", ALICE, body)).status == 403
    assert (await desk.ask("POST", "/tokens/revoke", ADA, body)).status == 204
    answer = await desk.ask("GET", "/tokens", {"Authorization": f"Bearer {bearer[0]}"})
    assert answer.status == 401
    assert not await desk.plant.is_dead(other)
    operation, resource, detail = (await desk.plant.audit())[-1]
    assert (operation, resource, json.loads(detail)) == ("bearer.revoked", body["jti"], {})
    for wrong in ("", "x" * 129):
        assert (await desk.ask("POST", "/tokens/revoke", ADA, {"jti": wrong})).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": ""},
        {"label": "x" * 257},
        {"label": "x", "expires": "never"},
        {"label": "x", "expires": "-1d"},
        {"label": "x", "expires": "3651d"},
        {"label": "x", "limits": []},
        {"label": "x", "limits": LIMITS * 65},
        {"label": "x", "limits": [{"scope": "acme"}]},
        {"label": "x", "networks": ["x"]},
        {"label": "x", "user": "bob"},
    ],
    ids=lambda body: str(body)[:60],
)
async def test_bad_bodies_are_told_why(desk: Desk, body: object) -> None:
    assert (await desk.ask("POST", "/tokens", ALICE, body)).status == 400
    assert (await desk.done("GET", "/tokens", ALICE))["items"] == []


async def test_the_registrys_networks_hold_here_too() -> None:
    async with open_people(Policy(networks=Networks.parse(["10.0.0.0/8"]))) as people:
        desk = Desk(Plant(people))
        await people.add("alice")
        answer = await desk.ask("POST", "/tokens", ALICE, {"label": "x"})
        assert (answer.status, "auth.networks" in answer.json["detail"]) == (403, True)
