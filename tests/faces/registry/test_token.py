"""The token endpoint, as each client asks it."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.registry.token import TokenServices, jwks_app, token_app
from entrepot.rules.access import Policy
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.rules.roles import Role
from tests.faces.registry.client import Answer, call
from tests.services.people import PASSWORD, People, open_people

PATH = "/service/token"
Fields = list[tuple[str, str]]


@dataclass
class Desk:
    """The endpoint, with users alice (developer) and root (administrator)."""

    app: App
    people: People

    async def get(self, fields: Fields, authorization: str | None = None) -> Answer:
        headers = {"Authorization": authorization} if authorization is not None else {}
        return await call(self.app, "GET", f"{PATH}?{urlencode(fields)}", headers)

    async def post(self, fields: Fields, headers: dict[str, str] | None = None) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await call(self.app, "POST", PATH, form, urlencode(fields).encode())


@asynccontextmanager
async def open_desk(policy: Policy | None = None) -> AsyncIterator[Desk]:
    async with open_people(policy) as people:
        await people.add("alice")
        await people.add("root", Role.ADMIN)
        yield Desk(token_app(TokenServices(people.access, people.tokens)), people)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(Policy(anonymous_pull=("public/*",))) as made:
        yield made


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def access(answer: Answer) -> list[tuple[str, list[str]]]:
    """Return what the answer's token carries."""
    claims = answer.json["access_token"].split(".")[1]
    entries = json.loads(base64.urlsafe_b64decode(claims + "=="))["access"]
    return [(entry["name"], entry["actions"]) for entry in entries]


def assert_refused(answer: Answer) -> None:
    assert answer.status == 401
    assert answer.code == "UNAUTHORIZED"
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic realm=")
    assert "token" not in answer.json


async def test_docker_login_gets_a_token_and_an_identity_token(desk: Desk) -> None:
    fields = [
        ("account", "alice"),
        ("client_id", "docker"),
        ("offline_token", "true"),
        ("service", "x"),
    ]
    answer = await desk.get(fields, basic("alice"))
    assert answer.status == 200
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type") == "application/json"
    body: dict[str, Any] = answer.json
    assert body["token"] == body["access_token"]
    assert body["expires_in"] == 300
    assert body["refresh_token"]
    issued = datetime.fromisoformat(body["issued_at"])
    assert body["issued_at"].endswith("Z")
    assert issued.timestamp() == desk.people.clock.now()
    who = await desk.people.access.identify(f"Bearer {body['token']}")
    await desk.people.access.require_login(who)
    assert who.name == "alice"


async def test_docker_login_without_a_password_is_refused(desk: Desk) -> None:
    assert_refused(await desk.get([("service", "x"), ("client_id", "docker")]))


async def test_a_wrong_password_never_gives_an_anonymous_token(desk: Desk) -> None:
    fields = [("scope", "repository:public/app:pull")]
    for authorization in (
        basic("alice", "wrong"),
        basic("nobody"),
        "Basic ???",
        "Bearer x",
        basic("alice").replace("Basic", "Bearer"),
        "Basic",
        "",
    ):
        assert_refused(await desk.get(fields, authorization))


async def test_nobody_gets_a_token_for_public_pulls_and_nothing_else(desk: Desk) -> None:
    wanted = [("scope", "repository:public/app:pull,push"), ("scope", "repository:app:pull")]
    answer = await desk.get(wanted)
    assert answer.status == 200
    assert access(answer) == [("public/app", ["pull"])]
    assert "refresh_token" not in answer.json


async def test_nobody_gets_no_identity_token(desk: Desk) -> None:
    answer = await desk.get([("scope", "repository:public/app:pull"), ("offline_token", "true")])
    assert answer.status == 200
    assert "refresh_token" not in answer.json


async def test_an_open_registry_gives_tokens_to_anyone() -> None:
    async with open_desk(Policy(open=True)) as desk:
        assert (await desk.get([])).status == 200
        answer = await desk.get([("scope", "repository:app:pull,push,delete")])
        assert access(answer) == [("app", ["pull", "push", "delete"])]


async def test_scopes_come_repeated_and_joined_by_spaces(desk: Desk) -> None:
    fields = [
        ("scope", "repository:a:pull,push repository:b/c:pull"),
        ("scope", "repository:a:pull"),
        ("scope", "repository(plugin):d:pull"),
        ("scope", "what:ever:pull"),
    ]
    answer = await desk.get(fields, basic("alice"))
    assert access(answer) == [("a", ["pull", "push"]), ("b/c", ["pull"]), ("d", ["pull"])]


async def test_an_identity_token_comes_only_when_asked_for(desk: Desk) -> None:
    for fields in ([], [("offline_token", "false")], [("scope", "repository:app:pull")]):
        assert "refresh_token" not in (await desk.get(fields, basic("alice"))).json


async def test_a_scope_that_is_not_allowed_fails_nothing(desk: Desk) -> None:
    answer = await desk.get([("scope", "repository:app:pull,push,delete")], basic("alice"))
    assert answer.status == 200
    assert access(answer) == [("app", ["pull", "push"])]


async def test_the_token_names_the_repository_as_the_client_does(desk: Desk) -> None:
    for name in ("app", "library/app"):
        answer = await desk.get([("scope", f"repository:{name}:pull")], basic("alice"))
        assert access(answer) == [(name, ["pull"])]


async def test_containerd_posts_its_password_first(desk: Desk) -> None:
    fields = [
        ("client_id", "containerd-client"),
        ("grant_type", "password"),
        ("scope", "repository:app:pull,push"),
        ("service", "x"),
        ("username", "alice"),
        ("password", PASSWORD),
    ]
    answer = await desk.post(fields)
    assert answer.status == 200
    body = answer.json
    assert body["scope"] == "repository:app:pull,push"
    assert body["expires_in"] >= 60
    assert body["issued_at"].endswith("Z")
    assert "refresh_token" not in body
    assert access(answer) == [("app", ["pull", "push"])]


async def test_containerd_falls_back_to_get_after_401(desk: Desk) -> None:
    fields = [("grant_type", "password"), ("username", "alice"), ("password", "wrong")]
    assert_refused(await desk.post(fields))


async def test_containerd_with_an_old_password_locks_nobody_out(desk: Desk) -> None:
    fields = [("grant_type", "password"), ("username", "alice"), ("password", "old password")]
    for _ in range(2 * FREE_FAILURES):
        assert (await desk.post(fields)).status == 401
        assert (await desk.get([], basic("alice", "old password"))).status == 401
    assert (await desk.get([], basic("alice"))).status == 200


async def test_containerd_sends_an_identity_token_as_the_password_of_nobody(desk: Desk) -> None:
    refresh = await refresh_token(desk)
    fields = [("grant_type", "password"), ("username", ""), ("password", refresh)]
    answer = await desk.post([*fields, ("scope", "repository:app:pull")])
    assert answer.status == 200
    assert access(answer) == [("app", ["pull"])]


async def test_helm_asks_for_an_identity_token_by_post(desk: Desk) -> None:
    fields = [
        ("grant_type", "password"),
        ("access_type", "offline"),
        ("username", "alice"),
        ("password", PASSWORD),
    ]
    body = (await desk.post(fields)).json
    assert body["scope"] == ""
    assert (await desk.people.tokens.refreshed(body["refresh_token"])).identity.name == "alice"


async def test_podman_repeats_the_scope_in_a_form(desk: Desk) -> None:
    refresh = await refresh_token(desk)
    fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("scope", "repository:a:pull"),
        ("scope", "repository:b:pull,push"),
    ]
    answer = await desk.post(fields)
    assert answer.json["scope"] == "repository:a:pull repository:b:pull,push"
    # The same token again, as clients store what they get.
    assert answer.json["refresh_token"] == refresh


async def refresh_token(desk: Desk) -> str:
    answer = await desk.get([("offline_token", "true")], basic("alice"))
    return str(answer.json["refresh_token"])


async def test_an_identity_token_ends_with_the_password_or_the_user(desk: Desk) -> None:
    fields = [("grant_type", "refresh_token"), ("refresh_token", await refresh_token(desk))]
    assert (await desk.post(fields)).status == 200
    await desk.people.accounts.change("alice", password="another one")
    assert_refused(await desk.post(fields))
    desk.people.clock.seconds += 1
    await desk.people.accounts.remove("alice")
    await desk.people.add("alice")
    assert_refused(await desk.post(fields))


async def test_an_identity_token_opens_nothing_by_itself(desk: Desk) -> None:
    refresh = await refresh_token(desk)
    assert_refused(await desk.get([("scope", "repository:app:pull")], f"Bearer {refresh}"))
    access_token = (await desk.get([], basic("alice"))).json["token"]
    fields = [("grant_type", "refresh_token"), ("refresh_token", access_token)]
    assert_refused(await desk.post(fields))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("grant_type", "client_credentials")],
        [("grant_type", "password "), ("username", "alice"), ("password", PASSWORD)],
    ],
    ids=str,
)
async def test_an_unknown_grant_is_a_bad_request(desk: Desk, fields: Fields) -> None:
    answer = await desk.post(fields)
    assert (answer.status, answer.code) == (400, "REQUEST_INVALID")


@pytest.mark.parametrize(
    "fields",
    [
        [("grant_type", "refresh_token")],
        [("grant_type", "password")],
        [("grant_type", "password"), ("username", "alice")],
    ],
    ids=str,
)
async def test_a_grant_without_its_secret_is_refused(desk: Desk, fields: Fields) -> None:
    assert_refused(await desk.post(fields))


async def test_i13_a_form_has_a_limit(desk: Desk) -> None:
    answer = await desk.post([("grant_type", "password"), ("password", "x" * 100_000)])
    assert answer.status == 413


async def test_guessing_is_slowed_down(desk: Desk) -> None:
    for number in range(FREE_FAILURES):
        assert_refused(await desk.get([], basic("alice", f"guess {number}")))
    answer = await desk.get([], basic("alice"))
    assert (answer.status, answer.code) == (429, "TOOMANYREQUESTS")
    assert answer.header("Retry-After")


async def test_other_methods_and_addresses(desk: Desk) -> None:
    answer = await call(desk.app, "PUT", PATH)
    assert (answer.status, answer.header("Allow")) == (405, "GET, POST")
    assert (await call(desk.app, "GET", "/service/other")).status == 404


async def test_no_answer_shows_a_secret(desk: Desk) -> None:
    secret = "s3cret-canary"
    answers = [
        await desk.get([("scope", "repository:app:pull")], basic("alice", secret)),
        await desk.get([], f"Bearer {secret}"),
        await desk.post([("grant_type", "refresh_token"), ("refresh_token", secret)]),
        await desk.post([("grant_type", secret)]),
    ]
    for answer in answers:
        assert answer.status in (400, 401)
        assert secret not in answer.body.decode()


async def test_the_keys_are_public_and_only_the_public_part(desk: Desk) -> None:
    app = jwks_app(desk.people.tokens)
    answer = await call(app, "GET", "/.well-known/jwks.json")
    assert answer.status == 200
    (key,) = answer.json["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key
    assert (await call(app, "GET", "/.well-known/other")).status == 404


@pytest.mark.parametrize("scope", ["nonsense", "repository:UPPER:pull", "other:x:pull"])
async def test_a_scope_that_cannot_be_read_fails_nothing(desk: Desk, scope: str) -> None:
    """Nobody asked for something, if not for anything there is: that is no `docker login`."""
    answer = await desk.get([("scope", scope)])
    assert answer.status == 200
    assert access(answer) == []


async def test_an_empty_scope_is_none(desk: Desk) -> None:
    assert_refused(await desk.get([("scope", "")]))


async def test_what_a_client_calls_an_identity_token_is_not_given_back_as_one(desk: Desk) -> None:
    fields = [("grant_type", "password"), ("username", "alice"), ("password", PASSWORD)]
    answer = await desk.post([*fields, ("refresh_token", "made up")])
    assert answer.status == 200
    assert "refresh_token" not in answer.json


async def test_the_longest_request_gets_a_token_that_works(desk: Desk) -> None:
    """However much is asked for, the token stays within what proxies take for a header."""
    names = [f"{'a' * 200}{number:02}" for number in range(60)]
    scope = " ".join(f"repository:{name}:pull,push" for name in names)
    form = [("grant_type", "password"), ("username", "alice"), ("password", PASSWORD)]
    answer = await desk.post([*form, ("scope", scope)])
    assert answer.status == 200
    token = answer.json["access_token"]
    assert len(f"Authorization: Bearer {token}") < 8 * 1024
    identity = await desk.people.access.identify(f"Bearer {token}")
    assert identity.name == "alice"
