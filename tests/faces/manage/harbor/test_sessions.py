"""Sessions as Harbor has them: a cookie, and a token against forged requests."""

from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage.harbor.sessions import TOKEN, login_app
from entrepot.ports.factors import Factor, Kind
from tests.faces.manage.harbor.yard import Yard
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import PASSWORD

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LABEL = {"name": "new", "scope": "g", "color": "#FFFFFF"}


def app_of(yard: Yard) -> App:
    house = yard.doors.house
    browsing = house.gate.browsing
    assert browsing is not None
    return login_app(browsing.signin, browsing.sessions, house.registry.trail)


async def log_in(
    yard: Yard, name: str = "by-admin", password: str = PASSWORD, **headers: str
) -> Answer:
    body = urlencode({"principal": name, "password": password}).encode()
    return await call(app_of(yard), "POST", "/c/login", {**FORM, **headers}, body)


def sid(answer: Answer) -> str:
    found = SimpleCookie(answer.header("Set-Cookie") or "")["sid"]
    assert found["httponly"]
    assert found["samesite"] == "Lax"
    assert found["path"] == "/"
    return found.value


async def test_a_session(yard: Yard) -> None:
    answer = await log_in(yard)
    assert (answer.status, answer.body) == (200, b"")
    cookie, token = {"Cookie": f"sid={sid(answer)}"}, answer.header(TOKEN)
    assert token
    found = await yard.ask("GET", "/users/current", who="anonymous", headers=cookie)
    assert found.json["username"] == "by-admin"
    assert found.header(TOKEN) == token
    assert found.header("Set-Cookie") is None
    body = {"project_name": "acme"}
    refused = await yard.ask("POST", "/projects", body, who="anonymous", headers=cookie)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert refused.message == "CSRF token not found in request"
    assert refused.header(TOKEN) == token
    assert SimpleCookie(refused.header("Set-Cookie") or "")["_gorilla_csrf"].value == token
    wrong = {**cookie, TOKEN: "0" * 64}
    assert await yard.refused("POST", "/projects", body, who="anonymous", headers=wrong) == 403
    right = {"Cookie": f"sid={sid(answer)}, _gorilla_csrf={token}", TOKEN: token}
    await yard.make("/projects", body, who="anonymous", headers=right)
    out = await call(app_of(yard), "GET", "/c/log_out", cookie)
    assert out.status == 200
    assert sid(out) == ""
    assert await yard.refused("GET", "/users/current", who="anonymous", headers=cookie) == 401


async def test_credentials_go_before_a_cookie(yard: Yard) -> None:
    cookie = {"Cookie": f"sid={sid(await log_in(yard))}"}
    found = await yard.ask("GET", "/users/current", who="user", headers=cookie)
    assert found.json["username"] == "by-user"
    assert found.header(TOKEN) is None
    # Nor do they need a token.
    await yard.make("/projects", {"project_name": "mine"}, who="user", headers=cookie)


async def test_who_says_nothing_finds_a_token(yard: Yard) -> None:
    answer = await yard.ask("GET", "/systeminfo", who="anonymous")
    assert answer.header(TOKEN)
    assert answer.header("Set-Cookie") is None
    stale = {"Cookie": "sid=gone"}
    assert await yard.refused("GET", "/users/current", who="anonymous", headers=stale) == 401


async def test_a_session_of_our_own_pages(yard: Yard) -> None:
    assert (await yard.get("/users/current", who="session"))["username"] == "web"
    body = {"project_name": "acme"}
    assert await yard.refused("POST", "/projects", body, who="session without CSRF token") == 403
    await yard.make("/projects", body, who="session")


@pytest.mark.parametrize("name, password", [("by-admin", "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_who_is_not_let_in(yard: Yard, name: str, password: str) -> None:
    answer = await log_in(yard, name, password)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.header("Set-Cookie") is None


async def test_a_second_factor_cannot_be_told_here(yard: Yard) -> None:
    row = Factor("by-admin", Kind.TOTP, "phone", "c1", b"sealed", 0.0)
    async with yard.catalog.begin(write=True) as tx:
        await tx.factors.add(row)
    answer = await log_in(yard)
    assert answer.status == 401
    assert "second factor" in answer.message
    assert answer.header("Set-Cookie") is None


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}]
)
async def test_pages_of_other_sites(yard: Yard, headers: dict[str, str]) -> None:
    answer = await log_in(yard, **headers)
    assert (answer.status, answer.header("Set-Cookie")) == (403, None)
    session = sid(await log_in(yard))
    out = await call(app_of(yard), "GET", "/c/log_out", {"Cookie": f"sid={session}", **headers})
    assert out.header("Set-Cookie") is None
    cookie = {"Cookie": f"sid={session}"}
    assert await yard.get("/users/current", who="anonymous", headers=cookie)


async def test_who_was_switched_off(yard: Yard) -> None:
    cookie = {"Cookie": f"sid={sid(await log_in(yard, 'by-user'))}"}
    number = await yard.doors.house.management.numbers.one("user", "by-user")
    await yard.do("DELETE", f"/users/{number}")
    assert await yard.refused("GET", "/users/current", who="anonymous", headers=cookie) == 401


async def test_nothing_else_is_served_there(yard: Yard) -> None:
    for method, path in (("GET", "/c/login"), ("POST", "/c/log_out"), ("GET", "/c/userExists")):
        assert (await call(app_of(yard), method, path)).status == 404
    assert (await call(app_of(yard), "POST", "/c/login", FORM, b"x=1")).status == 401
