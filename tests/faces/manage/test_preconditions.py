"""ETags, and requests under conditions."""

import json
from collections.abc import AsyncIterator

import pytest

from entrepot.faces.manage.api import ROOT, api_app
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.client import Answer, call


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


async def ask(doors: Doors, method: str, path: str, body: object = None, **given: str) -> Answer:
    house = doors.house
    who = given.pop("who", "admin")
    app = api_app(api_routes(house, operator=False), house.access, operator=False)
    headers = {**doors.visitors[who].headers, "Content-Type": "application/json"}
    headers |= {name.replace("_", "-"): value for name, value in given.items()}
    raw = b"" if body is None else json.dumps(body).encode()
    return await call(app, method, f"{ROOT}{path}", headers, raw)


async def etag_of(doors: Doors, path: str) -> str:
    tag = (await ask(doors, "GET", path)).header("ETag")
    assert tag is not None
    assert tag.startswith('"')
    return tag


async def test_what_one_has_is_not_sent_again(doors: Doors) -> None:
    tag = await etag_of(doors, "/projects/team")
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await ask(doors, "GET", "/projects/team", If_None_Match=given)
        assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", tag)
    answer = await ask(doors, "GET", "/projects/team", If_None_Match='"other"')
    assert answer.status == 200
    assert answer.body


async def test_pages_have_no_etag(doors: Doors) -> None:
    assert (await ask(doors, "GET", "/projects")).header("ETag") is None


async def test_a_change_to_what_was_seen(doors: Doors) -> None:
    tag = await etag_of(doors, "/projects/team")
    changed = await ask(doors, "PATCH", "/projects/team", {"public": True}, If_Match=tag)
    assert changed.status == 200
    now = await etag_of(doors, "/projects/team")
    assert changed.header("ETag") == now != tag
    late = await ask(doors, "PATCH", "/projects/team", {"public": False}, If_Match=tag)
    assert (late.status, late.json["title"]) == (412, "PRECONDITION")
    assert (await ask(doors, "GET", "/projects/team")).json["public"] is True
    # Weak ones do not compare for changes (RFC 9110 section 13.1.1).
    weak = await ask(doors, "PATCH", "/projects/team", {"public": False}, If_Match=f"W/{now}")
    assert weak.status == 412


async def test_what_is_gone_is_not_what_was_seen(doors: Doors) -> None:
    role = {"permissions": ["repository.pull"]}
    for given in ("*", '"any"'):
        answer = await ask(doors, "PUT", "/roles/reader", role, If_Match=given)
        assert answer.status == 412
    assert (await ask(doors, "PUT", "/roles/reader", role, If_None_Match="*")).status == 200
    assert (await ask(doors, "PUT", "/roles/reader", role, If_None_Match="*")).status == 412
    tag = await etag_of(doors, "/roles/reader")
    assert (await ask(doors, "DELETE", "/roles/reader", If_Match='"other"')).status == 412
    assert (await ask(doors, "DELETE", "/roles/reader", If_Match=tag)).status == 204


async def test_an_address_without_a_get_has_nothing_to_match(doors: Doors) -> None:
    assert (await ask(doors, "DELETE", "/grants/1", If_Match="*")).status == 412


async def test_a_condition_tells_nothing_to_who_may_not_read(doors: Doors) -> None:
    tag = await etag_of(doors, "/projects/other")
    answer = await ask(
        doors, "PATCH", "/projects/other", {"public": True}, If_Match=tag, who="robot"
    )
    assert answer.status == 403
