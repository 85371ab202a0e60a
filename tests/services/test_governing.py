"""Nobody makes or changes an account that holds what they lack."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import Grant, Identity, Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.governing import is_self
from tests.services.crowd import Crowd, open_crowd
from tests.services.people import PASSWORD

HELPDESK = Identity("helpdesk", Role.USER, kind=Kind.USER)
ROOT = Identity("root", Role.ADMIN, kind=Kind.USER)
NEW_PASSWORD = "seven purple lanterns"


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    """Administrators, somebody who may manage users and no more, and plain users."""
    async with open_crowd() as made:
        for name in ("root", "second"):
            await made.add(name, Role.ADMIN)
        for name in ("helpdesk", "bob"):
            await made.add(name, Role.USER)
        await grant(made, "helpdesk", "*", Permission.USER_MANAGE)
        yield made


async def grant(crowd: Crowd, name: str, scope: str, *permissions: Permission) -> None:
    names = tuple(one.value for one in permissions)
    row = GrantRow(0, SubjectKind.USER, name, scope, "", names, 0.0, "root")
    async with crowd.catalog.begin(write=True) as tx:
        assert await tx.grants.add(row)


def lacks(fault: pytest.ExceptionInfo[Fault]) -> str:
    """Return what the caller was told to lack."""
    assert fault.value.code is Code.DENIED
    text = str((fault.value.detail or {})["permission"])
    assert text in fault.value.message
    return text


async def test_those_who_hold_no_more_are_made_changed_and_removed(crowd: Crowd) -> None:
    accounts = crowd.accounts
    await accounts.add("carol", PASSWORD, Role.USER, by=HELPDESK)
    await accounts.change("carol", password=NEW_PASSWORD, by=HELPDESK)
    await accounts.remove("carol", by=HELPDESK)


async def test_no_account_is_made_above_ones_own(crowd: Crowd) -> None:
    for role in (Role.ADMIN, Role.MAINTAINER, Role.DEVELOPER, Role.GUEST):
        with pytest.raises(Fault) as fault:
            await crowd.accounts.add("carol", PASSWORD, role, by=HELPDESK)
        assert lacks(fault)
        assert await crowd.accounts.find("carol") is None


async def test_what_a_name_was_granted_before_counts(crowd: Crowd) -> None:
    await grant(crowd, "carol", "acme", Permission.PUSH)
    with pytest.raises(Fault) as fault:
        await crowd.accounts.add("carol", PASSWORD, Role.USER, by=HELPDESK)
    assert lacks(fault) == "repository.push"
    await crowd.accounts.add("carol", PASSWORD, Role.USER, by=ROOT)


async def test_no_role_is_given_that_one_lacks_not_even_to_oneself(crowd: Crowd) -> None:
    for name in ("bob", "helpdesk"):
        with pytest.raises(Fault) as fault:
            await crowd.accounts.change(name, role=Role.DEVELOPER, by=HELPDESK)
        assert lacks(fault)


async def test_no_password_is_set_of_those_who_hold_more(crowd: Crowd) -> None:
    await grant(crowd, "bob", "acme", Permission.DELETE)
    for name in ("root", "bob"):
        with pytest.raises(Fault) as fault:
            await crowd.accounts.change(name, password=NEW_PASSWORD, by=HELPDESK)
        assert lacks(fault)
        with pytest.raises(Fault) as fault:
            await crowd.accounts.remove(name, by=HELPDESK)
        assert lacks(fault)
        assert await crowd.accounts.verify(name, PASSWORD)


async def test_who_is_no_administrator_any_more_governs_nobody(crowd: Crowd) -> None:
    """The role of the caller is read anew in the transaction."""
    await crowd.accounts.change("root", role=Role.USER)
    with pytest.raises(Fault) as fault:
        await crowd.accounts.change("second", password=NEW_PASSWORD, by=ROOT)
    assert lacks(fault)


async def test_a_token_of_an_administrator_governs_as_far_as_it_reaches(crowd: Crowd) -> None:
    limits = (Grant("*", frozenset({Permission.USER_MANAGE, Permission.PROJECT_CREATE})),)
    token = Identity("root", Role.ADMIN, kind=Kind.USER, limits=limits, credential="1")
    await crowd.accounts.change("bob", password=NEW_PASSWORD, by=token)
    for name in ("second", "root"):
        with pytest.raises(Fault) as fault:
            await crowd.accounts.change(name, password=NEW_PASSWORD, by=token)
        assert lacks(fault)


async def test_robots_govern_by_their_own_grants(crowd: Crowd) -> None:
    robot = Identity("robot$hr", kind=Kind.ROBOT)
    with pytest.raises(Fault) as fault:
        await crowd.accounts.change("bob", password=NEW_PASSWORD, by=robot)
    assert lacks(fault) == "project.create"
    names = ("user.manage", "project.create")
    row = GrantRow(0, SubjectKind.ROBOT, robot.name, "*", "", names, 0.0, "root")
    async with crowd.catalog.begin(write=True) as tx:
        assert await tx.grants.add(row)
    await crowd.accounts.change("bob", password=NEW_PASSWORD, by=robot)


async def test_ones_own_password_takes_no_right(crowd: Crowd) -> None:
    bob = Identity("bob", Role.USER, kind=Kind.USER)
    await crowd.accounts.change("bob", password=NEW_PASSWORD, by=bob)
    assert await crowd.accounts.verify("bob", NEW_PASSWORD)


async def test_who_logs_in_elsewhere_gets_no_password_by_themselves(crowd: Crowd) -> None:
    """It would outlive what their directory says of them."""
    async with crowd.catalog.begin(write=True) as tx:
        assert await tx.accounts.add(Account("dora", Role.USER, "", 0.0, 0.0))
    dora = Identity("dora", Role.USER, kind=Kind.USER)
    with pytest.raises(Fault, match="LDAP") as fault:
        await crowd.accounts.change("dora", password=NEW_PASSWORD, by=dora)
    assert fault.value.code is Code.DENIED
    await crowd.accounts.change("dora", password=NEW_PASSWORD)


@pytest.mark.parametrize(
    "by,expected",
    [
        (None, False),
        (Identity("bob", kind=Kind.USER), True),
        (Identity("bob", kind=Kind.USER, credential="1"), False),
        (Identity("bob", kind=Kind.ROBOT), False),
        (Identity("eve", kind=Kind.USER), False),
    ],
    ids=str,
)
def test_oneself_is_the_user_in_person(by: Identity | None, expected: bool) -> None:
    assert is_self(by, "bob") is expected
