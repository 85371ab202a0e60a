"""Roles in Harbor's words, from the widest to the narrowest."""

from itertools import pairwise

import pytest

from entrepot.rules.permissions import Level, Permission
from entrepot.rules.roles import BUILT_IN, OF_ACCOUNT, Role, check_role_name, roles_with


def test_roles_have_harbors_names_and_stand_from_the_widest_down() -> None:
    assert [*BUILT_IN] == ["projectAdmin", "maintainer", "developer", "guest", "limitedGuest"]
    for wide, narrow in pairwise(BUILT_IN.values()):
        assert wide > narrow
    assert [role.value for role in Role] == ["admin", "maintainer", "developer", "guest", "user"]
    ranks = [OF_ACCOUNT[role] for role in Role if role is not Role.USER]
    for wide, narrow in pairwise(ranks):
        assert wide > narrow
    assert OF_ACCOUNT[Role.ADMIN] == set(Permission)
    assert OF_ACCOUNT[Role.USER] == {Permission.PROJECT_CREATE}


def test_no_role_of_a_project_reaches_the_registry() -> None:
    for permissions in BUILT_IN.values():
        assert all(one.level is not Level.REGISTRY for one in permissions)


def test_only_project_admins_decide_about_the_project() -> None:
    for one in (
        Permission.GRANT_MANAGE,
        Permission.ROBOT_MANAGE,
        Permission.PROJECT_UPDATE,
        Permission.PROJECT_DELETE,
        Permission.TRASH_PURGE,
        Permission.AUDIT_READ,
    ):
        assert roles_with(one) == ("projectAdmin",)
    assert roles_with(Permission.DELETE) == ("maintainer", "projectAdmin")
    assert roles_with(Permission.PUSH)[0] == "developer"
    assert roles_with(Permission.PULL)[0] == "limitedGuest"
    assert roles_with(Permission.REPOSITORY_LIST)[0] == "guest"
    assert roles_with(Permission.USER_MANAGE) == ()


@pytest.mark.parametrize("name", ["a", "release-manager", "Reader_2", "a" * 64])
def test_names_of_custom_roles(name: str) -> None:
    assert check_role_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "a b",
        "a.b",
        "a" * 65,
        "a\n",
        "rôle",
        "projectAdmin",
        "limitedGuest",
        *(role.value for role in Role),
    ],
)
def test_what_is_no_name_of_a_custom_role(name: str) -> None:
    assert check_role_name(name) is not None
