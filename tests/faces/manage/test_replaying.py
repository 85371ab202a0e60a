"""Idempotency keys over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from entrepot.faces.manage.api import ROOT, api_app
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.client import Answer, call

REPLAYED = "Idempotency-Replayed"


@dataclass
class Desk:
    doors: Doors

    async def ask(
        self, method: str, path: str, body: object = None, key: str = "k-1", who: str = "admin"
    ) -> Answer:
        house = self.doors.house
        app = api_app(
            api_routes(house, operator=False),
            house.access,
            operator=False,
            browsers=house.browsers,
            keeping=house.keeping,
        )
        headers = {**self.doors.visitors[who].headers, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        raw = b"" if body is None else json.dumps(body).encode()
        return await call(app, method, f"{ROOT}{path}", headers, raw)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_doors() as doors:
        yield Desk(doors)


async def test_the_same_again_changes_nothing(desk: Desk) -> None:
    first = await desk.ask("POST", "/projects", {"name": "new"})
    again = await desk.ask("POST", "/projects", {"name": "new"})
    assert (first.status, first.header(REPLAYED)) == (201, None)
    assert (again.status, again.header(REPLAYED)) == (201, "true")
    assert again.body == first.body
    for name in ("Location", "Content-Type"):
        assert again.header(name) == first.header(name)
    assert (await desk.ask("POST", "/projects", {"name": "new"}, key="k-2")).status == 409


async def test_a_key_is_for_one_request(desk: Desk) -> None:
    await desk.ask("POST", "/projects", {"name": "new"})
    other = await desk.ask("POST", "/projects", {"name": "newer"})
    assert (other.status, other.json["title"]) == (422, "KEY_REUSED")
    assert (await desk.ask("POST", "/groups", {"name": "new"})).status == 422


async def test_a_key_is_its_callers_own(desk: Desk) -> None:
    await desk.ask("POST", "/projects", {"name": "new"})
    answer = await desk.ask("POST", "/projects", {"name": "new"}, who="developer")
    assert answer.status in (403, 409)
    assert answer.header(REPLAYED) is None


async def test_what_was_refused_may_be_mended(desk: Desk) -> None:
    assert (await desk.ask("POST", "/projects", {"name": "NOT A NAME"})).status == 400
    assert (await desk.ask("POST", "/projects", {"name": "new"})).status == 201


async def test_a_lost_answer_with_a_secret_is_told_again(desk: Desk) -> None:
    first = await desk.ask("POST", "/robots", {"name": "ci"})
    again = await desk.ask("POST", "/robots", {"name": "ci"})
    assert first.status == again.status == 201
    assert again.json["secret"] == first.json["secret"]
    async with desk.doors.house.gate.ground.catalog.begin() as tx:
        assert await tx.idempotency.count(10) == 1


async def test_reading_needs_no_key(desk: Desk) -> None:
    for _ in range(2):
        answer = await desk.ask("GET", "/projects")
        assert (answer.status, answer.header(REPLAYED)) == (200, None)


@pytest.mark.parametrize("key", [" ", "x" * 256, "\xe9"])
async def test_what_is_no_key(desk: Desk, key: str) -> None:
    assert (await desk.ask("POST", "/projects", {"name": "new"}, key=key)).status == 400


async def test_who_is_nobody_has_no_keys(desk: Desk) -> None:
    body = {"name": "by-user", "password": "wrong"}
    answer = await desk.ask("POST", "/signin", body, who="anonymous")
    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["detail"]


async def test_a_body_beyond_the_limit_is_too_large_with_a_key_too(desk: Desk) -> None:
    body = {"name": "x" * 70_000}
    assert (await desk.ask("POST", "/projects", body)).status == 413
    assert (await desk.ask("POST", "/projects", {"name": "x" * 1_100_000})).status == 413
