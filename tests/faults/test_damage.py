"""Bytes rot where they lie: fsck says so, or nothing that matters is lost."""

import shutil
from pathlib import Path

import pytest

from entrepot.adapters.catalog import CatalogUnusable
from entrepot.ports.catalog import CatalogFailed
from entrepot.serving import inspect
from tests.faults.trial import Site, make_template

PAGE = 4096


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    site = Site.copied(await make_template(tmp_path / "template"), tmp_path / "site")
    async with site.process() as day:
        assert await day.live(stays=False) == 0
    return site


async def verdict(root: Path, *, read: bool) -> list[str]:
    """Return what fsck says."""
    try:
        findings, _ = await inspect(root, read=read)
    except (CatalogFailed, CatalogUnusable) as error:
        return [str(error)]
    return [f"{finding.invariant}: {finding.message}" for finding in findings]


async def test_what_is_whole_is_found_whole(site: Site) -> None:
    assert await verdict(site.root, read=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["zeros", "garbage", "half"])
async def test_every_page_of_the_catalog(site: Site, tmp_path: Path, harm: str) -> None:
    """A page that rots is found, or it held nothing: all that was acknowledged is there."""
    whole = (site.root / "catalog.db").read_bytes()
    found = 0
    for number in range(len(whole) // PAGE):
        root = tmp_path / f"{number}"
        shutil.copytree(site.root, root)
        start = number * PAGE
        page = {
            "zeros": b"\0" * PAGE,
            "garbage": bytes(byte ^ 0xA5 for byte in whole[start : start + PAGE]),
            "half": whole[start : start + PAGE // 2] + b"\0" * (PAGE // 2),
        }[harm]
        (root / "catalog.db").write_bytes(whole[:start] + page + whole[start + PAGE :])
        said = await verdict(root, read=True)
        found += bool(said)
        if not said:
            copy = Site(root, site.clock, site.random, site.journal)
            async with copy.process() as day:
                await day.check()
    assert found > 10


@pytest.mark.parametrize("harm", ["cut", "emptied", "garbled", "longer", "removed"])
async def test_every_blob(site: Site, harm: str) -> None:
    files = [path for path in (site.root / "blobs").rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        data = path.read_bytes()
        if harm == "removed":
            path.unlink()
        else:
            path.write_bytes(
                {
                    "cut": data[:-1],
                    "emptied": b"",
                    "garbled": data[:-1] + bytes([data[-1] ^ 1]),
                    "longer": data + b"\0",
                }[harm]
            )
        said = await verdict(site.root, read=True)
        assert [line[:3] for line in said] == ["I2:"]
        # What does not change the size is found by reading alone.
        assert (await verdict(site.root, read=False) == []) == (harm == "garbled")
        path.write_bytes(data)
