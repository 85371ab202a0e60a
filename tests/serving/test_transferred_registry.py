"""A registry moves to PostgreSQL and back: pulls and pushes go on."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from tests.blackbox.processes import Workspace, base_environment, run
from tests.blackbox.server import ADDRESS
from tests.blackbox.wire import Login, Wire

pytestmark = [pytest.mark.slow, pytest.mark.blackbox]

PROGRAM = Path(sys.executable).with_name("entrepot")
LOGIN = Login("admin", "a long enough password")
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


@contextmanager
def served(workspace: Workspace, data: Path, **settings: str) -> Iterator[Wire]:
    """Serve a data directory as long as the block lasts."""
    env = {**base_environment(data), "ENTREPOT_ADMIN_PASSWORD": LOGIN.password}
    env |= {f"ENTREPOT_STORAGE_{name.upper()}": value for name, value in settings.items()}
    command: list[str | Path] = [PROGRAM, "serve", "--data", data, "--listen", "127.0.0.1:0"]
    daemon = workspace.start(command, env=env)
    daemon.wait_for(lambda: ADDRESS.search(daemon.output()) is not None, "it says where it is")
    found = ADDRESS.search(daemon.output())
    assert found is not None
    wire = Wire(found[0], LOGIN)
    daemon.wait_for(lambda: wire.ask("GET", "/readyz").status == 200, "it is ready")
    yield wire
    assert daemon.stop() == 0, daemon.output()


def push(wire: Wire, repository: str, tag: str) -> bytes:
    """Push an image of one layer; return its manifest."""
    described = [_upload(wire, repository, blob) for blob in (b"{}", os.urandom(3000))]
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPE,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **described[0]},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **described[1]}],
        }
    ).encode()
    path = f"/v2/{repository}/manifests/{tag}"
    wire.ask("PUT", path, repository, headers={"Content-Type": MEDIA_TYPE}, body=body).expect(201)
    return body


def _upload(wire: Wire, repository: str, blob: bytes) -> dict[str, object]:
    digest = Digest.of(blob)
    path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(blob))}
    wire.ask("POST", path, repository, headers=headers, body=blob).expect(201)
    return {"digest": digest, "size": len(blob)}


def assert_there(wire: Wire, repository: str, tag: str, body: bytes) -> None:
    """Assert that all of an image can be pulled."""
    assert wire.manifest(repository, tag) == body
    for layer in json.loads(body)["layers"]:
        told = wire.ask("GET", f"/v2/{repository}/blobs/{layer['digest']}", repository)
        assert Digest.of(told.expect(200).body) == layer["digest"]


def migrate(data: Path, to: str, **settings: str) -> str:
    env = base_environment(data)
    env |= {f"ENTREPOT_STORAGE_{name.upper()}": value for name, value in settings.items()}
    done = run([PROGRAM, "migrate-catalog", "--data", data, "--to", to], env=env)
    return done.stdout


def test_to_postgresql_and_back(postgres_url: str) -> None:
    with Workspace() as workspace:
        data = workspace.directory("data")
        with served(workspace, data) as wire:
            first = push(wire, "acme/app", "one")
        with served(workspace, data, read_only="true") as wire:
            # Pulls go on while it is copied, and pushes wait.
            assert_there(wire, "acme/app", "one", first)
            said = migrate(data, postgres_url, read_only="true")
            assert_there(wire, "acme/app", "one", first)
        assert "both catalogs hold the same" in said
        assert "***" in said
        with served(workspace, data, catalog=postgres_url) as wire:
            assert_there(wire, "acme/app", "one", first)
            second = push(wire, "acme/app", "two")
        (data / "catalog.db").rename(data / "catalog.db.old")
        said = migrate(data, str(data), catalog=postgres_url)
        assert "both catalogs hold the same" in said
        with served(workspace, data) as wire:
            assert_there(wire, "acme/app", "one", first)
            assert_there(wire, "acme/app", "two", second)
            third = push(wire, "acme/app", "three")
            assert_there(wire, "acme/app", "three", third)
            assert wire.tags("acme/app") == ["one", "three", "two"]
