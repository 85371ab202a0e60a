"""From an Authorization header to a yes or a no."""

import base64
from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import ANONYMOUS, Identity, Kind, Policy
from entrepot.rules.areas import Target
from entrepot.rules.certificates import Certificate
from entrepot.rules.networks import Networks
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.scopes import Scope, parse_scopes
from entrepot.services.access import AccessService
from entrepot.wiring.gate import Terms, assemble_gate
from tests.services.people import APP, PASSWORD, People, open_people

BOTH = parse_scopes(["repository:app:pull,push"])


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        yield made


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


async def bearer(people: People, name: str = "alice", scopes: tuple[Scope, ...] = BOTH) -> str:
    holder = await people.holder(name) if name else None
    return f"Bearer {(await people.tokens.issue(holder, scopes, people.access.policy)).token}"


def access_of(people: People, policy: Policy, terms: Terms) -> AccessService:
    return assemble_gate(people.gate.ground, people.accounts, policy, terms).access


async def refusal(people: People, authorization: str) -> Fault:
    with pytest.raises(Fault) as caught:
        await people.access.identify(authorization)
    return caught.value


async def test_no_header_is_nobody(people: People) -> None:
    assert await people.access.identify(None) == ANONYMOUS


async def test_basic_and_bearer_in_any_case(people: People) -> None:
    await people.add()
    expected = Identity("alice", Role.DEVELOPER, kind=Kind.USER)
    assert await people.access.identify(basic("alice", PASSWORD)) == expected
    assert await people.access.identify("bASIC" + basic("alice", PASSWORD)[5:]) == expected
    held = await people.access.identify(await bearer(people))
    assert (held.name, held.role) == ("alice", Role.DEVELOPER)
    assert held == await people.access.identify("BEARER" + (await bearer(people))[6:])


async def test_a_password_may_hold_colons_and_any_letters(people: People) -> None:
    await people.accounts.add("alice", "a:b:ключ:钥匙", Role.GUEST)
    found = await people.access.identify(basic("alice", "a:b:ключ:钥匙"))
    assert found.name == "alice"


@pytest.mark.parametrize(
    "authorization,message",
    [
        (basic("alice", "wrong"), "user name or password is wrong"),
        (basic("bob", PASSWORD), "user name or password is wrong"),
        (basic("", ""), "user name or password is wrong"),
        ("Basic", "with a colon between"),
        ("Basic !!!!", "cannot be read"),
        ("Basic /////w==", "cannot be read"),
        ("Basic YWxpY2U=", "with a colon between"),
        ("Basic " + "A" * 20_000, "too long"),
        ("Bearer", "not valid or has expired"),
        ("Bearer x.y.z", "not valid or has expired"),
        ("Digest abc", "only Basic and Bearer"),
        ("", "only Basic and Bearer"),
    ],
)
async def test_wrong_credentials_never_turn_into_nobody(authorization: str, message: str) -> None:
    async with open_people(Policy(open=True, anonymous_pull=("*",))) as people:
        await people.add()
        fault = await refusal(people, authorization)
        assert fault.code is Code.UNAUTHORIZED
        assert message in fault.message
        assert PASSWORD not in fault.message


async def test_what_is_missing_is_401_and_what_can_never_be_is_403(people: People) -> None:
    guest = await people.add("guest", Role.GUEST)
    await people.add("alice", Role.DEVELOPER)
    can_only_pull = await people.access.identify(
        await bearer(people, "alice", parse_scopes(["repository:app:pull"]))
    )
    cases = [
        (ANONYMOUS, Permission.PULL, Code.UNAUTHORIZED),
        (Identity("guest", guest.role, kind=Kind.USER), Permission.PUSH, Code.DENIED),
        (can_only_pull, Permission.PUSH, Code.UNAUTHORIZED),
        (can_only_pull, Permission.DELETE, Code.DENIED),
    ]
    for who, permission, code in cases:
        with pytest.raises(Fault) as caught:
            await people.access.require(who, permission, APP)
        assert caught.value.code is code
        assert not await people.access.permits(who, permission, Target.of(APP))
    await people.access.require(can_only_pull, Permission.PULL, APP)
    with pytest.raises(Fault):
        await people.access.require(can_only_pull, Permission.PULL, RepositoryName("library/other"))


async def test_i10_a_removed_user_loses_access_within_the_life_of_the_token(
    people: People,
) -> None:
    """I10: what is denied is denied before a row is written."""
    await people.add()
    header = await bearer(people)
    await people.access.require(await people.access.identify(header), Permission.PUSH, APP)
    await people.accounts.remove("alice")
    fault = await refusal(people, header)
    assert fault.code is Code.UNAUTHORIZED
    assert fault.detail == {"error": "invalid_token"}
    # Somebody else of that name is somebody else.
    people.clock.seconds += 1
    await people.add()
    await refusal(people, header)


async def test_a_token_from_before_a_change_is_not_valid(people: People) -> None:
    await people.add()
    header = await bearer(people)
    await people.access.identify(header)
    # In the same instant, as far as the clock can tell.
    await people.accounts.change("alice", password="another one")
    await refusal(people, header)
    assert (await people.access.identify(await bearer(people))).name == "alice"
    header = await bearer(people)
    await people.accounts.change("alice", role=Role.GUEST)
    await refusal(people, header)


async def test_another_process_refuses_a_removed_user_at_once(people: People) -> None:
    await people.add()
    header = await bearer(people)
    other = people.restarted()
    await other.access.identify(header)
    await people.accounts.remove("alice")
    await refusal(other, header)


async def test_an_expired_token_is_told_so(people: People) -> None:
    await people.add()
    header = await bearer(people)
    people.clock.seconds += 3600
    fault = await refusal(people, header)
    assert (fault.code, fault.detail) == (Code.UNAUTHORIZED, {"error": "invalid_token"})


async def test_the_ping_asks_for_a_login_even_where_pulls_are_public() -> None:
    async with open_people(Policy(anonymous_pull=("*",))) as people:
        with pytest.raises(Fault) as caught:
            await people.access.require_login(ANONYMOUS)
        assert caught.value.code is Code.UNAUTHORIZED
        token = await bearer(people, "", parse_scopes(["repository:app:pull"]))
        await people.access.require_login(await people.access.identify(token))
        await people.add()
        await people.access.require_login(await people.access.identify(basic("alice", PASSWORD)))


async def test_the_ping_of_an_open_registry_asks_for_nothing() -> None:
    async with open_people(Policy(open=True)) as people:
        await people.access.require_login(ANONYMOUS)


async def test_what_is_switched_off_nobody_may_do(people: People) -> None:
    reason = {Permission.DELETE: "deleting is switched off"}
    policy = Policy(open=True)
    access = access_of(people, policy, Terms(switched_off=reason))
    admin = Identity("admin", Role.ADMIN, kind=Kind.USER)
    with pytest.raises(Fault) as caught:
        await access.require(admin, Permission.DELETE, APP)
    assert (caught.value.code, caught.value.message) == (
        Code.UNSUPPORTED,
        reason[Permission.DELETE],
    )
    await access.require(admin, Permission.PUSH, APP)
    assert [one for one in Permission if not access.serves(one)] == [Permission.DELETE]


async def test_places_are_nowhere_for_who_may_nothing_anywhere(people: People) -> None:
    admin = Identity("admin", Role.ADMIN, kind=Kind.USER, address="198.51.100.7")
    read = Permission.PROJECT_READ
    assert await people.access.places(admin, read) is None
    assert await people.access.places(ANONYMOUS, read) == frozenset()
    off = access_of(people, Policy(), Terms(switched_off={read: "off"}))
    assert await off.places(admin, read) == frozenset()
    elsewhere = Policy(networks=Networks.parse(["192.0.2.0/24"]))
    assert await access_of(people, elsewhere, Terms()).places(admin, read) == frozenset()
    opened = access_of(people, Policy(open=True), Terms())
    for permission in (Permission.PULL, Permission.AUDIT_READ):
        may = await opened.permits(ANONYMOUS, permission)
        assert (await opened.places(ANONYMOUS, permission) is None) is may


async def test_who_may_not_is_not_told_what_is_switched_off(people: People) -> None:
    access = access_of(people, Policy(), Terms(switched_off={Permission.DELETE: "off"}))
    for who, code in (
        (ANONYMOUS, Code.UNAUTHORIZED),
        (Identity("guest", Role.GUEST, kind=Kind.USER), Code.DENIED),
    ):
        with pytest.raises(Fault) as caught:
            await access.require(who, Permission.DELETE, APP)
        assert caught.value.code is code


async def test_a_registry_that_asks_nobody_looks_at_no_credentials(people: People) -> None:
    access = access_of(people, Policy(open=True), Terms(asks=False))
    for authorization in (None, basic("alice", "of another registry"), "Bearer x.y.z", "Digest"):
        assert await access.identify(authorization) == ANONYMOUS
        who = await access.identify(authorization, certificate=Certificate("alice"))
        assert who == ANONYMOUS
    assert people.passwords.verified == []
