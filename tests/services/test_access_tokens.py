"""Access tokens: made by their owners, narrowed, used and revoked."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code
from entrepot.ports.robots import Credential
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import Target
from entrepot.rules.credentials import Prefix, read
from entrepot.rules.expiry import LIFE_MAX_SECONDS
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import DEVELOPER, GUEST
from entrepot.services.access_tokens import (
    CLI_SECRET_SECONDS,
    DEFAULT_SECONDS,
    LIMITS_MAX,
    TOKENS_MAX,
    NewToken,
    is_own,
)
from entrepot.services.standing import LimitGrant
from tests.services.machines import (
    PULL,
    PUSH,
    Plant,
    acting,
    elsewhere,
    open_plant,
    refusal,
)
from tests.services.people import PASSWORD

WEB_PULL = (LimitGrant("acme/web/**", "", PULL),)


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    async with open_plant() as made:
        yield made


async def made(plant: Plant, by: Identity, new: NewToken | None = None) -> tuple[Credential, str]:
    return await plant.tokens.create(new or NewToken("laptop"), acting(by))


async def test_a_token_is_the_password_of_its_owner(plant: Plant) -> None:
    alice = await plant.owner()
    token, secret = await made(plant, alice)
    assert read(secret) == (Prefix.TOKEN, token.id)
    assert token.expires_at == plant.clock.now() + DEFAULT_SECONDS
    shown = await plant.login("alice", secret)
    assert (shown.name, shown.kind, shown.credential) == ("alice", Kind.USER, token.id)
    assert await plant.may(shown, Permission.PROJECT_UPDATE, Target("acme"))
    assert not await plant.is_dead(await plant.bearer("alice", secret))
    assert "wrong" in await plant.refused_login("bob", secret)


async def test_a_narrowed_token_does_less(plant: Plant) -> None:
    alice = await plant.owner()
    _, secret = await made(plant, alice, NewToken("ci", limits=WEB_PULL))
    shown = await plant.login("alice", secret)
    assert await plant.may(shown, Permission.PULL)
    assert not await plant.may(shown, Permission.PUSH)
    assert not await plant.may(shown, Permission.PROJECT_READ, Target("acme"))


async def test_limits_may_be_a_role_and_never_give_more(plant: Plant) -> None:
    bob = await plant.user("bob", *())
    _, secret = await made(plant, bob, NewToken("x", limits=(LimitGrant("*", DEVELOPER),)))
    assert not await plant.may(await plant.login("bob", secret), Permission.PULL)


async def test_a_token_ends(plant: Plant) -> None:
    alice = await plant.owner()
    ends = plant.clock.now() + 50
    _, secret = await made(plant, alice, NewToken("short", ends))
    bearer = await plant.bearer("alice", secret)
    plant.clock.seconds = ends
    assert "'short' of alice has expired" in await plant.refused_login("alice", secret)
    assert await plant.is_dead(bearer)


async def test_a_revoked_token_is_dead_with_what_was_got_with_it(plant: Plant) -> None:
    alice = await plant.owner()
    token, secret = await made(plant, alice)
    bearer = await plant.bearer("alice", secret)
    by_password = await plant.bearer("alice", PASSWORD)
    await plant.tokens.revoke(token.id, acting(alice))
    assert await plant.is_dead(bearer)
    await plant.refused_login("alice", secret)
    assert not await plant.is_dead(by_password)
    await refusal(Code.NOT_FOUND, plant.tokens.revoke(token.id, acting(alice)))


async def test_networks_of_a_token_are_asked_for(plant: Plant) -> None:
    alice = await plant.owner()
    _, secret = await made(plant, alice, NewToken("office", networks=("10.0.0.0/8",)))
    assert await plant.may(await plant.login("alice", secret, "10.0.0.1"), Permission.PULL)
    assert not await plant.may(await plant.login("alice", secret, "192.0.2.1"), Permission.PULL)


@pytest.mark.parametrize(
    "new, word",
    [
        (NewToken("  "), "label"),
        (NewToken("x", 1.0), "ends within"),
        (NewToken("x", 1_800_000_000.0 + LIFE_MAX_SECONDS + 1), "ends within"),
        (NewToken("x", limits=()), "narrowed so"),
        (NewToken("x", limits=(*WEB_PULL * (LIMITS_MAX + 1),)), "narrowed so"),
        (NewToken("x", limits=(LimitGrant("acme", "king"),)), "no role"),
        (NewToken("x", limits=(LimitGrant("acme", "", ("fly",)),)), "no permission"),
        (NewToken("x", limits=(LimitGrant("A/", "", PULL),)), "grant can hold"),
        (NewToken("x", networks=("nowhere",)), "network"),
    ],
    ids=str,
)
async def test_what_is_no_token_is_told_why(plant: Plant, new: NewToken, word: str) -> None:
    alice = await plant.owner()
    assert word in await refusal(Code.REQUEST_INVALID, made(plant, alice, new))
    assert await plant.tokens.of("alice") == []


async def test_a_token_makes_nothing_wider_than_itself(plant: Plant) -> None:
    alice = await plant.owner()
    ends = plant.clock.now() + 1000
    new = NewToken("parent", ends, WEB_PULL, ("10.0.0.0/8",))
    parent = await plant.login("alice", (await made(plant, alice, new))[1], "10.0.0.1")
    for wider in (
        NewToken("x"),
        NewToken("x", limits=(LimitGrant("acme", "", PULL),)),
        NewToken("x", limits=(LimitGrant("acme/web/**", "", PUSH),)),
        NewToken("x", limits=(LimitGrant("acme/web/**", GUEST),)),
        NewToken("x", ends + 1, WEB_PULL),
        NewToken("x", ends, WEB_PULL, ("10.0.0.0/7",)),
    ):
        await refusal(Code.DENIED, made(plant, parent, wider))
    child, _ = await made(plant, parent, NewToken("child", limits=WEB_PULL))
    assert (child.expires_at, child.networks) == (ends, ("10.0.0.0/8",))
    narrow = NewToken("y", ends - 1, (LimitGrant("acme/web/app", "", PULL),), ("10.1.0.0/16",))
    await made(plant, parent, narrow)


async def test_only_users_have_tokens(plant: Plant) -> None:
    robot = await plant.login("robot$acme+ci", await plant.robot())
    alice = await plant.owner()
    token, _ = await plant.bearer("alice", PASSWORD)
    carried = await plant.people.access.identify(f"Bearer {token}")
    for who in (robot, carried, Identity(), Identity("workload:a:b", kind=Kind.WORKLOAD)):
        await refusal(Code.DENIED, made(plant, who))
        await refusal(Code.DENIED, plant.tokens.renew_cli_secret(acting(who)))
    assert alice.name


async def test_i13_tokens_are_bounded_and_expired_ones_make_room(plant: Plant) -> None:
    alice = await plant.owner()
    ends = plant.clock.now() + 10
    for number in range(TOKENS_MAX):
        await made(plant, alice, NewToken(f"t{number}", ends if number < 3 else None))
    assert "already" in await refusal(Code.DENIED, made(plant, alice))
    plant.clock.seconds = ends
    await made(plant, alice)
    assert len(await plant.tokens.of("alice")) == TOKENS_MAX - 2


async def test_a_cli_secret_stands_for_the_password_and_is_one(plant: Plant) -> None:
    alice = await plant.owner()
    first, secret = await plant.tokens.renew_cli_secret(acting(alice))
    assert read(secret) == (Prefix.CLI, first.id)
    assert first.expires_at == plant.clock.now() + CLI_SECRET_SECONDS
    shown = await plant.login("alice", secret)
    assert await plant.may(shown, Permission.PUSH)
    _, second = await plant.tokens.renew_cli_secret(acting(alice))
    await plant.refused_login("alice", secret)
    await plant.login("alice", second)
    assert [one.kind.value for one in await plant.tokens.of("alice")] == ["cli"]


async def test_no_secret_makes_a_cli_secret(plant: Plant) -> None:
    alice = await plant.owner()
    shown = await plant.login("alice", (await plant.tokens.renew_cli_secret(acting(alice)))[1])
    await refusal(Code.DENIED, plant.tokens.renew_cli_secret(acting(shown)))
    for new in (NewToken("a"), NewToken("b", limits=WEB_PULL)):
        shown = await plant.login("alice", (await made(plant, alice, new))[1])
        await refusal(Code.DENIED, plant.tokens.renew_cli_secret(acting(shown)))


async def test_a_narrowed_token_knows_of_itself_alone(plant: Plant) -> None:
    alice = await plant.owner()
    wide, wide_secret = await made(plant, alice)
    narrow, secret = await made(plant, alice, NewToken("b", limits=WEB_PULL))
    bound, _ = await made(plant, alice, NewToken("c", networks=("10.0.0.0/8",)))
    shown = await plant.login("alice", secret)
    assert [is_own(shown, one) for one in (wide, narrow, bound)] == [False, True, False]
    assert all(is_own(alice, one) for one in (wide, narrow, bound))
    shown = await plant.login("alice", wide_secret)
    assert is_own(shown, wide)
    assert is_own(shown, narrow)
    assert not is_own(replace(alice, name="bob"), wide)
    assert not is_own(replace(alice, kind=Kind.ROBOT), wide)


async def test_a_token_does_not_outlive_the_one_that_was_revoked_meanwhile(plant: Plant) -> None:
    alice = await plant.owner()
    parent, secret = await made(plant, alice)
    shown = await plant.login("alice", secret)
    await plant.tokens.revoke(parent.id, acting(alice))
    await refusal(Code.DENIED, made(plant, elsewhere(shown, "10.0.0.1")))
    await refusal(Code.DENIED, plant.tokens.renew_cli_secret(acting(shown)))


async def test_last_use_is_known_after_a_flush(plant: Plant) -> None:
    alice = await plant.owner()
    token, secret = await made(plant, alice)
    await plant.login("alice", secret)
    await plant.people.gate.authenticator.flush()
    assert (await plant.tokens.find(token.id)).used_at == plant.clock.now()


async def test_each_change_is_a_line_without_a_secret(plant: Plant) -> None:
    alice = await plant.owner()
    token, secret = await made(plant, alice, NewToken("ci", limits=WEB_PULL))
    _, other = await plant.tokens.renew_cli_secret(acting(alice))
    await plant.tokens.revoke(token.id, acting(alice))
    lines = (await plant.audit())[-3:]
    assert [line[0] for line in lines] == ["token.created", "cli-secret.renewed", "token.revoked"]
    for one in (secret, other):
        assert one[20:] not in repr(lines)


async def test_a_robots_secret_is_no_access_token(plant: Plant) -> None:
    await plant.robot()
    (secret,) = (await plant.view()).secrets
    await refusal(Code.NOT_FOUND, plant.tokens.find(secret.id))
