"""Users in Harbor's words."""

from typing import Any

import pytest

from entrepot.faces.manage.harbor.users import check_secret
from entrepot.oci.errors import Fault
from entrepot.rules.roles import Role
from tests.faces.manage.harbor.yard import Yard
from tests.faces.registry.registry import basic

PASSWORD = "Purple4lanterns"
NEW = {
    "username": "alice",
    "email": "alice@example.com",
    "realname": "Alice A.",
    "password": PASSWORD,
    "comment": "of the web team",
}
HARBOR_SAYS = (
    "the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase "
    "letter, 1 lowercase letter and 1 number"
)


def logged_in(name: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": basic(name, password)}


async def found(yard: Yard, query: str) -> list[str]:
    return [one["username"] for one in await yard.get(f"/users{query}")]


async def test_a_user_is_made_shown_changed_and_deleted(yard: Yard) -> None:
    place = await yard.make("/users", NEW)
    number = int(place.rpartition("/")[2])
    user = await yard.get(place)
    assert user == {
        "admin_role_in_auth": False,
        "comment": "of the web team",
        "creation_time": "2027-01-15T08:00:00.000Z",
        "email": "alice@example.com",
        "realname": "Alice A.",
        "sysadmin_flag": False,
        "update_time": "2027-01-15T08:00:00.000Z",
        "user_id": number,
        "username": "alice",
    }
    assert await yard.get("/users/current", headers=logged_in()) == user
    profile = {"email": "a@example.org", "realname": "A", "comment": None}
    await yard.do("PUT", place, profile, headers=logged_in())
    changed = await yard.get(place, headers=logged_in())
    assert (changed["email"], changed["realname"]) == ("a@example.org", "A")
    assert "comment" not in changed
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("GET", "/users/current", headers=logged_in()) == 401


async def test_administrators(yard: Yard) -> None:
    place = await yard.make("/users", NEW)
    for flag in (True, True, False):
        await yard.do("PUT", f"{place}/sysadmin", {"sysadmin_flag": flag})
        assert (await yard.get(place))["sysadmin_flag"] is flag
    # Whoever has a role of another kind keeps it as long as nothing is to change.
    number = await yard.doors.house.management.numbers.one("user", "by-guest")
    await yard.do("PUT", f"/users/{number}/sysadmin", {"sysadmin_flag": False})
    account = await yard.doors.house.accounts.find("by-guest")
    assert account is not None
    assert account.role == "guest"


@pytest.mark.parametrize(
    "change, status",
    [
        ({"username": "by-user"}, 409),
        ({"username": "a b"}, 400),
        ({"username": None}, 400),
        ({"password": "weak"}, 400),
        ({"password": "Password1"}, 400),
        ({"email": ""}, 400),
        ({"email": "nowhere"}, 400),
        ({"realname": ""}, 400),
        ({"comment": "x" * 31}, 400),
        ({"username": 7}, 422),
    ],
)
async def test_who_is_not_made(yard: Yard, change: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", "/users", {**NEW, **change}) == status
    assert await found(yard, "?username=alice") == []


async def test_the_message_of_a_weak_password(yard: Yard) -> None:
    answer = await yard.ask("POST", "/users", {**NEW, "password": "weak"})
    assert (answer.code, answer.message) == ("BAD_REQUEST", HARBOR_SAYS)


@pytest.mark.parametrize("text", ["Aa1", "lower1case", "UPPER1CASE", "NoDigits", "Aa1" * 43])
def test_what_is_no_password(text: str) -> None:
    with pytest.raises(Fault):
        check_secret(text)
    check_secret("Aa123456")


async def test_lists(yard: Yard) -> None:
    await yard.make("/users", NEW)
    assert await found(yard, "?username=LIC") == ["alice"]
    assert await found(yard, "?email=example.com") == ["alice"]
    assert await found(yard, "?q=username%3D~by-%2Csysadmin_flag%3Dtrue") == ["by-admin"]
    assert (await found(yard, "?sort=-username&page_size=2"))[0] == "web"
    answer = await yard.ask("GET", "/users?page_size=3")
    assert int(answer.header("X-Total-Count") or "") == 13
    assert answer.header("Link") == '</api/v2.0/users?page=2&page_size=3>; rel="next"'


async def test_searches(yard: Yard) -> None:
    async def names(query: str, **more: Any) -> list[str]:
        return [one["username"] for one in await yard.get(f"/users/search{query}", **more)]

    assert await names("?username=by-g") == ["by-guest"]
    # Others only learn what they learn as well by adding somebody.
    assert await names("?username=by-g", who="user") == []
    assert await names("?username=by-guest", who="user") == ["by-guest"]
    assert await yard.refused("GET", "/users/search") == 422
    assert await yard.refused("GET", "/users/search?username=x", who="anonymous") == 401


async def test_who_may_what(yard: Yard) -> None:
    admin = await yard.doors.house.management.numbers.one("user", "by-admin")
    place, victim = await yard.make("/users", NEW), {"realname": "X", "email": "x@example.com"}
    flag = {"sysadmin_flag": True}
    for method, path, body in (
        ("GET", "/users", None),
        ("GET", f"/users/{admin}", None),
        ("PUT", f"/users/{admin}", victim),
        ("PUT", f"{place}/sysadmin", flag),
        ("DELETE", place, None),
        ("POST", "/users", {**NEW, "username": "bob"}),
        ("GET", "/users/9999", None),
    ):
        assert await yard.refused(method, path, body, headers=logged_in()) == 403, path
        assert await yard.refused(method, path, body, who="anonymous") == 401, path
    # An access token of an administrator does what it is for, even to its owner.
    assert await yard.refused("GET", f"/users/{admin}", who="access token") == 403
    assert await yard.refused("DELETE", f"/users/{admin}") == 403
    assert await yard.refused("GET", "/users/9999") == 404
    assert await yard.refused("GET", "/users/x") == 422


async def test_who_is_no_user(yard: Yard) -> None:
    assert await yard.refused("GET", "/users/current", who="robot") == 412
    assert await yard.refused("GET", "/users/current", who="anonymous") == 401


async def test_one_of_before_leaves_no_comment(yard: Yard) -> None:
    place = await yard.make("/users", NEW)
    await yard.doors.house.accounts.remove("alice")
    account = await yard.doors.house.accounts.add("alice", PASSWORD, Role.USER)
    found = await yard.get(place)
    assert account.name == found["username"]
    assert not {"comment", "email", "realname"} & set(found)
