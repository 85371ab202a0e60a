"""The caller's own second factors over HTTP."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.manage.factors import factor_reset_routes, factor_routes
from entrepot.faces.manage.signin import signin_routes
from tests.authenticator import Authenticator
from tests.faces.manage.browser import Browser, table_of
from tests.services.people import PASSWORD
from tests.services.signing import HOST, URL, Signing, open_signing

BEGIN = {"password": PASSWORD, "label": "phone"}


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    async with open_signing() as made:
        yield made


@pytest.fixture
async def browser(signing: Signing) -> Browser:
    """One in which Alice is signed in."""
    routes = [
        *signin_routes(signing.signin, signing.sessions),
        *factor_routes(signing.factors),
        *factor_reset_routes(signing.factors),
    ]
    made = Browser(table_of(routes, signing.sessions))
    answer = await made.ask("POST", "/signin", {"name": "alice", "password": PASSWORD})
    assert answer.status == 200
    return made


async def test_an_app_is_enrolled_listed_and_removed(signing: Signing, browser: Browser) -> None:
    offer = (await browser.ask("POST", "/factors/totp", BEGIN)).json
    assert offer["uri"].startswith("otpauth://totp/Entrepot:alice?")
    async with signing.people.catalog.begin() as tx:
        ceremony = await signing.factors.ceremonies.find(tx, offer["ticket"], "enrol-totp")
    signing.secrets["alice"] = ceremony.matter.secret
    wrong = {"ticket": offer["ticket"], "code": "x"}
    assert (await browser.ask("POST", "/factors/totp/confirm", wrong)).status == 400
    right = {**wrong, "code": signing.code()}
    answer = await browser.ask("POST", "/factors/totp/confirm", right)
    assert answer.status == 201
    assert len(answer.json["recovery_codes"]) == 10
    listed = (await browser.ask("GET", "/factors")).json
    assert listed["recovery_codes_left"] == 10
    (item,) = listed["items"]
    assert (item["kind"], item["label"], item["used_at"]) == ("totp", "phone", None)
    assert offer["secret"] not in str(listed)
    path = f"/factors/{item['id']}/remove"
    assert (await browser.ask("POST", path, {"password": "wrong"})).status == 401
    assert (await browser.ask("POST", path, {"password": PASSWORD})).status == 204
    assert (await browser.ask("GET", "/factors")).json == {"items": [], "recovery_codes_left": 0}


async def test_a_passkey_is_enrolled(browser: Browser) -> None:
    begun = (await browser.ask("POST", "/factors/passkey", BEGIN)).json
    made = Authenticator(URL, HOST).create(begun["options"])
    confirm = {"ticket": begun["ticket"], "answer": made}
    answer = await browser.ask("POST", "/factors/passkey/confirm", confirm)
    assert answer.status == 201
    assert answer.json["kind"] == "passkey"
    renewed = await browser.ask("POST", "/factors/recovery-codes", {"password": PASSWORD})
    assert not set(renewed.json["recovery_codes"]) & set(answer.json["recovery_codes"])


async def test_an_administrator_s_reset(signing: Signing, browser: Browser) -> None:
    await signing.enrol_totp()
    assert (await browser.ask("DELETE", "/users/alice/factors")).json == {"removed": 1}


async def test_factors_are_an_account_s(browser: Browser) -> None:
    browser.cookies = {}
    assert (await browser.ask("GET", "/factors")).status == 401
    assert (await browser.ask("POST", "/factors/totp", BEGIN)).status == 401


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "1e3"])
async def test_a_factor_that_is_not_there(browser: Browser, number: str) -> None:
    answer = await browser.ask("POST", f"/factors/{number}/remove", {"password": PASSWORD})
    assert answer.status == 404
