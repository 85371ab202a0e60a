"""The catalog's disk fills up, fails or is read-only, at every point."""

import copy
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from entrepot.adapters.catalog.failing import failure_of
from entrepot.adapters.catalog.sqlite import SqliteCatalog
from tests.faults.trial import Day, Site, inline, make_template

Result = TypeVar("Result")

PAGES_MAX = 200
COMMITS_MIN = 15


@pytest.fixture
async def template(tmp_path: Path) -> Path:
    return await make_template(tmp_path / "template")


def connections(day: Day) -> list[sqlite3.Connection]:
    """Return those that write."""
    assert isinstance(day.catalog, SqliteCatalog)
    found = day.catalog._open
    return [raw for raw in (found.writing, found.hasty) if raw is not None]


@contextmanager
def set_up(day: Day, before: str, after: str) -> Iterator[None]:
    for raw in connections(day):
        raw.execute(before).fetchall()
    yield
    for raw in connections(day):
        raw.execute(after).fetchall()


async def go_on(site: Site) -> None:
    """Start again; all that was acknowledged is there, and all can be done again."""
    async with site.process() as day:
        await day.check()
        assert await day.live(stays=False) == 0
        await day.check()
        await day.check_debris()


@pytest.mark.slow
async def test_no_room_after_every_page(template: Path, tmp_path: Path) -> None:
    """I1 to I6 hold; each request that failed can be made again once there is room."""
    for extra in range(PAGES_MAX):
        site = Site.copied(template, tmp_path / f"{extra}")
        async with site.process() as day:
            (pages,) = connections(day)[0].execute("PRAGMA page_count").fetchone()
            limit = f"PRAGMA max_page_count={pages + extra}"
            with set_up(day, limit, "PRAGMA max_page_count=1000000"):
                failed = await day.live(stays=True)
                if failed == 0:
                    break
            await day.check()
            assert await day.live(stays=False) == 0
            await day.check()
        await go_on(site)
    else:
        raise AssertionError(f"{PAGES_MAX} pages were not enough")
    assert extra > 3


async def test_read_only_from_every_request_on(template: Path, tmp_path: Path) -> None:
    async with Site.copied(template, tmp_path / "all").process() as day:
        requests = len(day.script)
    for at in range(requests):
        site = Site.copied(template, tmp_path / f"{at}")
        async with site.process() as day:
            for work in day.script[:at]:
                await work()
            with set_up(day, "PRAGMA query_only=ON", "PRAGMA query_only=OFF"):
                assert await day.live(stays=True) > 0
                assert "read-only" in str(await day.catalog.trouble())
                await day.check()
            assert await day.catalog.trouble() is None
        await go_on(site)


class Commits:
    """Runs each COMMIT, but the `at`th, which fails before or after it was done."""

    def __init__(self, at: int, *, done: bool) -> None:
        self.count = -1  # the first work is opening
        self._at = at
        self._done = done

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        number, self.count = self.count, self.count + 1
        if number == self._at:
            if self._done:
                await inline(work)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            failed = failure_of(error)
            assert failed is not None
            raise failed
        return await inline(work)


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True])
async def test_every_commit_fails_once(template: Path, tmp_path: Path, *, done: bool) -> None:
    """Whether it reached the disk or not: the client was told of a failure, and tries again."""
    at = 0
    while True:
        site, commits = Site.copied(template, tmp_path / f"{at}"), Commits(at, done=done)
        async with site.process(commit=commits) as day:
            failed = await day.live(stays=False)
            await day.check()
        await go_on(site)
        if commits.count <= at:
            break
        assert failed <= 1
        at += 1
    assert at > COMMITS_MIN


class Witness:
    """Copies the whole site before and after each COMMIT, as a kill there would leave it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self.copies: list[Site] = []

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        if not (self._site.root / "catalog.db-wal").exists():  # opening
            return await inline(work)
        self._copy()
        result = await inline(work)
        self._copy()
        return result

    def _copy(self) -> None:
        root = self._folder / f"{len(self.copies)}"
        shutil.copytree(self._site.root, root)
        site = self._site
        journal = copy.deepcopy(site.journal)
        self.copies.append(Site(root, copy.copy(site.clock), copy.copy(site.random), journal))


@pytest.fixture
async def witnessed(template: Path, tmp_path: Path) -> AsyncIterator[list[Site]]:
    site = Site.copied(template, tmp_path / "site")
    witness = Witness(site, tmp_path / "copies")
    async with site.process(commit=witness) as day:
        assert await day.live(stays=False) == 0
        yield [*witness.copies]


@pytest.mark.slow
async def test_a_kill_before_and_after_every_commit(witnessed: list[Site]) -> None:
    assert len(witnessed) > 2 * COMMITS_MIN
    for site in witnessed:
        await go_on(site)


@pytest.mark.slow
async def test_a_torn_end_of_the_log(witnessed: list[Site]) -> None:
    """What a power cut leaves behind the last synced frame is no transaction."""
    for number, site in enumerate(witnessed):
        log = site.root / "catalog.db-wal"
        if not log.exists():
            continue
        whole = log.read_bytes()
        frame = whole[-4120:]
        torn = [b"\0" * 4120, frame, frame[:1000], b"\xff" * 777][number % 4]
        log.write_bytes(whole + torn)
        await go_on(site)
