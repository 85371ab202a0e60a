"""The audit log over HTTP."""

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from entrepot.faces.manage.api import ROOT, api_app
from entrepot.faces.manage.audit import audit_routes
from entrepot.services.auditing import Act, AuditService, record
from entrepot.services.audittrail import AuditTrail
from entrepot.services.context import Caller
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import basic
from tests.services.house import HandClock
from tests.services.people import People, open_people

LINES = 7


class Desk:
    """The application, as the operator sees it and as the public does."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.clock = HandClock()
        self.trail = AuditTrail(people.catalog, self.clock)
        routes = audit_routes(AuditService(people.catalog, source="reg"), self.clock)
        self.operator = api_app(routes, people.access, operator=True)
        self.public = api_app(routes, people.access, operator=False, trail=self.trail)

    async def ask(self, path: str) -> Answer:
        return await call(self.operator, "GET", f"{ROOT}{path}")

    async def as_user(self, path: str, name: str, **password: str) -> Answer:
        headers = {"Authorization": basic(name, **password)}
        return await call(self.public, "GET", f"{ROOT}{path}", headers)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_people() as people:
        made = Desk(people)
        async with people.catalog.begin(write=True) as tx:
            for number in range(LINES):
                caller = Caller(("alice", "bob")[number % 2], "docker/28", "192.0.2.7")
                act = Act("tag.moved", f"acme/app:v{number}", "acme", {"n": number})
                await record(tx, caller, made.clock.now() + number * 1000, act)
        yield made


async def test_lines_are_searched_newest_first(desk: Desk) -> None:
    page = (await desk.ask("/audit?actor=alice&limit=3")).json
    assert [line["detail"]["n"] for line in page["items"]] == [6, 4, 2]
    assert page["items"][0] == {
        "id": 7,
        "at": "2027-01-15T09:40:00.000Z",
        "actor": "alice",
        "address": "192.0.2.7",
        "client": "docker/28",
        "operation": "tag.moved",
        "project": "acme",
        "resource": "acme/app:v6",
        "result": "done",
        "detail": {"n": 6},
    }
    last = (await desk.ask(f"/audit?actor=alice&limit=3&before={page['next']}")).json
    assert ([line["detail"]["n"] for line in last["items"]], last["next"]) == ([0], None)
    since = quote("2027-01-15T09:20:00Z")
    some = (await desk.ask(f"/audit?since={since}&until={quote('2027-01-15T09:40Z')}")).json
    assert [line["detail"]["n"] for line in some["items"]] == [5]
    assert (await desk.ask("/audit?refused=true")).json["items"] == []
    assert (await desk.ask("/projects/web/audit?project=acme")).json["items"] == []
    assert len((await desk.ask("/projects/acme/audit")).json["items"]) == LINES


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterdayish",
        "since=2027-01-02&until=2027-01-01",
        "limit=0",
        "before=x",
        f"actor={'a' * 256}",
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Desk, query: str) -> None:
    answer = await desk.ask(f"/audit?{query}")
    assert (answer.status, answer.json["title"]) == (400, "REQUEST_INVALID")


async def test_lines_are_read_along(desk: Desk) -> None:
    first = (await desk.ask("/audit/lines?limit=5")).json
    assert ([line["id"] for line in first["items"]], first["more"]) == ([1, 2, 3, 4, 5], True)
    rest = (await desk.ask(f"/audit/lines?limit=5&after={first['next']}")).json
    assert ([line["id"] for line in rest["items"]], rest["more"]) == ([6, 7], False)
    end = (await desk.ask("/audit/lines?after=last")).json
    assert (end["items"], end["next"], end["more"], end["source"]) == ([], 7, False, "reg")


@pytest.mark.parametrize(
    "wanted, begins",
    [("jsonl", b'{"id":'), ("cloudevents", b'{"specversion":"1.0"'), ("syslog", b"<109>1 ")],
)
async def test_an_export_goes_on_by_its_link(desk: Desk, wanted: str, begins: bytes) -> None:
    path, got = f"/audit/export?format={wanted}&limit=3", []
    while path:
        answer = await desk.ask(path)
        got += answer.body.splitlines()
        link = answer.header("Link")
        path = link.removeprefix(f"<{ROOT}").partition(">")[0] if link else ""
    assert len(got) == LINES
    assert all(line.startswith(begins) for line in got)
    assert (await desk.ask("/audit/export?format=xml")).status == 400


async def test_only_who_may_sees_it_and_refusals_are_in_it(desk: Desk) -> None:
    await desk.people.add("alice")
    assert (await call(desk.public, "GET", f"{ROOT}/audit")).status == 401
    assert (await desk.as_user("/audit", "alice")).status == 403
    assert (await desk.as_user("/audit", "alice", password="wrong")).status == 401
    assert await desk.trail.flush() == 2, "without credentials nothing was tried"
    found = (await desk.ask("/audit?refused=true")).json["items"]
    assert [(line["actor"], line["operation"], line["resource"]) for line in found] == [
        ("alice", "login", "/audit"),
        ("alice", "api.get", "/audit"),
    ]
    assert 'wrong"' not in json.dumps(found)
