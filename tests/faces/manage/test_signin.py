"""Signing in with a browser over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.faces.manage.factors import factor_routes
from entrepot.faces.manage.signin import signin_routes
from entrepot.rules.passwords import FREE_FAILURES
from tests.faces.manage.browser import Browser, table_of
from tests.services.people import PASSWORD
from tests.services.signing import Signing, open_signing

LOGIN = {"name": "alice", "password": PASSWORD}


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


def browser_of(signing: Signing, scheme: str = "http") -> Browser:
    routes = signin_routes(signing.signin, signing.sessions) + factor_routes(signing.factors)
    return Browser(table_of(routes, signing.sessions, scheme=scheme))


@pytest.fixture
def browser(signing: Signing) -> Browser:
    return browser_of(signing)


async def test_a_password_opens_a_session(browser: Browser) -> None:
    answer = await browser.ask("POST", "/signin", LOGIN)
    assert answer.status == 200
    assert (answer.json["name"], answer.json["role"]) == ("alice", "developer")
    assert answer.json["expires_at"].endswith("Z")
    assert answer.json["csrf"] == browser.cookies["entrepot-csrf"]
    # The id is for the cookie alone.
    assert browser.cookies["entrepot-session"] not in answer.body.decode()
    assert (await browser.ask("GET", "/signin")).json["name"] == "alice"


async def test_cookies_over_https_are_bound_to_the_host(signing: Signing) -> None:
    browser = browser_of(signing, "https")
    await browser.ask("POST", "/signin", LOGIN)
    session, csrf = browser.set_cookies
    assert session.startswith("__Host-entrepot-session=")
    assert csrf.startswith("__Host-entrepot-csrf=")
    for cookie in (session, csrf):
        parts = cookie.split("; ")
        assert {"Path=/", "Max-Age=43200", "SameSite=Lax", "Secure"} < set(parts)
        assert not any(part.startswith("Domain") for part in parts)
    assert "HttpOnly" in session.split("; ")
    # The page reads it to send it along.
    assert "HttpOnly" not in csrf
    assert (await browser.ask("GET", "/signin")).status == 200
    # A cookie without the prefix may be another host's.
    browser.cookies["entrepot-session"] = browser.cookies.pop("__Host-entrepot-session")
    assert (await browser.ask("GET", "/signin")).status == 401


async def test_cookies_over_plain_http_are_hidden_from_scripts_too(browser: Browser) -> None:
    await browser.ask("POST", "/signin", LOGIN)
    assert "; HttpOnly" in browser.set_cookies[0]
    assert all("Secure" not in cookie for cookie in browser.set_cookies)


async def test_a_wrong_password_makes_no_browser_ask_for_one(browser: Browser) -> None:
    answer = await browser.ask("POST", "/signin", {**LOGIN, "password": "wrong"})
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == 'Session realm="Entrepot"'
    assert answer.header("Content-Type") == "application/problem+json"
    assert browser.cookies == {}
    assert "ticket" not in answer.json


async def test_guessing_is_slowed_down(browser: Browser) -> None:
    statuses = []
    for number in range(FREE_FAILURES + 1):
        guess = {**LOGIN, "password": f"guess {number}"}
        statuses.append((await browser.ask("POST", "/signin", guess)).status)
    assert statuses == [401] * FREE_FAILURES + [429]


async def test_with_a_factor_the_password_gets_a_ticket(signing: Signing, browser: Browser) -> None:
    await signing.enrol_totp()
    answer = await browser.ask("POST", "/signin", LOGIN)
    assert answer.status == 401
    assert answer.json["needs"] == ["totp"]
    assert browser.cookies == {}
    ticket = answer.json["ticket"]
    wrong = await browser.ask("POST", "/signin/totp", {"ticket": ticket, "code": "nonsense"})
    assert wrong.status == 401
    right = {"ticket": ticket, "code": signing.code()}
    assert (await browser.ask("POST", "/signin/totp", right)).status == 200
    assert (await browser.ask("GET", "/signin")).status == 200


async def test_a_passkey_signs_in(signing: Signing, browser: Browser) -> None:
    authenticator = await signing.enrol_passkey()
    ticket = (await browser.ask("POST", "/signin", LOGIN)).json["ticket"]
    options = (await browser.ask("POST", "/signin/passkey/options", {"ticket": ticket})).json
    answer = {"ticket": ticket, "answer": authenticator.get(options)}
    assert (await browser.ask("POST", "/signin/passkey", answer)).status == 200
    assert (await browser.ask("POST", "/signin/passkey", answer)).status == 401
    assert (await browser.ask("GET", "/signin")).status == 200


async def test_signing_out_ends_the_session_and_takes_the_cookies(browser: Browser) -> None:
    await browser.ask("POST", "/signin", LOGIN)
    kept = dict(browser.cookies)
    assert (await browser.ask("DELETE", "/signin")).status == 204
    assert browser.cookies == {}
    browser.cookies = kept
    assert (await browser.ask("GET", "/signin")).status == 401
    # Again, without a session: nothing to do.
    browser.cookies = {}
    assert (await browser.ask("DELETE", "/signin")).status == 204


async def test_a_page_of_another_site_changes_nothing(browser: Browser) -> None:
    """It can make the browser send cookies, and knows nothing of what is in them."""
    await browser.ask("POST", "/signin", LOGIN)
    begin = {"password": PASSWORD, "label": "phone"}
    browser.sends_csrf = False
    assert (await browser.ask("DELETE", "/signin")).status == 403
    answer = await browser.ask("POST", "/factors/totp", begin)
    assert answer.status == 403
    assert "X-Entrepot-CSRF" in answer.json["detail"]
    assert (await browser.ask("GET", "/factors")).status == 200
    browser.sends_csrf = True
    browser.cookies["entrepot-csrf"] = "a" * 64
    assert (await browser.ask("POST", "/factors/totp", begin)).status == 403


@pytest.mark.parametrize(
    "cookie", ["x", "x.y", "é" * 10, "." * 9000, "YWxpY2U." + "a" * 64, '"', ""]
)
async def test_anything_may_be_sent_as_a_cookie(browser: Browser, cookie: str) -> None:
    browser.cookies["entrepot-session"] = cookie
    browser.cookies = {"other": "1", **browser.cookies}
    assert (await browser.ask("GET", "/signin")).status == 401


@pytest.mark.parametrize(
    "path, body",
    [
        ("/signin", {"name": "alice"}),
        ("/signin", {**LOGIN, "extra": 1}),
        ("/signin", {"name": "alice", "password": "x" * 300}),
        ("/signin/totp", {"ticket": "x", "code": 1}),
        ("/signin/passkey", {"ticket": "x", "answer": "y"}),
    ],
)
async def test_a_body_that_is_not_as_expected(browser: Browser, path: str, body: Any) -> None:
    assert (await browser.ask("POST", path, body)).status == 400
