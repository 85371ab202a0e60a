"""What is shown, and whose it is."""

import base64
from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.robots import CredentialKind
from entrepot.rules.access import Kind
from entrepot.rules.certificates import Certificate, unusable
from entrepot.rules.roles import Role
from entrepot.services.access_tokens import AccessTokenService, NewToken
from entrepot.services.authentication import USED_SECONDS
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from tests.services.house import Counting
from tests.services.people import PASSWORD, People, open_people


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        await made.add("alice", Role.USER)
        yield made


async def secret_of(people: People, **wish: object) -> str:
    acting = Acting((await people.holder()).identity, Caller("alice"))
    tokens = AccessTokenService(people.catalog, people.clock, Counting())
    _, secret = await tokens.create(NewToken("laptop", **wish), acting)  # type: ignore[arg-type]
    return secret


async def refusal(people: People, name: str, shown: str) -> str:
    with pytest.raises(Fault) as caught:
        await people.access.login(name, shown)
    assert caught.value.code is Code.UNAUTHORIZED
    return caught.value.message


async def test_a_password_and_an_access_token_are_the_same_user(people: People) -> None:
    by_password = await people.access.login("alice", PASSWORD)
    by_token = await people.access.login("alice", await secret_of(people))
    assert by_password.identity.kind is by_token.identity.kind is Kind.USER
    assert (by_password.identity.credential, bool(by_token.identity.credential)) == ("", True)


async def test_a_certificate_is_whom_it_names(people: People) -> None:
    shown = await people.access.certified(Certificate("alice"))
    assert shown == await people.access.login("alice", PASSWORD)
    identity = await people.access.identify(None, "192.0.2.1", certificate=Certificate("alice"))
    assert (identity.name, identity.grants, identity.address) == ("alice", None, "192.0.2.1")


@pytest.mark.parametrize(
    "certificate, message",
    [
        (Certificate("nobody"), "'nobody' of the client certificate has no account here: "),
        (Certificate("Alice"), "'Alice' of the client certificate has no account here: "),
        (Certificate("robot$no"), "'robot$no' of the client certificate does not exist: "),
        (Certificate("it's\"<"), "'it\\'s\"<' of the client certificate has no account here: "),
        (unusable("it is odd"), "the client certificate cannot be used, as it is odd: "),
    ],
)
async def test_a_certificate_of_nobody_is_refused(
    people: People, certificate: Certificate, message: str
) -> None:
    with pytest.raises(Fault) as caught:
        await people.access.identify(None, certificate=certificate)
    assert caught.value.code is Code.UNAUTHORIZED
    assert caught.value.message.startswith(message)


async def test_other_credentials_come_before_a_certificate(people: People) -> None:
    await people.add("bob", Role.USER)
    header = "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
    alice = Certificate("alice")
    assert (await people.access.identify(header, certificate=alice)).name == "bob"
    for wrong in ("Basic eDp5", "Bearer x", "Digest x", ""):
        with pytest.raises(Fault) as caught:
            await people.access.identify(wrong, certificate=alice)
        assert caught.value.code is Code.UNAUTHORIZED


async def test_a_token_is_good_for_its_owner_alone(people: People) -> None:
    await people.add("bob", Role.USER)
    secret = await secret_of(people)
    wrong = await refusal(people, "bob", secret)
    assert wrong == await refusal(people, "nobody", secret)
    assert wrong == await refusal(people, "alice", "wrong password")


async def test_a_token_with_another_character_is_a_wrong_password(people: People) -> None:
    secret = await secret_of(people)
    other = secret[:-12] + ("0" if secret[-12] != "0" else "1") + secret[-11:]
    assert "wrong" in await refusal(people, "alice", other)


async def test_an_expired_token_says_so(people: People) -> None:
    secret = await secret_of(people, expires_at=people.clock.now() + 60)
    await people.access.login("alice", secret)
    people.clock.seconds += 61
    assert "has expired" in await refusal(people, "alice", secret)


async def test_a_robots_name_takes_no_password(people: People) -> None:
    before = len(people.passwords.verified)
    assert "wrong" in await refusal(people, "robot$ci", PASSWORD)
    assert len(people.passwords.verified) == before


async def test_the_last_use_is_known_within_a_minute(people: People) -> None:
    secret = await secret_of(people)
    await people.access.login("alice", secret)
    await people.gate.authenticator.flush()
    first = people.clock.now()
    people.clock.seconds += USED_SECONDS / 2
    await people.access.login("alice", secret)
    await people.gate.authenticator.flush()
    async with people.catalog.begin() as tx:
        (found,) = await tx.credentials.of(CredentialKind.TOKEN, "alice")
    assert found.used_at == first
