"""Passwords of users, and what they may."""

import pytest

from tests.faces.manage.harbor.test_users import NEW, PASSWORD, logged_in
from tests.faces.manage.harbor.yard import Yard

OTHER = "Green5gardens"


async def test_ones_own_password(yard: Yard) -> None:
    path = f"{await yard.make('/users', NEW)}/password"
    wrong = {"old_password": "Wrong1one", "new_password": OTHER}
    assert await yard.refused("PUT", path, wrong, headers=logged_in()) == 403
    same = {"old_password": PASSWORD, "new_password": PASSWORD}
    assert await yard.refused("PUT", path, same, headers=logged_in()) == 400
    weak = {"old_password": PASSWORD, "new_password": "weak"}
    assert await yard.refused("PUT", path, weak, headers=logged_in()) == 400
    body = {"old_password": PASSWORD, "new_password": OTHER}
    await yard.do("PUT", path, body, headers=logged_in())
    assert (await yard.get("/users/current", headers=logged_in("alice", OTHER)))["user_id"]
    assert await yard.refused("GET", "/users/current", headers=logged_in()) == 401


async def test_that_of_somebody_else(yard: Yard) -> None:
    path = f"{await yard.make('/users', NEW)}/password"
    assert await yard.refused("PUT", path, {"new_password": OTHER}, who="user") == 403
    await yard.do("PUT", path, {"new_password": OTHER})
    assert await yard.get("/users/current", headers=logged_in("alice", OTHER))


async def test_secrets_of_command_lines_are_tokens(yard: Yard) -> None:
    place = await yard.make("/users", NEW)
    answer = await yard.ask("PUT", f"{place}/cli_secret", {"secret": "x"}, headers=logged_in())
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert "token create" in answer.message


async def test_what_somebody_may(yard: Yard) -> None:
    number = await yard.project_id()

    async def of(who: str, scope: str, relative: str = "true") -> set[tuple[str, str]]:
        path = f"/users/current/permissions?scope={scope}&relative={relative}"
        return {(one["resource"], one["action"]) for one in await yard.get(path, who=who)}

    scope = f"/project/{number}"
    guest = await of("guest of the project", scope)
    assert {("repository", "pull"), ("repository", "list")} <= guest
    assert not {("repository", "push"), ("tag", "create")} & guest
    assert ("repository", "push") in await of("developer of the project", scope)
    whole = await of("developer of the project", scope, "false")
    assert (f"{scope}/repository", "push") in whole
    assert await of("user", scope) == set()
    assert await of("user", "/system") == {("project", "create")}
    assert ("user", "create") in await of("admin", "/system")


@pytest.mark.parametrize("scope", ["", "/project/9999", "/elsewhere", "/project/x"])
async def test_scopes_that_there_are_not(yard: Yard, scope: str) -> None:
    assert await yard.get(f"/users/current/permissions?scope={scope}") == []
