"""A fleet backed up while clients push, and brought back (docs/scale.md)."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot.adapters.blobs.objects import open_store
from tests.blackbox.fleet import Fleet, Replica, fleet_of
from tests.blackbox.processes import Argument, Workspace, base_environment
from tests.blackbox.traffic import Traffic
from tests.blackbox.wire import Wire
from tests.servers.fixtures import postgres_programs
from tests.servers.postgres import USER, Postgres
from tests.servers.seaweed import Seaweed
from tools.corpus.layout import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, digest_of, encode

BIG_BYTES = 6 << 20
"""More than lies in one object named by its digest."""
BETWEEN = 4
"""Images that are pushed and pulled between two steps."""
APART = ("journal", "data")
"""Copied before the catalog, and last of all."""
TOGETHER = ("secrets", "blobs", "refs", "uploads")
ENDED_SECONDS = 60.0


@pytest.fixture
def fleet(server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed) -> Iterator[Fleet]:
    """Two replicas."""
    with fleet_of(server_workspace, postgres, seaweed, count=2) as made:
        yield made


@contextmanager
def database(postgres: Postgres) -> Iterator[str]:
    """An empty one."""
    name = postgres.create_database()
    try:
        yield name
    finally:
        postgres.drop_database(name)


def command(home: Path, settings: Mapping[str, str], *words: Argument) -> tuple[int, str, str]:
    """Run `entrepot` with a replica's settings; return its status and what it said."""
    program = Path(sys.executable).with_name("entrepot")
    done = subprocess.run(
        [program, *words],
        env={**base_environment(home), **settings},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDED_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def collect(replica: Replica, *words: str) -> None:
    """Let the collector run when it is due, or not."""
    schedule = ("schedule", "set", "gc", "gc", "23 * * * *", "--data", replica.home / "data")
    status, said, why = command(replica.home, replica.settings, *schedule, *words)
    assert status == 0, said + why
    assert ("switched off" in said) == bool(words)


async def check(home: Path, settings: Mapping[str, str], *words: str) -> None:
    """Let `entrepot fsck` find nothing."""
    done = await asyncio.to_thread(command, home, settings, "fsck", "--read", "--json", *words)
    assert done[0] == 0, done
    assert json.loads(done[1])["findings"] == []


def postgres_tool(postgres: Postgres, *words: Argument) -> None:
    """Run one of PostgreSQL's own programs."""
    where: list[Argument] = ["-h", postgres.home, "-p", str(postgres.port), "-U", USER]
    name, *rest = words
    done = subprocess.run(
        [postgres_programs() / str(name), *where, *rest],
        env=base_environment(postgres.home),
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDED_SECONDS,
    )
    assert done.returncode == 0, done.stderr


async def copy_bucket(seaweed: Seaweed, url: str, folder: Path, *prefixes: str) -> None:
    """Copy what is below prefixes to files, as `rclone copy` does: listed once, then read."""
    store = await open_store(url, seaweed.options)
    try:
        for prefix in prefixes:
            for key in [listed.key async for listed in store.bucket.list(prefix)]:
                found = await store.bucket.get(key)
                if found is not None:
                    place = folder / key
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(found)
    finally:
        await store.close()


async def fill_bucket(seaweed: Seaweed, url: str, folder: Path) -> None:
    """Copy files below a prefix."""
    store = await open_store(url, seaweed.options)
    try:
        for path in folder.rglob("*"):
            if path.is_file():
                await store.bucket.put(str(path.relative_to(folder)), path.read_bytes())
    finally:
        await store.close()


def push_big(wire: Wire, repository: str, tag: str) -> str:
    """Push an image of a big layer; return its digest."""
    described = [
        _upload(wire, repository, body) for body in (encode({"os": tag}), os.urandom(BIG_BYTES))
    ]
    body = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, **described[0]},
            "layers": [{"mediaType": OCI_LAYER, **described[1]}],
        }
    )
    path, headers = f"/v2/{repository}/manifests/{tag}", {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", path, repository, headers=headers, body=body).expect(201)
    return digest_of(body)


def _upload(wire: Wire, repository: str, blob: bytes) -> dict[str, object]:
    digest = digest_of(blob)
    path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(blob))}
    wire.ask("POST", path, repository, headers=headers, body=blob).expect(201)
    return {"digest": digest, "size": len(blob)}


def assert_there(wire: Wire, kept: Mapping[str, str]) -> None:
    """Assert that all of these can be pulled, with each layer: digests by repository and tag."""
    for name, digest in kept.items():
        repository = name.partition(":")[0]
        body = wire.manifest(repository, digest)
        assert digest_of(body) == digest
        for layer in json.loads(body)["layers"]:
            got = wire.ask("GET", f"/v2/{repository}/blobs/{layer['digest']}", repository)
            assert digest_of(got.expect(200).body) == layer["digest"]


@contextmanager
def replica_of(fleet: Fleet, workspace: Workspace, settings: dict[str, str]) -> Iterator[Replica]:
    """One more, on other places; the ports of the fleet are free."""
    first = fleet.replicas[0]
    home = workspace.directory("restored")
    made = Replica("restored", workspace, home, first.port, first.login, {})
    made.start(**settings)
    made.await_ready()
    yield made
    made.stop()


async def test_a_backup_made_while_clients_push(
    fleet: Fleet, server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed
) -> None:
    """Journal, pg_dump, bucket: restored elsewhere, nothing is lost that was told before."""
    given = fleet.replicas[0].settings
    bucket, saved = given["ENTREPOT_STORAGE_BLOBS"], server_workspace.directory("saved")
    home = server_workspace.directory("operator")
    wire = fleet.registry.wire()
    big = await asyncio.to_thread(push_big, wire, "big/app", "before")
    gone = await asyncio.to_thread(push_big, wire, "big/app", "deleted")
    async with Traffic(fleet.balancer.url, fleet.login) as traffic:
        await traffic.more(2 * BETWEEN)
        await check(home, given)
        await asyncio.to_thread(collect, fleet.replicas[0], "--off")
        await copy_bucket(seaweed, bucket, saved, APART[0])
        await traffic.more(BETWEEN)
        kept = {**traffic._kept, "big/app:before": big}
        dump = saved.with_suffix(".dump")
        words = ("pg_dump", "-Fc", "-f", dump, fleet.database)
        await asyncio.to_thread(postgres_tool, postgres, *words)
        await asyncio.to_thread(push_big, wire, "big/app", "after")
        path = f"/v2/big/app/manifests/{gone}"
        (await asyncio.to_thread(wire.ask, "DELETE", path, "big/app")).expect(202)
        await traffic.more(BETWEEN)
        await copy_bucket(seaweed, bucket, saved, *TOGETHER)
        await traffic.more(BETWEEN)
        await copy_bucket(seaweed, bucket, saved, APART[1])
        await asyncio.to_thread(collect, fleet.replicas[0])
    assert traffic.failed == []
    for replica in fleet.replicas:
        await asyncio.to_thread(replica.stop)
    with database(postgres) as other:
        postgres_tool(postgres, "pg_restore", "--exit-on-error", "--no-owner", "-d", other, dump)
        url = seaweed.url(secrets.token_hex(6))
        await fill_bucket(seaweed, url, saved)
        settings = {
            **given,
            "ENTREPOT_STORAGE_CATALOG": postgres.url(other),
            "ENTREPOT_STORAGE_BLOBS": url,
        }
        await check(home, settings, "--stopped")
        with replica_of(fleet, server_workspace, settings) as restored:
            there = restored.wire()
            await asyncio.to_thread(collect, restored)
            await asyncio.to_thread(assert_there, there, {**kept, "big/app:deleted": gone})
            new = await asyncio.to_thread(push_big, there, "big/app", "anew")
        await check(home, settings, "--stopped")
        await _rebuild(fleet, server_workspace, postgres, settings, {**kept, "big/app:anew": new})


async def _rebuild(
    fleet: Fleet,
    workspace: Workspace,
    postgres: Postgres,
    settings: Mapping[str, str],
    kept: Mapping[str, str],
) -> None:
    """The journal that was saved goes on in the restored one: a rebuild has all of it."""
    home = workspace.directory("rebuilding")
    with database(postgres) as third:
        old = {"ENTREPOT_OLD_CATALOG": settings["ENTREPOT_STORAGE_CATALOG"]}
        anew = {**settings, "ENTREPOT_STORAGE_CATALOG": postgres.url(third)}
        status, said, why = command(home, {**anew, **old}, "rebuild", "--json")
        assert status == 0, said + why
        assert json.loads(said)["report"]["accounts"] == 1
        again = command(home, {**anew, **old}, "rebuild")
        assert again[0] == 2
        assert "holds a catalog already" in again[2]
        with replica_of(fleet, workspace, anew) as replica:
            await asyncio.to_thread(assert_there, replica.wire(), kept)
        await check(home, anew, "--stopped")
