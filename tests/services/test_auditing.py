"""Exactly one audit line for each committed change; read newest first, or along."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.rules.audit import DENIED, AuditLine
from entrepot.services.auditing import Act, AuditService, concerns, line_of, record
from entrepot.services.context import Caller
from tests.adapters.catalog.rows import NOW

ALICE = Caller("alice", "docker/28", "192.0.2.7")
ACT = Act("robot.created", "robot$acme+ci", "acme", {"scope": "acme/**"})


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite://")
    yield made
    await made.close()


async def write(catalog: Catalog, *acts: Act) -> None:
    async with catalog.begin(write=True) as tx:
        for number, act in enumerate(acts):
            await record(tx, ALICE, NOW + number, act)


async def lines(catalog: Catalog) -> list[AuditLine]:
    async with catalog.begin() as tx:
        return await tx.audit.after(0, 1000)


async def test_a_line_says_who_from_where_with_what(catalog: Catalog) -> None:
    await write(catalog, ACT)
    (line,) = await lines(catalog)
    assert line == AuditLine(
        line.id,
        NOW,
        "alice",
        "192.0.2.7",
        "docker/28",
        "robot.created",
        "acme",
        "robot$acme+ci",
        "done",
        '{"scope":"acme/**"}',
    )


async def test_a_change_that_is_undone_leaves_no_line(catalog: Catalog) -> None:
    async def fails() -> None:
        async with catalog.begin(write=True) as tx:
            await record(tx, ALICE, NOW, ACT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await lines(catalog) == []


def test_what_a_caller_chose_forges_no_line() -> None:
    wild = Caller("alice\nroot", "docker\r\n2026 admin", "\x1b[2J")
    line = line_of(wild, NOW, Act("x", "acme/app:\u202egnp.1v", "", {"reason": "\n\u202e" * 9000}))
    for text in (line.actor, line.client, line.address, line.resource, line.detail):
        assert text.isprintable()
    assert msgspec.json.decode(line.detail)["cut"] is True


async def test_pages_are_had_with_the_name_as_it_was_typed(catalog: Catalog) -> None:
    await write(catalog, ACT)
    async with catalog.begin(write=True) as tx:
        await record(tx, Caller("eve\n"), NOW, ACT)
    service = AuditService(catalog)
    (line,) = (await service.page(AuditQuery(actor="eve\n"), None, 10)).lines
    assert line.actor == "eve\\n"
    with pytest.raises(Fault) as raised:
        await service.page(AuditQuery(since=2.0, until=1.0), None, 10)
    assert raised.value.code is Code.REQUEST_INVALID


async def test_it_is_read_along_to_its_end(catalog: Catalog) -> None:
    await write(catalog, *(Act(f"act.{number % 2}", str(number)) for number in range(7)))
    service = AuditService(catalog)
    assert await service.last() == 7
    query, after = AuditQuery(operation="act.1"), 0
    found: list[AuditLine] = []
    while True:
        stretch = await service.after(after, query, 3)
        found += stretch.lines
        after = stretch.upto
        if not stretch.more:
            break
    assert [line.resource for line in found] == ["1", "3", "5"]
    # Who follows goes on from there.
    assert after == 7
    again = await service.after(after, query, 3)
    assert (again.lines, again.upto, again.more) == ((), 7, False)
    late = await service.after(0, AuditQuery(since=NOW + 5), 3)
    assert [line.resource for line in late.lines] == []
    assert late.more
    assert not (await service.after(0, AuditQuery(until=NOW - 4000), 3)).more


def test_a_line_concerns_who_asks_for_it() -> None:
    line = line_of(ALICE, NOW, ACT)
    assert concerns(AuditQuery(), line)
    assert concerns(AuditQuery("alice", "acme", "robot.created", since=NOW), line)
    for other in (
        AuditQuery("bob"),
        AuditQuery(project="web"),
        AuditQuery(operation="x"),
        AuditQuery(refused=True),
        AuditQuery(since=NOW + 1),
        AuditQuery(until=NOW),
    ):
        assert not concerns(other, line)
    refused = line_of(ALICE, NOW, Act("x", "", result=DENIED))
    assert concerns(AuditQuery(refused=True), refused)
