"""Events over HTTP: by page and as a stream, for each those they may see."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.faces.asgi import App, Message
from entrepot.faces.manage import eventstream
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.rules.notifications import kinds
from entrepot.services.context import Caller
from entrepot.services.events import payload
from entrepot.wiring import api_routes
from tests.faces.manage.doors import OTHER, PROJECT, Doors, open_doors
from tests.faces.registry.client import call


class Newsroom:
    """The API, and events."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        house = doors.house
        self.catalog = house.gate.ground.catalog
        self.clock = house.gate.ground.clock
        self.app: App = api_app(
            api_routes(house, operator=False), house.access, operator=False, browsers=house.browsers
        )
        assert house.telling is not None
        self.streams = house.telling.streams

    async def tell(self, told: str, repository: str, **facts: Any) -> int:
        async with self.catalog.begin(write=True) as tx:
            text = payload(Caller("alice"), **facts)
            await tx.outbox.append(Event(told, RepositoryName(repository), text, 1.0))
            return await tx.outbox.last()

    async def page(self, query: str = "", who: str = "admin") -> Any:
        headers = self.doors.visitors[who].headers
        answer = await call(self.app, "GET", f"{ROOT}/events{query}", headers)
        assert answer.status == 200, answer.body
        return answer.json


class Reader:
    """A client that reads a stream, and does something after each part of it."""

    def __init__(self, room: Newsroom, who: str = "admin", query: str = "", **headers: str) -> None:
        self.room = room
        self.status = 0
        self.head: dict[bytes, bytes] = {}
        self.text = ""
        self.ended = False
        self.parts = 0
        self._query = query
        self._headers = {**room.doors.visitors[who].headers, **headers}

    async def read(self, after_part: Any) -> None:
        """Read to the end; `after_part(reader)` is awaited after each part."""
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"{ROOT}/events/stream",
            "raw_path": f"{ROOT}/events/stream".encode(),
            "query_string": self._query.encode(),
            "http_version": "1.1",
            "headers": [
                (name.lower().replace("_", "-").encode(), value.encode())
                for name, value in self._headers.items()
            ],
            "client": ("192.0.2.1", 1),
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.head = {name.lower(): value for name, value in message["headers"]}
                return
            self.text += message["body"].decode()
            self.ended = not message.get("more_body", False)
            self.parts += 1
            if not self.ended:
                await after_part(self)

        await self.room.app(scope, receive, send)

    @property
    def ids(self) -> list[int]:
        """Of the events that came."""
        blocks = [one for one in self.text.split("\n\n") if "data: " in one]
        return [int(one.partition("id: ")[2].partition("\n")[0]) for one in blocks]


@pytest.fixture
async def room() -> AsyncIterator[Newsroom]:
    async with open_doors() as doors:
        yield Newsroom(doors)


async def test_pages_and_what_is_asked_for(room: Newsroom) -> None:
    last = (await room.page("?after=last"))["next"]
    first = await room.tell(kinds.PUBLISHED, f"{PROJECT}/app", tags=["v1"], digest="sha256:x")
    second = await room.tell(kinds.POLICY_CHANGED, OTHER, kind="naming")
    found = await room.page(f"?after={last}")
    assert [one["sequence"] for one in found["items"]] == [first, second]
    assert (found["next"], found["more"]) == (second, False)
    one = found["items"][0]
    assert (one["project"], one["repository"], one["tags"]) == (PROJECT, f"{PROJECT}/app", ["v1"])
    for query, wanted in (
        (f"&project={OTHER}", [second]),
        (f"&repository={PROJECT}/app", [first]),
        (f"&kind={kinds.PUBLISHED}&kind={kinds.DELETED}", [first]),
        ("&limit=1", [first]),
    ):
        found = await room.page(f"?after={last}{query}")
        assert [one["sequence"] for one in found["items"]] == wanted, query


async def test_each_sees_what_they_may(room: Newsroom) -> None:
    last = (await room.page("?after=last"))["next"]
    pushed = await room.tell(kinds.PUBLISHED, f"{PROJECT}/app")
    elsewhere = await room.tell(kinds.PUBLISHED, f"{OTHER}/app")
    narrow = await room.tell(kinds.PUBLISHED, f"{PROJECT}/app2")
    quota = await room.tell(kinds.QUOTA_CHANGED, "", kind="user", name="bob")
    for who, wanted in (
        ("admin", [pushed, elsewhere, narrow, quota]),
        ("guest", [pushed, elsewhere, narrow]),
        ("guest of the project", [pushed, narrow]),
        ("limitedGuest of the project", []),
        ("projectAdmin of a repository", [pushed]),
        ("robot", [pushed, narrow]),
        ("user", []),
    ):
        found = await room.page(f"?after={last}", who)
        assert [one["sequence"] for one in found["items"]] == wanted, who
        assert found["next"] == quota


async def test_nobody_and_tokens_for_images_see_nothing(room: Newsroom) -> None:
    for path in ("/events", "/events/stream"):
        for who in ("anonymous", "bearer token"):
            headers = room.doors.visitors[who].headers
            assert (await call(room.app, "GET", ROOT + path, headers)).status == 401


async def test_a_stream_tells_what_comes(room: Newsroom) -> None:
    await room.tell(kinds.PUBLISHED, f"{PROJECT}/app")
    told: list[int] = []

    async def then(reader: Reader) -> None:
        if len(told) < 3:
            told.append(await room.tell(kinds.TAG_MOVED, f"{PROJECT}/app", tags=["v1"]))
        else:
            room.streams.close()

    reader = Reader(room)
    await reader.read(then)
    assert (reader.status, reader.head[b"content-type"]) == (200, b"text/event-stream")
    assert b"content-length" not in reader.head
    assert reader.ids == told, "and nothing of before"
    assert reader.ended
    assert room.streams.count == 0
    data = json.loads(reader.text.partition("data: ")[2].partition("\n")[0])
    assert (data["kind"], data["tags"]) == (kinds.TAG_MOVED, ["v1"])


async def test_a_reader_who_comes_again_misses_nothing(room: Newsroom) -> None:
    ids = [await room.tell(kinds.TAG_MOVED, f"{PROJECT}/app") for _ in range(4)]

    async def then(reader: Reader) -> None:
        if reader.ids:
            room.streams.close()

    reader = Reader(room, query=f"after={ids[0]}", Last_Event_ID=str(ids[1]))
    await reader.read(then)
    assert reader.ids == ids[2:]


async def test_a_stream_that_has_nothing_to_say_says_so(room: Newsroom) -> None:
    async def then(reader: Reader) -> None:
        if reader.parts == 3:
            room.streams.close()

    reader = Reader(room, who="user")
    started = room.clock.now()
    await room.tell(kinds.TAG_MOVED, f"{PROJECT}/app")
    await reader.read(then)
    assert reader.ids == []
    assert reader.text.count(": here\nid: ") == 2
    assert room.clock.now() - started >= 2 * eventstream.HEARTBEAT_SECONDS


async def test_a_stream_ends_when_its_caller_may_not_any_more(room: Newsroom) -> None:
    started = room.clock.now()

    async def then(reader: Reader) -> None:
        if reader.parts == 1:
            await room.doors.house.accounts.remove("by-maintainer")

    reader = Reader(room, who="maintainer")
    await reader.read(then)
    assert reader.ended
    seconds = room.clock.now() - started
    assert seconds <= eventstream.RECHECK_SECONDS + 2 * eventstream.POLL_SECONDS


async def test_rights_that_end_are_seen_at_the_next_event(room: Newsroom) -> None:
    async def then(reader: Reader) -> None:
        if reader.parts == 1:
            await room.tell(kinds.TAG_MOVED, f"{PROJECT}/app")
        elif reader.parts == 2:
            async with room.catalog.begin(write=True) as tx:
                await tx.grants.forget_project(PROJECT)
                await tx.epochs.advance("access")
            await room.tell(kinds.TAG_MOVED, f"{PROJECT}/app")
        elif reader.parts == 3:
            room.streams.close()

    reader = Reader(room, who="guest of the project")
    await reader.read(then)
    assert len(reader.ids) == 1


async def test_so_many_streams_of_one_and_no_more(room: Newsroom) -> None:
    statuses: list[int] = []

    async def then(reader: Reader) -> None:
        if len(statuses) >= eventstream.STREAMS_OF_ONE_MAX:
            room.streams.close()
            return
        statuses.append(0)
        inner = Reader(room, who="admin")
        await inner.read(then)
        statuses[statuses.index(0)] = inner.status

    outer = Reader(room, who="admin")
    await outer.read(then)
    assert 429 in statuses
    assert room.streams.count == 0


async def test_a_reader_who_goes_away_frees_the_place(room: Newsroom) -> None:
    async def then(_: Reader) -> None:
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await Reader(room).read(then)
    assert room.streams.count == 0
