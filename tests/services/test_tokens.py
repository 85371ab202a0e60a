"""Bearer tokens: what they carry, and when they are refused."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.oci.errors import Fault
from entrepot.ports.secrets import TokenSigner
from entrepot.rules.access import Identity, Kind, Policy, TokenGrant
from entrepot.rules.roles import Role
from entrepot.rules.scopes import parse_scopes
from entrepot.services.standing import Standing
from entrepot.services.tokens import CACHE_MAX, LEEWAY_SECONDS, REFRESH_SECONDS, TokenService
from entrepot.wiring.gate import Terms, assemble_gate
from tests.services.people import APP, AUDIENCE, KEY, People, open_people

WANTED = parse_scopes(["repository:app:pull,push,delete registry:catalog:*"])
CLOSED = Policy()


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        yield made


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
    )
    return json.loads(header), json.loads(claims)


def changed(people: People, **claims: object) -> str:
    """Return a token of our own key with other claims."""
    now = int(people.clock.now())
    whole = {
        "iss": "entrepot",
        "sub": "alice",
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": "1",
        "changed": 0.0,
        "access": [],
    }
    return Es256Signer(KEY).sign({**whole, **claims})


async def refreshed(people: People, token: str) -> str | None:
    """Return whose refresh token it is, or None."""
    try:
        return (await people.tokens.refreshed(token)).identity.name
    except Fault:
        return None


def replace_signer(people: People, signer: TokenSigner) -> TokenService:
    """Return the service of a registry with another key."""
    ground = replace(people.gate.ground, signer=signer)
    return assemble_gate(ground, people.accounts, CLOSED, Terms(AUDIENCE)).tokens


async def test_a_token_has_the_claims_that_others_expect(people: People) -> None:
    await people.add()
    account = await people.holder()
    issued = await people.tokens.issue(account, WANTED, CLOSED)
    header, claims = decoded(issued.token)
    assert header["typ"] == "JWT"
    assert header["alg"] == "ES256"
    assert header["kid"] == people.tokens.jwks()["keys"][0]["kid"]
    now = int(people.clock.now())
    # A list as `aud` is refused by distribution's older readers.
    assert claims["aud"] == AUDIENCE
    assert (claims["iss"], claims["sub"]) == ("entrepot", "alice")
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (now, now, now + 300)
    assert claims["access"] == [
        {"type": "repository", "name": "app", "actions": ["pull", "push"]},
        {"type": "registry", "name": "catalog", "actions": ["*"]},
    ]
    assert (issued.expires_in, issued.issued_at) == (300, people.clock.now())
    again = await people.tokens.issue(account, WANTED, CLOSED)
    assert decoded(again.token)[1]["jti"] != claims["jti"]


async def test_a_token_says_who_holds_it_and_for_what(people: People) -> None:
    await people.add()
    account = await people.holder()
    verified = people.tokens.verify((await people.tokens.issue(account, WANTED, CLOSED)).token)
    assert verified is not None
    assert (verified.name, verified.kind, verified.may_list) == ("alice", Kind.USER, True)
    assert verified.grants == (TokenGrant(APP, frozenset({"pull", "push"})),)
    assert verified.changed_at == account.changed_at


async def test_an_anonymous_token_carries_what_anyone_may(people: People) -> None:
    policy = Policy(anonymous_pull=("app",))
    verified = people.tokens.verify((await people.tokens.issue(None, WANTED, policy)).token)
    assert verified is not None
    assert (verified.name, verified.kind) == ("", Kind.ANONYMOUS)
    assert verified.grants == (TokenGrant(APP, frozenset({"pull"})),)


async def test_a_token_ends_with_its_time_and_the_leeway(people: People) -> None:
    token = (await people.tokens.issue(None, WANTED, CLOSED)).token
    people.clock.seconds += 300 + LEEWAY_SECONDS
    # Once read from the signature, once from the memory of tokens.
    assert people.tokens.verify(token)
    assert people.tokens.verify(token)
    people.clock.seconds += 1
    assert people.tokens.verify(token) is None
    assert people.restarted().tokens.verify(token) is None


async def test_a_token_is_known_after_a_restart(people: People) -> None:
    token = (await people.tokens.issue(None, WANTED, CLOSED)).token
    assert people.restarted().tokens.verify(token)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "registry.other"},
        {"aud": [AUDIENCE]},
        {"iss": "someone"},
        {"nbf": 1_800_000_000 + 61},
        {"exp": 1_800_000_000 - 61},
        {"aud": f"{AUDIENCE}/refresh"},
    ],
    ids=str,
)
async def test_other_claims_are_refused(people: People, claims: dict[str, object]) -> None:
    assert people.tokens.verify(changed(people))
    assert people.tokens.verify(changed(people, **claims)) is None


async def test_forgeries_are_refused(people: People) -> None:
    await people.add()
    account = await people.holder()
    token = (await people.tokens.issue(account, WANTED, CLOSED)).token
    header, claims, signature = token.split(".")
    other = replace_signer(people, Es256Signer(new_key()))
    none = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').decode().rstrip("=")
    swapped = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(claims + "==").replace(b"alice", b"admin")
    ).decode()
    forged = [
        "",
        ".",
        "a.b.c",
        "x" * 100_000,
        f"{header}.{claims}.",
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        f"{header}.{swapped.rstrip('=')}.{signature}",
        (await other.issue(account, WANTED, CLOSED)).token,
    ]
    for text in forged:
        assert people.tokens.verify(text) is None
        assert await refreshed(people, text) is None
    assert people.tokens.verify(token)


async def test_a_refresh_token_never_passes_for_an_access_token(people: People) -> None:
    await people.add()
    account = await people.holder()
    refresh = people.tokens.issue_refresh(account)
    access = (await people.tokens.issue(account, WANTED, CLOSED)).token
    assert people.tokens.verify(refresh) is None
    assert await refreshed(people, access) is None
    assert await refreshed(people, refresh) == "alice"


async def test_a_refresh_token_lives_for_months(people: People) -> None:
    await people.add()
    refresh = people.tokens.issue_refresh(await people.holder())
    people.clock.seconds += REFRESH_SECONDS
    assert await refreshed(people, refresh)
    people.clock.seconds += LEEWAY_SECONDS + 1
    assert await refreshed(people, refresh) is None


async def test_i13_the_memory_of_tokens_is_bounded_and_keeps_those_in_use(people: People) -> None:
    alice = Standing(Identity("alice", Role.GUEST, kind=Kind.USER), 0.0)
    used = (await people.tokens.issue(alice, (), CLOSED)).token
    signer = CountingSigner(people)
    tokens = replace_signer(people, signer)
    for number in range(CACHE_MAX + 10):
        assert tokens.verify(f"token {number}")
        if number % 1000 == 0:
            assert tokens.verify(used)
    before = signer.count
    assert tokens.verify(used)
    assert signer.count == before
    assert tokens.verify("token 0")
    assert signer.count == before + 1


class CountingSigner:
    """Believes every token, and counts how many it was asked about."""

    epoch = 0

    def __init__(self, people: People) -> None:
        self.claims = decoded(changed(people))[1]
        self.count = 0

    def sign(self, _claims: object, *, long_lived: bool = False) -> str:
        raise NotImplementedError

    def verify(self, _token: str, *, long_lived: bool = False) -> dict[str, Any]:
        self.count += 1
        return self.claims

    def jwks(self) -> dict[str, Any]:
        raise NotImplementedError


async def test_attack_a_bound_refresh_token_is_not_good_elsewhere(people: People) -> None:
    await people.add()
    terms = Terms(AUDIENCE, binds=True)
    tokens = assemble_gate(people.gate.ground, people.accounts, CLOSED, terms).tokens
    refresh = tokens.issue_refresh(await people.holder(), "192.0.2.1")
    assert (await tokens.refreshed(refresh, "192.0.2.1")).identity.name == "alice"
    with pytest.raises(Fault):
        await tokens.refreshed(refresh, "203.0.113.9")
