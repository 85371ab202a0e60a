"""What the audit log must do in every catalog."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from entrepot.adapters.catalog import audit as adapter
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.rules.audit import AuditLine
from entrepot.services.auditing import concerns
from tests.adapters.catalog.rows import NOW

LINE = AuditLine(0, NOW, "alice", "192.0.2.7", "docker/28", "tag.moved", "acme", "r", "done", "{}")
SPREAD = 1000.0
"""Seconds between two lines: more than ids and times may be out of step."""


async def fill(catalog: Catalog, count: int) -> list[AuditLine]:
    """Write lines of two of each; return them, newest first."""
    async with catalog.begin(write=True) as tx:
        for number in range(count):
            await tx.audit.append(
                replace(
                    LINE,
                    at=NOW + number * SPREAD,
                    actor=("alice", "bob")[number % 2],
                    project=("acme", "web")[number // 2 % 2],
                    operation=("tag.moved", "tag.deleted")[number // 4 % 2],
                    result=("done", "denied")[number % 5 == 0],
                )
            )
    async with catalog.begin() as tx:
        return (await tx.audit.after(0, count + 1))[::-1]


def queries() -> Iterator[AuditQuery]:
    """Return every combination of filters."""
    for actor, project, operation, refused, since, until in product(
        ("", "alice", "nobody"),
        ("", "web"),
        ("", "tag.moved"),
        (False, True),
        (None, NOW + 10 * SPREAD),
        (None, NOW + 30 * SPREAD),
    ):
        yield AuditQuery(actor, project, operation, refused, since, until)


class Audit:
    async def test_a_line_is_kept_whole(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.audit.append(LINE)
        async with catalog.begin() as tx:
            page = await tx.audit.page(AuditQuery(), None, 10)
            assert page.lines == (replace(LINE, id=page.lines[0].id),)
            assert page.next is None
            assert await tx.audit.last() == page.lines[0].id

    @pytest.mark.parametrize("looked", [7, 5000])
    async def test_pages_have_what_is_asked_for_and_nothing_twice(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, looked: int
    ) -> None:
        monkeypatch.setattr(adapter, "LOOKED_MAX", looked)
        lines = await fill(catalog, 40)
        async with catalog.begin() as tx:
            for query in queries():
                found: list[AuditLine] = []
                before, more = None, True
                while more:
                    page = await tx.audit.page(query, before, 3)
                    found += page.lines
                    assert page.next is None or before is None or page.next < before
                    before, more = page.next, page.next is not None
                assert found == [line for line in lines if concerns(query, line)], query

    async def test_a_page_looks_at_a_bounded_number_of_lines(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(adapter, "LOOKED_MAX", 10)
        lines = await fill(catalog, 40)
        async with catalog.begin() as tx:
            page = await tx.audit.page(AuditQuery("alice", "none"), None, 3)
            # The way along the project leads to its end at once.
            assert (page.lines, page.next) == ((), None)
            page = await tx.audit.page(AuditQuery("alice", until=NOW - 1), None, 3)
            assert (page.lines, page.next) == ((), None)
            page = await tx.audit.page(AuditQuery("alice", "acme", refused=True), None, 99)
            assert page.next is None
            page = await tx.audit.page(AuditQuery("bob"), None, 99)
            assert len(page.lines) == 10
            assert page.next == page.lines[-1].id
            assert page.lines == tuple(line for line in lines if line.actor == "bob")[:10]

    async def test_lines_are_read_along(self, catalog: Catalog) -> None:
        lines = (await fill(catalog, 5))[::-1]
        async with catalog.begin() as tx:
            assert await tx.audit.after(0, 2) == lines[:2]
            assert await tx.audit.after(lines[1].id, 9) == lines[2:]
            assert await tx.audit.since(NOW + 2 * SPREAD) == lines[1].id
            assert await tx.audit.since(NOW + 99 * SPREAD) == lines[-1].id

    async def test_only_the_oldest_are_removed_step_by_step(self, catalog: Catalog) -> None:
        lines = (await fill(catalog, 5))[::-1]
        async with catalog.begin(write=True) as tx:
            assert await tx.audit.prune(NOW + 3 * SPREAD, 2) == 2
            assert await tx.audit.after(0, 9) == lines[2:]
            assert await tx.audit.prune(NOW + 3 * SPREAD, 2) == 1
            assert await tx.audit.prune(NOW + 3 * SPREAD, 2) == 0
            assert await tx.audit.after(0, 9) == lines[3:]
        async with catalog.begin(write=True) as tx:
            assert await tx.audit.prune(NOW + 99 * SPREAD, 9) == 2
            await tx.audit.append(LINE)
            # No id is given twice, so that those who read along miss nothing.
            assert await tx.audit.last() > lines[-1].id
