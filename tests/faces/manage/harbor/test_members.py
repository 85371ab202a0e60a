"""Members: grants of a role on a whole project."""

from typing import Any

import pytest

from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.roles import RoleService
from tests.faces.manage.harbor.yard import Yard

BASE = "/projects/team/members"
ADMIN_OF_IT = "projectAdmin of the project"


async def members(yard: Yard, query: str = "", base: str = BASE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await yard.get(f"{base}{query}")
    return found


async def test_a_user_is_added_changed_and_removed(yard: Yard) -> None:
    place = await yard.make(BASE, {"role_id": 2, "member_user": {"username": "by-user"}})
    number = await yard.project_id()
    assert place.startswith(f"/projects/{number}/members/")
    member = await yard.get(place)
    user = await yard.doors.house.management.numbers.one("user", "by-user")
    assert member == {
        "entity_id": user,
        "entity_name": "by-user",
        "entity_type": "u",
        "id": int(place.rpartition("/")[2]),
        "project_id": number,
        "role_id": 2,
        "role_name": "developer",
    }
    assert member in await members(yard)
    await yard.do("PUT", place, {"role_id": 4, "member_user": {"username": "by-user"}})
    changed = await yard.get(place)
    assert changed == {**member, "role_id": 4, "role_name": "maintainer"}
    await yard.do("PUT", place, {"role_id": 4})
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("DELETE", place) == 404


async def test_a_role_counts(yard: Yard) -> None:
    assert await yard.refused("GET", "/projects/team", who="user") == 403
    number = await yard.doors.house.management.numbers.one("user", "by-user")
    place = await yard.make(BASE, {"role_id": 5, "member_user": {"user_id": number}})
    assert (await yard.get("/projects/team", who="user"))["current_user_role_ids"] == [5]
    await yard.do("DELETE", place)
    assert await yard.refused("GET", "/projects/team", who="user") == 403


async def test_groups_by_number_name_and_dn(yard: Yard) -> None:
    groups = [
        await yard.make("/usergroups", {"group_name": name, "group_type": 1})
        for name in ("web", "ops", "night shift")
    ]
    number = int(groups[0].rpartition("/")[2])
    for group in (
        {"id": number},
        {"group_name": "ops", "group_type": 2},
        {"ldap_group_dn": "cn=night shift,ou=groups,dc=example,dc=com"},
    ):
        await yard.make(BASE, {"role_id": 3, "member_group": group})
    found = [one["entity_name"] for one in await members(yard) if one["entity_type"] == "g"]
    assert found == ["web", "ops", "night shift"]


async def test_administrators_name_groups_that_are_not_there_yet(yard: Yard) -> None:
    body = {"role_id": 3, "member_group": {"group_name": "new", "group_type": 3}}
    assert await yard.refused("POST", BASE, body, who=ADMIN_OF_IT) == 404
    await yard.make(BASE, body)
    (group,) = await yard.get("/usergroups?group_name=new")
    assert (group["group_name"], group["group_type"]) == ("new", 3)
    other = {"role_id": 2, "member_group": {"ldap_group_dn": "cn=newer,dc=example"}}
    await yard.make(BASE, other)
    (group,) = await yard.get("/usergroups?group_name=newer")
    assert group["ldap_group_dn"] == "cn=newer,dc=example"


async def test_lists(yard: Yard) -> None:
    assert [one["role_id"] for one in await members(yard)] == [1, 4, 2, 3, 5]
    answer = await yard.ask("GET", f"{BASE}?page=2&page_size=2")
    assert answer.header("X-Total-Count") == "5"
    assert [one["role_id"] for one in answer.json] == [2, 3]
    assert [one["entity_name"] for one in await members(yard, "?entityname=DEV")] == [
        "in-developer"
    ]


async def test_what_is_no_member_is_not_shown(yard: Yard) -> None:
    before = await members(yard)
    await yard.doors.grant(SubjectKind.USER, "by-user", "team/x/**", "guest")
    await yard.doors.grant(SubjectKind.EVERYONE, "", "team", "guest")
    assert await members(yard) == before
    async with yard.catalog.begin() as tx:
        rows = await tx.grants.page("team", 0, 100)
    for row in rows[-2:]:
        assert await yard.refused("GET", f"{BASE}/{row.id}") == 404
        assert await yard.refused("DELETE", f"{BASE}/{row.id}") == 404


async def test_roles_of_our_own_show_as_the_nearest(yard: Yard) -> None:
    roles = RoleService(yard.catalog, yard.clock)
    admin = await yard.doors.house.gate.standing.of(Kind.USER, "by-admin")
    assert admin is not None
    by = Acting(admin.identity, Caller("by-admin"))
    names = (Permission.PULL.value, Permission.PROJECT_READ.value, Permission.PUSH.value)
    await roles.put("pusher", names, "", by)
    await roles.put("lister", (Permission.REPOSITORY_LIST.value,), "", by)
    await yard.doors.grant(SubjectKind.USER, "by-user", "team", "pusher")
    await yard.doors.grant(SubjectKind.USER, "by-guest", "team", "lister")
    found = {one["entity_name"]: (one["role_id"], one["role_name"]) for one in await members(yard)}
    assert found["by-user"] == (5, "pusher")
    assert found["by-guest"] == (0, "lister")


@pytest.mark.parametrize(
    "body, status",
    [
        ({"role_id": 2, "member_user": {"username": "in-guest"}}, 409),
        ({"role_id": 2, "member_user": {"username": "nobody"}}, 404),
        ({"role_id": 2, "member_user": {"user_id": 999}}, 404),
        ({"role_id": 2, "member_group": {"id": 999}}, 404),
        ({"role_id": 9, "member_user": {"username": "by-user"}}, 400),
        ({"member_user": {"username": "by-user"}}, 400),
        ({"role_id": 2}, 400),
        ({"role_id": "two"}, 422),
    ],
)
async def test_who_is_not_added(yard: Yard, body: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", BASE, body) == status
    assert len(await members(yard)) == 5


async def test_who_may_what(yard: Yard) -> None:
    body = {"role_id": 5, "member_user": {"username": "by-user"}}
    assert await yard.refused("POST", BASE, body, who="maintainer of the project") == 403
    assert await yard.refused("GET", BASE, who="limitedGuest of the project") == 403
    assert await yard.refused("GET", BASE, who="anonymous") == 401
    place = await yard.make(BASE, body, who=ADMIN_OF_IT)
    await yard.do("PUT", place, {"role_id": 1}, who=ADMIN_OF_IT)
    other = await yard.make("/projects/other/members", body)
    number = other.rpartition("/")[2]
    # A member of another project is none of this one, whoever asks.
    assert await yard.refused("DELETE", f"{BASE}/{number}", who=ADMIN_OF_IT) == 404
    assert await yard.refused("PUT", f"{BASE}/{number}", {"role_id": 1}) == 404
    assert await yard.refused("GET", "/projects/nosuch/members") == 404
