"""Attack: forged, stolen, replayed and mixed-up tokens of the registry."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.faces.registry.token import TokenServices, token_app
from entrepot.oci.errors import Fault
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.identity import Source
from entrepot.ports.robots import CredentialKind, Robot
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.context import Caller
from entrepot.services.minting import Purpose, mint
from entrepot.services.tokens import ISSUER, LEEWAY_SECONDS
from entrepot.settings import Auth
from entrepot.wiring.gate import assemble_gate
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import Registry, basic, open_registry

MINE = "acme/app"
SCOPE = f"repository:{MINE}:pull,push,delete"
MANIFEST = f"/v2/{MINE}/manifests/1"


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with open_site(Auth()) as made:
        yield made


@asynccontextmanager
async def open_site(auth: Auth) -> AsyncIterator[Registry]:
    """Yield a registry with two projects, and a user `dora` who develops everywhere."""
    async with open_registry(auth) as registry:
        await registry.login(Role.ADMIN)
        await registry.push_image("1", name=MINE)
        await registry.push_image("1", name="beta/app")
        registry.authorization = None
        await registry.add_user("dora", Role.DEVELOPER)
        yield registry


async def ask_token(
    registry: Registry, fields: list[tuple[str, str]], authorization: str | None = None
) -> Answer:
    app = token_app(TokenServices(registry.house.access, registry.house.tokens))
    headers = {"Authorization": authorization} if authorization else {}
    return await call(app, "GET", f"/service/token?{urlencode(fields)}", headers)


async def post_token(registry: Registry, fields: dict[str, str]) -> Answer:
    app = token_app(TokenServices(registry.house.access, registry.house.tokens))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await call(app, "POST", "/service/token", form, urlencode(fields).encode())


async def a_token(registry: Registry, authorization: str | None = None, scope: str = SCOPE) -> str:
    answer = await ask_token(registry, [("scope", scope)], authorization or basic("dora"))
    return str(answer.json["token"])


async def with_token(registry: Registry, token: str, path: str = MANIFEST) -> Answer:
    return await call(registry.app, "GET", path, {"Authorization": f"Bearer {token}"})


async def assert_refused(registry: Registry, token: str) -> None:
    answer = await with_token(registry, token)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert 'error="invalid_token"' in (answer.header("WWW-Authenticate") or "")
    # And a wrong token is never nobody's, where nobody may.
    with pytest.raises(Fault):
        await registry.house.access.identify(f"Bearer {token}")


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token."""
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(one + "==")) for one in (header, claims))


def by_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes, size: str) -> str:
    """Return a token signed with a shared secret."""
    body = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{body}.{part(hmac.digest(secret, body.encode(), f'sha{size}'))}"


def by_key(header: dict[str, Any], claims: dict[str, Any], key: ECKey | RSAKey) -> str:
    """Return a token signed with a key of the attacker's."""
    algorithm = header["alg"]
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, registry=registry)


async def test_alg_none(registry: Registry) -> None:
    header, claims = parts(await a_token(registry))
    for alg in ("none", "None", "NONE", "nOnE", ""):
        for changed in ({**header, "alg": alg}, {"alg": alg}):
            body = f"{part(json.dumps(changed).encode())}.{part(json.dumps(claims).encode())}"
            await assert_refused(registry, f"{body}.")
            await assert_refused(registry, body)
    await assert_refused(registry, (await a_token(registry)).rpartition(".")[0] + ".")


@pytest.mark.parametrize("size", ["256", "384", "512"])
async def test_alg_confusion_with_our_public_key_as_the_secret(
    registry: Registry, size: str
) -> None:
    header, claims = parts(await a_token(registry))
    jwk = registry.house.tokens.jwks()["keys"][0]
    key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    pem = key.as_pem(private=False)
    public = key.public_key
    secrets = (
        pem,
        pem.strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        json.dumps(jwk).encode(),
        jwk["x"].encode(),
        b"",
    )
    for secret in secrets:
        for changed in ({**header, "alg": f"HS{size}"}, {"alg": f"HS{size}"}, header):
            await assert_refused(registry, by_secret(changed, claims, secret, size))


async def test_alg_confusion_with_a_key_of_another_kind(registry: Registry) -> None:
    header, claims = parts(await a_token(registry))
    key = RSAKey.generate_key(2048)
    for algorithm in ("RS256", "PS256", "RS512"):
        await assert_refused(registry, by_key({**header, "alg": algorithm}, claims, key))


KIDS = (
    "../../../../dev/null",
    "/dev/null",
    "file:///dev/null",
    "' OR '1'='1",
    "x' UNION SELECT 'AAAA' --",
    "",
    "\0",
    "http://127.0.0.1:1/key",
    "x" * 4000,
)


@pytest.mark.parametrize("kid", KIDS, ids=range(len(KIDS)))
async def test_kid_injection(registry: Registry, kid: str) -> None:
    header, claims = parts(await a_token(registry))
    mine = ECKey.generate_key("P-256")
    await assert_refused(registry, by_key({**header, "kid": kid}, claims, mine))
    for secret in (b"", b"AAAA", b"\0"):
        changed = {**header, "alg": "HS256", "kid": kid}
        await assert_refused(registry, by_secret(changed, claims, secret, "256"))


async def test_another_key_under_our_kid(registry: Registry) -> None:
    header, claims = parts(await a_token(registry))
    mine = ECKey.generate_key("P-256")
    await assert_refused(registry, by_key(header, claims, mine))
    await assert_refused(registry, by_key({**header, "kid": mine.thumbprint()}, claims, mine))
    # Nor is that of another registry, which writes the same claims.
    await assert_refused(registry, Es256Signer(new_key()).sign(claims))


@pytest.mark.parametrize("field", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"])
async def test_a_header_that_brings_its_own_key(registry: Registry, field: str) -> None:
    header, claims = parts(await a_token(registry))
    mine = ECKey.generate_key("P-256")
    values: dict[str, Any] = {
        "jwk": mine.as_dict(private=False),
        "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/cert.pem",
        "x5c": [base64.b64encode(b"no certificate").decode()],
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
    }
    for kid in (header["kid"], mine.thumbprint()):
        changed = {**header, "kid": kid, field: values[field]}
        body = f"{part(json.dumps(changed).encode())}.{part(json.dumps(claims).encode())}"
        signature = jws.serialize_compact(
            {"alg": "ES256"}, body.encode(), mine, algorithms=["ES256"]
        ).rpartition(".")[2]
        await assert_refused(registry, f"{body}.{signature}")
        # With the signature of the good token too, which covers another header.
        good = (await a_token(registry)).rpartition(".")[2]
        await assert_refused(registry, f"{body}.{good}")


async def test_an_expired_token(registry: Registry) -> None:
    token = await a_token(registry)
    assert (await with_token(registry, token)).status == 200
    registry.clock.seconds += 300 + LEEWAY_SECONDS + 1
    await assert_refused(registry, token)


def signed(registry: Registry, token: str, **claims: object) -> str:
    """Return the claims of a token with others in it, signed as ours: by an older version, say."""
    return registry.house.gate.ground.signer.sign({**parts(token)[1], **claims})


async def test_a_token_that_is_not_valid_yet(registry: Registry) -> None:
    token, now = await a_token(registry), registry.clock.now()
    assert (await with_token(registry, signed(registry, token, nbf=now))).status == 200
    await assert_refused(registry, signed(registry, token, nbf=now + 3600))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another.registry"},
        {"aud": ["entrepot"]},
        {"aud": ""},
        {"aud": None},
        {"aud": "entrepot/refresh"},
        {"iss": "another"},
        {"iss": None},
        {"iss": f"{ISSUER} "},
    ],
    ids=str,
)
async def test_a_token_for_another_audience(registry: Registry, claims: dict[str, object]) -> None:
    token = await a_token(registry)
    assert (await with_token(registry, signed(registry, token))).status == 200
    await assert_refused(registry, signed(registry, token, **claims))


async def test_a_refresh_token_is_no_access_token_and_the_reverse(registry: Registry) -> None:
    fields = [("scope", SCOPE), ("offline_token", "true")]
    both = (await ask_token(registry, fields, basic("dora"))).json
    await assert_refused(registry, both["refresh_token"])
    grant = {"grant_type": "refresh_token", "scope": SCOPE}
    answer = await post_token(registry, {**grant, "refresh_token": both["token"]})
    assert (answer.status, "access_token" in answer.json) == (401, False)
    assert (
        await post_token(registry, {**grant, "refresh_token": both["refresh_token"]})
    ).status == 200
    # Nor is either a password.
    for secret in both["token"], both["refresh_token"]:
        assert (await ask_token(registry, fields, basic("dora", secret))).status == 401


@pytest.mark.parametrize(
    "name",
    ["beta/app", "acme/app2", "acme/ap", "acme", "app", "library/app", "acme/app/x", "x/acme/app"],
)
async def test_a_token_for_one_repository_on_another(registry: Registry, name: str) -> None:
    """Though dora may pull from all of them."""
    token = await a_token(registry)
    for path in (f"/v2/{name}/manifests/1", f"/v2/{name}/tags/list"):
        answer = await with_token(registry, token, path)
        assert answer.status == 401
        challenge = answer.header("WWW-Authenticate") or ""
        assert 'error="insufficient_scope"' in challenge
        assert f'scope="repository:{name}:pull"' in challenge


async def test_a_token_for_a_pull_on_a_push(registry: Registry) -> None:
    token = await a_token(registry, scope=f"repository:{MINE}:pull")
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (
        ("POST", f"/v2/{MINE}/blobs/uploads/"),
        ("PUT", f"/v2/{MINE}/manifests/2"),
    ):
        assert (await call(registry.app, method, path, headers, b"x")).status == 401
    assert (await with_token(registry, token, "/v2/_catalog")).status == 401


@pytest.mark.parametrize(
    "scope",
    [
        "repository:beta/app:*",
        "repository:*:pull",
        "repository:acme/*:pull",
        "repository:**:*",
        "repository:ACME/app:pull",
        "repository:acme/../beta/app:pull",
        "repository:beta%2Fapp:pull",
        "repository(plugin):beta/app:pull",
        "registry:*:*",
        "registry:catalog:pull",
        "system:admin:*",
        "repository:beta/app:pull\nrepository:acme/app:pull",
        "repository:\uff42eta/app:pull",
    ],
)
async def test_scopes_that_ask_for_more(registry: Registry, scope: str) -> None:
    """A user of acme alone gets nothing outside, in whatever words."""
    await registry.add_user("mia", Role.USER)
    await give(registry, SubjectKind.USER, "mia", "projectAdmin")
    answer = await ask_token(registry, [("scope", scope)], basic("mia"))
    assert answer.status == 200
    carried = {one["name"] for one in parts(answer.json["token"])[1]["access"]}
    assert carried <= {MINE}


async def give(registry: Registry, kind: SubjectKind, subject: str, role: str) -> None:
    async with registry.catalog.begin(write=True) as tx:
        await tx.grants.add(GrantRow(0, kind, subject, "acme", role, (), 0.0, "test"))
        await tx.epochs.advance(ACCESS_EPOCH)


async def secret_of(registry: Registry, kind: CredentialKind, owner: str) -> tuple[str, str]:
    made, secret = mint(registry.house.gate.ground.random, Purpose(kind, owner, "t"), 0.0)
    async with registry.catalog.begin(write=True) as tx:
        await tx.credentials.add(made)
        await tx.epochs.advance(ACCESS_EPOCH)
    return made.id, basic(owner, secret)


async def add_robot(registry: Registry, name: str) -> Robot:
    robot = Robot(
        0, name, "acme", "", (), enabled=True, expires_at=None, created_at=0.0, created_by="",
        changed_at=0.0,
    )  # fmt: skip
    async with registry.catalog.begin(write=True) as tx:
        await tx.robots.add(robot)
    await give(registry, SubjectKind.ROBOT, name, "developer")
    return robot


End = Callable[[], Awaitable[object]]


async def of_users(registry: Registry) -> dict[str, tuple[str, End]]:
    """Return a token of each of some users, and what ends it."""
    accounts, tokens, found = registry.house.accounts, registry.house.tokens, {}
    for user in ("by-id", "by-password", "by-role", "by-removal"):
        await registry.add_user(user, Role.USER)
        await give(registry, SubjectKind.USER, user, "developer")
        token = await a_token(registry, basic(user))
        by_id = partial(tokens.revoke, parts(token)[1]["jti"], Caller("root"))
        ends: dict[str, End] = {
            "by-id": by_id,
            "by-password": lambda: accounts.change("by-password", password="another good one"),
            "by-role": lambda: accounts.change("by-role", role=Role.GUEST),
            "by-removal": lambda: accounts.remove("by-removal"),
        }
        found[user] = (token, ends[user])
    return found


async def of_machines(registry: Registry) -> dict[str, tuple[str, End]]:
    """Return a token got with each sort of secret, and what ends it."""

    async def change(what: Callable[[Any], Awaitable[object]]) -> None:
        async with registry.catalog.begin(write=True) as tx:
            await what(tx)
            await tx.epochs.advance(ACCESS_EPOCH)

    off = await add_robot(registry, "robot$acme+off")
    gone = await add_robot(registry, "robot$acme+gone")
    rotated = await add_robot(registry, "robot$acme+rotated")
    robot = CredentialKind.ROBOT
    _, of_off = await secret_of(registry, robot, off.name)
    _, of_gone = await secret_of(registry, robot, gone.name)
    old, of_rotated = await secret_of(registry, robot, rotated.name)
    shown, of_access_token = await secret_of(registry, CredentialKind.TOKEN, "dora")
    is_off = replace(off, enabled=False, changed_at=1.0)
    return {
        "robot off": (
            await a_token(registry, of_off),
            lambda: change(lambda tx: tx.robots.change(is_off)),
        ),
        "robot gone": (
            await a_token(registry, of_gone),
            lambda: change(lambda tx: tx.robots.remove(gone.name)),
        ),
        "robot rotated": (
            await a_token(registry, of_rotated),
            lambda: change(lambda tx: tx.credentials.remove(old)),
        ),
        "access token": (
            await a_token(registry, of_access_token),
            lambda: change(lambda tx: tx.credentials.remove(shown)),
        ),
    }


async def test_replay_after_every_sort_of_revocation_at_once(registry: Registry) -> None:
    """No second passes between the last good answer and the first refusal, in any process."""
    held = await of_users(registry) | await of_machines(registry)
    house = registry.house
    elsewhere = assemble_gate(house.gate.ground, house.accounts, house.access.policy).access
    for how, (token, end) in held.items():
        assert (await with_token(registry, token)).status == 200, how
        assert (await elsewhere.identify(f"Bearer {token}")).name
        await end()
        await assert_refused(registry, token)
        with pytest.raises(Fault):
            await elsewhere.identify(f"Bearer {token}")


async def test_a_token_gives_nothing_that_a_group_gave_once_its_holder_left(
    registry: Registry,
) -> None:
    await registry.add_user("mia", Role.USER)
    await give(registry, SubjectKind.GROUP, "team", "developer")
    async with registry.catalog.begin(write=True) as tx:
        await tx.groups.enter("mia", "team", Source.LOCAL)
        await tx.epochs.advance(ACCESS_EPOCH)
    token = await a_token(registry, basic("mia"))
    assert (await with_token(registry, token)).status == 200
    async with registry.catalog.begin(write=True) as tx:
        await tx.groups.leave("mia", "team", Source.LOCAL)
        await tx.epochs.advance(ACCESS_EPOCH)
    assert (await with_token(registry, token)).status == 403


async def test_a_refresh_token_ends_with_its_holder(registry: Registry) -> None:
    fields = [("scope", SCOPE), ("offline_token", "true")]
    token = (await ask_token(registry, fields, basic("dora"))).json["refresh_token"]
    grant = {"grant_type": "refresh_token", "scope": SCOPE, "refresh_token": token}
    assert (await post_token(registry, grant)).status == 200
    await registry.house.accounts.change("dora", password="another good one")
    assert (await post_token(registry, grant)).status == 401


async def from_address(registry: Registry, token: str, address: str, *more: str) -> Answer:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await registry.app({**scope, "client": (address, 1)}, receive, send)

    headers = {"Authorization": f"Bearer {token}", **dict.fromkeys(more, "127.0.0.1")}
    return await call(app, "GET", MANIFEST, headers)


async def test_a_token_bound_to_an_address_from_another_one() -> None:
    async with open_site(Auth(bind_tokens=True)) as registry:
        token = await a_token(registry)
        assert (await with_token(registry, token)).status == 200
        for address in ("192.0.2.1", "::1", "127.0.0.2"):
            answer = await from_address(
                registry, token, address, "X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"
            )
            assert answer.status == 401
            assert "another address" in answer.message
        # Written another way it is the same address.
        assert (await from_address(registry, token, "::ffff:127.0.0.1")).status == 200
