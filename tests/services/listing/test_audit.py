"""Pages of the audit log are what a naive search finds, whatever comes between."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.errors import Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.rules.audit import AuditLine
from entrepot.services.auditing import concerns
from entrepot.services.listing import audit as module
from entrepot.services.listing.audit import AuditPages
from entrepot.services.listing.spans import Span
from tests.adapters.catalog.rows import NOW

LINE = AuditLine(0, NOW, "alice", "192.0.2.7", "docker/28", "tag.moved", "acme", "r", "done", "{}")
LATE = 250.0
QUERIES = st.builds(
    AuditQuery,
    actor=st.sampled_from(["", "alice", "bob", "nobody"]),
    project=st.sampled_from(["", "acme", "web"]),
    operation=st.sampled_from(["", "", "tag.moved", "login"]),
    refused=st.booleans(),
    since=st.none() | st.integers(-100, 5000).map(lambda at: NOW + at),
    until=st.none() | st.integers(-100, 5000).map(lambda at: NOW + at),
)


async def write(catalog: Catalog, chance: random.Random, begin: int, count: int) -> None:
    async with catalog.begin(write=True) as tx:
        for number in range(begin, begin + count):
            late = chance.random() < 0.2
            await tx.audit.append(
                replace(
                    LINE,
                    at=NOW + number * 60 - (chance.random() * LATE if late else 0),
                    actor=chance.choice(("alice", "bob")),
                    project=chance.choice(("acme", "web")),
                    operation=chance.choice(("tag.moved", "login")),
                    result="denied" if late else "done",
                )
            )


async def lines(catalog: Catalog) -> list[AuditLine]:
    async with catalog.begin() as tx:
        return await tx.audit.after(0, 1000)


@pytest.mark.parametrize("slice_", [7, 20_000])
async def test_pages_are_those_of_a_naive_search_while_lines_come_and_go(
    catalog: Catalog, slice_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", slice_)
    monkeypatch.setattr(module, "AT_ONCE", 5)
    chance = random.Random(slice_)
    pages = AuditPages(catalog)
    queries = [AuditQuery(), AuditQuery("bob"), AuditQuery(refused=True), AuditQuery(project="web")]
    for step in range(6):
        await write(catalog, chance, step * 10, 10)
        if step == 4:
            async with catalog.begin(write=True) as tx:
                await tx.audit.prune(NOW + 600, 5)
        there = await lines(catalog)
        for query in queries:
            wanted = [line for line in there if concerns(query, line)]
            found = await pages.page(query, Span(2, 5, descending=True))
            if step < 4:
                assert found.total == len(wanted)
                assert list(found.rows) == wanted[::-1][2:7]
            else:
                assert abs(found.total - len(wanted)) <= 5
                assert list(found.rows) == wanted[::-1][2:7]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(QUERIES, st.integers(0, 20), st.booleans())
async def test_times_are_cut_exactly(
    catalog: Catalog, query: AuditQuery, offset: int, descending: bool
) -> None:
    there = await lines(catalog)
    if not there:
        await write(catalog, random.Random(5), 0, 80)
        there = await lines(catalog)
    span = Span(offset, 10, descending=descending)
    if query.since is not None and query.until is not None and query.since > query.until:
        with pytest.raises(Fault):
            await AuditPages(catalog).page(query, span)
        return
    wanted = [line for line in there if concerns(query, line)]
    found = await AuditPages(catalog).page(query, span)
    assert found.total == len(wanted)
    ordered = wanted[::-1] if descending else wanted
    assert list(found.rows) == ordered[offset : offset + 10]


async def test_what_is_remembered_is_bounded(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILTERS_MAX", 2)
    monkeypatch.setattr(module, "SLICE", 10)
    monkeypatch.setattr(module, "IDS_MAX", 30)
    await write(catalog, random.Random(1), 0, 60)
    pages = AuditPages(catalog)
    newest = (await lines(catalog))[::-1]
    for actor in ("", "alice", "bob", ""):
        query = AuditQuery(actor)
        wanted = [line for line in newest if concerns(query, line)]
        found = await pages.page(query, Span(0, 5, descending=True))
        assert list(found.rows) == wanted[:5]
    # Of a log too long to be remembered whole, the newest are counted and reached.
    assert (await pages.page(AuditQuery(), Span())).total <= 30


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_out_of_several_lists(catalog: Catalog, descending: bool) -> None:
    chance = random.Random(7)
    pages = AuditPages(catalog)
    await write(catalog, chance, 0, 60)
    queries = [
        AuditQuery(project="acme", operation="login"),
        AuditQuery(project="web", operation="login"),
        AuditQuery(project="web", operation="tag.moved"),
        AuditQuery(project="web", operation="tag.moved"),
        AuditQuery(project="nosuch"),
    ]
    wanted = [
        line.id for line in await lines(catalog) if any(concerns(query, line) for query in queries)
    ]
    assert 30 < len(wanted) < 60
    if descending:
        wanted.reverse()
    for offset in range(0, 70, 7):
        found = await pages.page_of_any(queries, Span(offset, 7, descending=descending))
        assert [line.id for line in found.rows] == wanted[offset : offset + 7]
        assert found.total == len(wanted)
    nothing = await pages.page_of_any([], Span())
    assert (nothing.rows, nothing.total) == ((), 0)


async def test_of_too_many_lists_none_is_made(catalog: Catalog) -> None:
    queries = [AuditQuery(str(number)) for number in range(module.QUERIES_MAX + 1)]
    with pytest.raises(Fault, match="at most"):
        await AuditPages(catalog).page_of_any(queries, Span())
