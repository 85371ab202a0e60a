"""The machine's clock is set by years, forward or back, between any two requests."""

from pathlib import Path

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.access import Kind
from entrepot.rules.scopes import parse_scopes
from entrepot.services.uploads import Chunk
from sim.collector import Collector
from tests.faults.trial import APP, LARGE, Day, Site, make_template
from tests.services.house import ALICE, Bytes

YEARS_SECONDS = 10 * 365 * 86_400.0
JUMPS = {"forward": YEARS_SECONDS, "back": -YEARS_SECONDS}


@pytest.fixture
async def template(tmp_path: Path) -> Path:
    return await make_template(tmp_path / "template")


async def keep_house(day: Day) -> None:
    """Do what a server does by itself."""
    await day.house.uploads.expire()
    await Collector(day.catalog, day.store, day.clock).collect()
    await day.house.registry.access.identify(None)


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
async def test_nothing_that_a_manifest_holds_is_lost(
    template: Path, tmp_path: Path, jump: float
) -> None:
    """Neither is anything else when the clock goes back: leases only last longer (I11)."""
    requests = 10
    for at in range(requests):
        site = Site.copied(template, tmp_path / f"{at}")
        async with site.process() as day:
            assert len(day.script) == requests
            for number, work in enumerate(day.script):
                if number == at:
                    site.clock.seconds += jump
                    if jump > 0:
                        day.forget_unheld()
                    await keep_house(day)
                    await day.check()
                try:
                    await work()
                except Fault as fault:
                    # Blobs that were not in use for years are gone.
                    if jump < 0 or fault.code is not Code.MANIFEST_BLOB_UNKNOWN:
                        raise
            await day.check()
            # And where it was: who had set it wrong sets it right.
            site.clock.seconds -= jump
            if jump < 0:
                day.forget_unheld()
            await keep_house(day)
            await day.check()
        async with site.process() as day:
            assert await day.live(stays=False) == 0
            site.clock.seconds += 2 * YEARS_SECONDS
            day.forget_unheld()
            await day.check_debris()


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
async def test_an_upload_across_it(template: Path, tmp_path: Path, jump: float) -> None:
    site = Site.copied(template, tmp_path / "site")
    async with site.process() as day:
        uploads = day.house.uploads
        fresh, begun = uploads.begin(APP), uploads.begin(APP)
        await uploads.append(APP, begun, ALICE, Chunk(Bytes(LARGE[:100])))
        site.clock.seconds += jump
        # What has bytes lasts until housekeeping ends it; an address of nothing is out of date.
        assert await uploads.status(APP, begun) == 100
        with pytest.raises(Fault) as caught:
            await uploads.append(APP, fresh, ALICE, Chunk(Bytes(LARGE)))
        assert caught.value.code is Code.BLOB_UPLOAD_UNKNOWN
        assert await uploads.append(APP, begun, ALICE, Chunk(Bytes(LARGE[100:]))) == len(LARGE)
        await day.check()


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS.keys())
async def test_a_token_across_it(template: Path, tmp_path: Path, jump: float) -> None:
    """One from the future is refused, as one from the past is; the client asks for another."""
    site = Site.copied(template, tmp_path / "site")
    async with site.process() as day:
        access, tokens = day.house.access, day.house.tokens
        await day.house.accounts.ensure_admin("only for this test")
        holder = await day.house.gate.standing.of(Kind.USER, "admin")
        header = _bearer((await tokens.issue(holder, parse_scopes([]), access.policy)).token)
        assert (await access.identify(header)).name == "admin"
    site.clock.seconds += jump
    async with site.process() as day:  # another one, that has not seen the token before
        access, tokens = day.house.access, day.house.tokens
        with pytest.raises(Fault) as caught:
            await access.identify(header)
        assert caught.value.code is Code.UNAUTHORIZED
        header = _bearer((await tokens.issue(holder, parse_scopes([]), access.policy)).token)
        assert (await access.identify(header)).name == "admin"


def _bearer(token: str) -> str:
    return f"Bearer {token}"
