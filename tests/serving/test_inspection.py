"""`fsck` of what is not, or not all, in a data directory."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from entrepot.adapters.blobs.objects.layout import blob_key
from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.catalog.prepare import REVISIONS
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.main import main
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.ports.upkeep import Finding
from entrepot.services.uploads import Chunk
from entrepot.serving.inspection import inspect_settings
from entrepot.serving.transferring import migrate_catalog
from entrepot.settings import Settings, Storage
from entrepot.settings.tiers import Cold
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed
from tests.services.house import ALICE, Bytes
from tests.services.storehouse import NAMES, TAGS, Storehouse, open_storehouse
from tests.serving.fleets import bucket_of, furnish, open_fleet, settings_of

pytestmark = pytest.mark.slow

APP = NAMES[0]
LAYER = Digest.of(b"layer")


@pytest.fixture
async def fleet(tmp_path: Path, postgres_url: str, seaweed: Seaweed) -> Settings:
    """The settings of a fleet that holds something, and has no replica."""
    settings = settings_of(tmp_path / "data", postgres_url, seaweed.url(), seaweed)
    await furnish(settings)
    return settings


async def row_of(house: Storehouse, digest: Digest) -> Blob:
    async with house.catalog.begin() as tx:
        row = await tx.blobs.find(digest)
    assert row is not None
    return Blob(digest, row.generation)


async def invariants(settings: Settings, *, read: bool = False, stopped: bool = False) -> list[str]:
    findings, _ = await inspect_settings(settings, read=read, stopped=stopped)
    return [finding.invariant for finding in findings]


async def test_beside_a_replica_an_upload_goes_on(fleet: Settings) -> None:
    async with open_fleet(fleet) as house:
        upload_id = house.uploads.begin(APP)
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"lay")))
        for read in (False, True):
            assert await inspect_settings(fleet, read=read) == ([], 0)
        with pytest.raises(CatalogUnusable, match=r"127\.0\.0\.1: stop all replicas"):
            await inspect_settings(fleet, read=False, stopped=True)
        rest = Chunk(Bytes(b"er 2"))
        await house.uploads.finish(APP, upload_id, ALICE, Digest.of(b"layer 2"), rest)
    assert await inspect_settings(fleet, read=True, stopped=True) == ([], 0)


async def test_what_is_wrong_in_the_bucket_is_found(fleet: Settings) -> None:
    async with open_fleet(fleet) as house, bucket_of(fleet) as store:
        layer = await row_of(house, LAYER)
        await store.bucket.put(blob_key(layer), b"LAYER")
        assert await invariants(fleet) == []
        assert await invariants(fleet, read=True) == ["I2"]
        await store.bucket.put(blob_key(layer), b"lay")
        assert await invariants(fleet) == ["I2"]
        await store.bucket.delete([blob_key(layer)])
        await store.bucket.put(blob_key(Blob(LAYER, layer.generation + 99)), b"layer")
        missing = f"blob {LAYER} (generation {layer.generation}) is live but has no bytes"
        assert await inspect_settings(fleet, read=True) == ([Finding("I2", missing)], 1)


async def test_uploads_are_checked_once_all_replicas_are_stopped(fleet: Settings) -> None:
    async with open_fleet(fleet) as house:
        upload_id = house.uploads.begin(APP)
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"lay")))
        async with house.catalog.begin(write=True) as tx:
            await tx.uploads.advance(upload_id, 99, 1e10)
    assert await invariants(fleet) == []
    assert await invariants(fleet, stopped=True) == ["I6"]


async def test_an_empty_database_stays_empty(
    fleet: Settings, postgres: Postgres, tmp_path: Path, seaweed: Seaweed
) -> None:
    name = postgres.create_database()
    empty = settings_of(tmp_path, postgres.url(name), fleet.storage.blobs, seaweed)
    with pytest.raises(CatalogUnusable, match="holds no catalog"):
        await inspect_settings(empty, read=False)
    assert (
        postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name)
        == "0"
    )
    postgres.drop_database(name)


async def test_an_older_catalog_is_not_brought_up_to_date(
    fleet: Settings, postgres: Postgres
) -> None:
    name = fleet.storage.catalog.rpartition("/")[2]
    older = f"UPDATE alembic_version SET version_num = '{REVISIONS[-2]}'"  # noqa: S608 - our own
    postgres.sql(older, database=name)
    with pytest.raises(CatalogUnusable, match="entrepot catalog migrate"):
        await inspect_settings(fleet, read=False)
    assert postgres.sql("SELECT version_num FROM alembic_version", database=name) == REVISIONS[-2]


async def test_the_command(
    fleet: Settings, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_OBJECTS_ENDPOINT", seaweed.endpoint)
    given = ["--catalog", fleet.storage.catalog, "--blobs", fleet.storage.blobs]

    async def run(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, main, [*words])
        return done.exit_code, done.output

    assert await run("fsck", *given, "--read") == (
        0,
        "0 findings; 0 blobs that nothing refers to\n",
    )
    async with open_fleet(fleet) as house, bucket_of(fleet) as store:
        await store.bucket.delete([blob_key(await row_of(house, LAYER))])
        status, told = await run("fsck", *given, "--stopped")
        assert (status, "stop all replicas" in told) == (2, True)
    status, told = await run("fsck", *given, "--stopped", "--json")
    found = json.loads(told)
    assert (status, found["debris"]) == (1, 0)
    assert [finding["invariant"] for finding in found["findings"]] == ["I2"]
    status, told = await run("fsck", "--catalog", fleet.storage.catalog, "--blobs", "ftp://x")
    assert (status, "ftp" in told) == (2, True)
    status, told = await run("backup", *given, "/nowhere")
    assert status == 2
    assert told.index("pg_dump") < told.index("then the bucket") < told.index("docs/scale.md")


async def test_an_embedded_catalog_with_blobs_in_a_bucket(tmp_path: Path, seaweed: Seaweed) -> None:
    settings = settings_of(tmp_path, "", seaweed.url(), seaweed)
    with pytest.raises(FileNotFoundError):
        await inspect_settings(settings, read=True)
    await furnish(settings)
    assert await inspect_settings(settings, read=True) == ([], 0)
    running = DataDirectory(tmp_path)
    with pytest.raises(DirectoryBusy):
        await inspect_settings(settings, read=True)
    running.close()


async def test_a_directory_whose_cold_blobs_are_in_a_bucket(
    tmp_path: Path, seaweed: Seaweed
) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
        layer = await row_of(house, LAYER)
    (file,) = (tmp_path / "blobs").glob(f"*/*/{LAYER.partition(':')[2]}.*")
    cold = Cold(blobs=seaweed.url())
    settings = Settings(storage=Storage(data=str(tmp_path)), cold=cold, objects=seaweed.options)
    (tmp_path / "cold-store").write_text(cold.blobs)
    async with bucket_of(settings_of(tmp_path, "", cold.blobs, seaweed)) as store:
        await store.bucket.put(blob_key(layer), file.read_bytes())
    file.unlink()
    assert await inspect_settings(settings, read=True) == ([], 0)
    with pytest.raises(OSError, match="--config"):
        await inspect_settings(Settings(storage=settings.storage), read=True)


async def test_postgresql_with_blobs_in_a_directory(tmp_path: Path, postgres_url: str) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    embedded = Settings(storage=Storage(data=str(tmp_path)))
    await migrate_catalog(embedded, postgres_url, lambda table, rows: None)
    settings = Settings(storage=Storage(data=str(tmp_path), catalog=postgres_url))
    assert await inspect_settings(settings, read=True) == ([], 0)
    elsewhere = Settings(storage=Storage(data=str(tmp_path / "none"), catalog=postgres_url))
    with pytest.raises(FileNotFoundError):
        await inspect_settings(elsewhere, read=True)
    (file,) = (tmp_path / "blobs").glob(f"*/*/{LAYER.partition(':')[2]}.*")
    file.unlink()
    assert await invariants(settings) == ["I2"]
