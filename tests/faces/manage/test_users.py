"""Users over HTTP, for administrators and for the operator."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage.about import PAGE_MAX
from entrepot.faces.manage.users import PATH, users_app
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.rules.roles import Role
from tests.faces.registry.client import Answer, call
from tests.services.people import PASSWORD, People, open_people

CAROL = {"name": "carol", "password": PASSWORD, "role": "guest"}


@pytest.fixture
async def people() -> AsyncIterator[People]:
    """Services with users alice (developer) and root (administrator)."""
    async with open_people() as made:
        await made.add("alice")
        await made.add("root", Role.ADMIN)
        yield made


@pytest.fixture
def public(people: People) -> App:
    return users_app(people.accounts, people.access, operator=False)


@pytest.fixture
def operator(people: People) -> App:
    return users_app(people.accounts, people.access, operator=True)


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


async def ask(
    app: App,
    method: str,
    path: str = "",
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    given = dict(headers or {})
    raw = b""
    if body is not None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given.setdefault("Content-Type", "application/json; charset=utf-8")
    answer = await call(app, method, f"{PATH}{path}", given, raw)
    assert answer.header("Cache-Control") == "no-store"
    assert PASSWORD not in answer.body.decode()
    assert "plain$" not in answer.body.decode()
    return answer


def problem(answer: Answer) -> tuple[int, str]:
    """Return the status and the title of an RFC 9457 answer."""
    assert answer.header("Content-Type") == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert body["status"] == answer.status
    assert body["detail"]
    return answer.status, body["title"]


async def test_a_user_is_added_shown_changed_and_removed(public: App, people: People) -> None:
    root = basic("root")
    added = await ask(public, "POST", body=CAROL, headers=root)
    assert (added.status, added.header("Location")) == (201, f"{PATH}/carol")
    assert added.json == {"name": "carol", "role": "guest", "created_at": "2027-01-15T08:00:00Z"}
    assert (await ask(public, "GET", "/carol", headers=root)).json == added.json
    change = {"role": "maintainer", "password": "another one"}
    changed = await ask(public, "PATCH", "/carol", change, root)
    assert (changed.status, changed.json["role"]) == (200, "maintainer")
    assert await people.accounts.verify("carol", "another one")
    assert (await ask(public, "DELETE", "/carol", headers=root)).status == 204
    assert problem(await ask(public, "GET", "/carol", headers=root)) == (404, "NOT_FOUND")


async def test_a_new_user_is_a_plain_user_unless_said(operator: App) -> None:
    body = {"name": "carol", "password": PASSWORD}
    assert (await ask(operator, "POST", body=body)).json["role"] == "user"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_administrators_manage(public: App, method: str) -> None:
    body = CAROL if method == "POST" else None
    nobody = await ask(public, method, body=body)
    assert problem(nobody) == (401, "UNAUTHORIZED")
    assert (nobody.header("WWW-Authenticate") or "").startswith("Basic")
    assert problem(await ask(public, method, body=body, headers=basic("root", "wrong")))[0] == 401
    assert problem(await ask(public, method, body=body, headers=basic("alice"))) == (403, "DENIED")


async def test_a_registry_token_does_not_manage(public: App, people: People) -> None:
    holder = await people.holder("root")
    token = (await people.tokens.issue(holder, (), people.access.policy)).token
    answer = await ask(public, "GET", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401


async def test_i10_a_refused_change_leaves_nothing(public: App, people: People) -> None:
    """I10, for changes of users."""
    before = await people.accounts.page("", 10)
    for method, path, body in (
        ("POST", "", CAROL),
        ("PATCH", "/alice", {"role": "admin"}),
        ("DELETE", "/root", None),
    ):
        assert (await ask(public, method, path, body, basic("alice"))).status == 403
    assert await people.accounts.page("", 10) == before


async def test_the_operator_needs_no_password(operator: App) -> None:
    assert (await ask(operator, "POST", body=CAROL)).status == 201
    # Credentials that happen to be sent are of no interest.
    assert (await ask(operator, "GET", headers=basic("root", "wrong"))).status == 200


async def test_users_come_in_pages(operator: App, people: People) -> None:
    for number in range(5):
        await people.add(f"user{number}")
    names: list[str] = []
    after = ""
    for _ in range(3):
        page = (await ask(operator, "GET", f"?limit=3&after={after}")).json
        assert len(page["items"]) <= 3
        names += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert page["next"] is None
    assert names == ["alice", "root", "user0", "user1", "user2", "user3", "user4"]


@pytest.mark.parametrize(
    "limit",
    ["0", "-1", "x", "1.5", "", f"{PAGE_MAX + 1}", "0000000001000001", "9" * 5000, "²", "٣"],
)
async def test_i13_a_page_has_a_limit(operator: App, limit: str) -> None:
    answer = await ask(operator, "GET", f"?{urlencode({'limit': limit})}")
    assert problem(answer) == (400, "REQUEST_INVALID")
    assert str(PAGE_MAX) in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"carol"',
        {},
        {"name": "carol"},
        {**CAROL, "role": "king"},
        {**CAROL, "is_admin": True},
        {**CAROL, "name": "a:b"},
        {**CAROL, "name": 7},
        {**CAROL, "password": "short"},
        {**CAROL, "password": "x" * 129},
        b"[" * 5000,
        b'{"name": ' + b"[" * 5000,
        b'{"name": "\xff"}',
    ],
    ids=lambda body: str(body)[:9] + str(body)[-60:],
)
async def test_bad_bodies_are_told_why(operator: App, people: People, body: object) -> None:
    assert problem(await ask(operator, "POST", body=body)) == (400, "REQUEST_INVALID")
    assert len(await people.accounts.page("", 10)) == 2


async def test_i13_a_body_has_a_limit(operator: App) -> None:
    answer = await ask(operator, "POST", body={**CAROL, "password": "x" * 80_000})
    assert problem(answer)[0] == 413


async def test_a_form_of_another_site_changes_nothing(public: App) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {**basic("root"), "Content-Type": kind}
        answer = await ask(public, "POST", body=CAROL, headers=headers)
        assert problem(answer) == (400, "REQUEST_INVALID")
        assert "application/json" in answer.json["detail"]


async def test_what_cannot_be_done_says_why(operator: App) -> None:
    taken = await ask(operator, "POST", body={**CAROL, "name": "alice"})
    assert problem(taken) == (409, "CONFLICT")
    last = await ask(operator, "DELETE", "/root")
    assert problem(last) == (403, "DENIED")
    assert "last administrator" in last.json["detail"]
    assert problem(await ask(operator, "PATCH", "/root", {"role": "guest"}))[0] == 403
    for method, body in (("GET", None), ("PATCH", {"role": "guest"}), ("DELETE", None)):
        assert problem(await ask(operator, method, "/nobody", body)) == (404, "NOT_FOUND")


async def test_password_and_role_change_together_or_not_at_all(
    operator: App, people: People
) -> None:
    change = {"role": "guest", "password": "short"}
    assert problem(await ask(operator, "PATCH", "/alice", change))[0] == 400
    account = await people.accounts.find("alice")
    assert account is not None
    assert account.role is Role.DEVELOPER


async def test_other_methods_and_addresses(operator: App) -> None:
    for path, allowed in (("", "GET, POST"), ("/alice", "GET, PATCH, DELETE")):
        answer = await ask(operator, "PUT", path, {})
        assert problem(answer) == (405, "UNSUPPORTED")
        assert answer.header("Allow") == allowed
    for path in ("x", "/alice/keys", "/../users/alice"):
        assert problem(await ask(operator, "DELETE", path)) == (404, "NOT_FOUND")
    answer = await call(operator, "DELETE", "/api/other/alice")
    assert answer.status == 404
    assert (await ask(operator, "GET", "/")).status == 200
    assert (await ask(operator, "GET", "/%61lice")).json["name"] == "alice"


async def test_guessing_the_administrators_password_is_slowed_down(public: App) -> None:
    for number in range(FREE_FAILURES):
        assert (await ask(public, "GET", headers=basic("root", f"guess {number}"))).status == 401
    answer = await ask(public, "GET", headers=basic("root"))
    assert problem(answer) == (429, "TOOMANYREQUESTS")
    assert answer.header("Retry-After")
