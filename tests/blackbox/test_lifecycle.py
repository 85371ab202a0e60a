"""Lifecycle with real clients: history, rollback, trash, retention and collection."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.libpod import skopeo_at_home
from tests.blackbox.processes import CommandFailedError, Workspace, base_environment, run, until
from tests.blackbox.server import Registry, own_registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

DATA = re.compile(r"^ +data: +(?P<path>\S+)$", re.MULTILINE)
LEASE_MAX_SECONDS = 150
"""How long bytes that a client was told of stay, with the shortest grace."""


@dataclass(frozen=True, slots=True)
class Site:
    """A server of our own, its operator's command line, and skopeo."""

    registry: Registry
    data: Path
    skopeo: CommandLine

    def entrepot(self, *words: str) -> str:
        """Run `entrepot WORDS` as the operator; return what it printed."""
        program = Path(sys.executable).with_name("entrepot")
        env = {**base_environment(self.data.parent), "ENTREPOT_DATA": str(self.data)}
        return run([program, *words], env=env).stdout

    def asked(self, *words: str) -> Any:
        """Run it with --json; return the answer."""
        return json.loads(self.entrepot(*words, "--json"))

    def push(self, image: Image, name: str, tag: str = "latest") -> None:
        """Copy an image with all its platforms there."""
        source = f"oci:{image.layout.path}:{image.reference}"
        remote = f"docker://{self.registry.name(name, tag)}"
        words = ("copy", "--quiet", "--all", "--preserve-digests")
        self.skopeo(*words, "--dest-tls-verify=false", source, remote)

    def assert_pulled(self, image: Image, name: str, reference: str, scratch: Path) -> None:
        """What a client pulls is the image, byte for byte."""
        fetched = scratch / "fetched"
        remote = f"docker://{self.registry.host}/{name}{reference}"
        words = ("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false")
        self.skopeo(*words, remote, f"oci:{fetched}:latest")
        assert_layout_holds(fetched, image)

    def trash(self, name: str) -> list[dict[str, Any]]:
        """What of a repository is in the trash."""
        found: list[dict[str, Any]] = self.asked("trash", "list", "--repository", name)
        return found

    def delete(self, name: str, reference: str) -> None:
        """Delete by the registry's own API."""
        path = f"/v2/{name}/manifests/{reference}"
        self.registry.wire().ask("DELETE", path, name).expect(202)

    def stored_bytes(self) -> int:
        """What lies in the blob store."""
        files = (path for path in (self.data / "blobs").rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files)


@pytest.fixture(scope="module")
def site(toolbox: Toolbox, workspace: Workspace, server_workspace: Workspace) -> Iterator[Site]:
    """A server whose leases are as short as can be."""
    settings = {"ENTREPOT_UPLOADS_GRACE_SECONDS": "0.1"}
    with own_registry(server_workspace, open_to_all=True, settings=settings) as registry:
        assert registry.daemon is not None
        found = DATA.search(registry.daemon.output())
        assert found is not None
        yield Site(registry, Path(found["path"]), skopeo_at_home(toolbox, workspace))


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_tag_at_a_moment_and_back(site: Site, shelf: Shelf, scratch: Path) -> None:
    first, second = shelf.image("referred"), shelf.image("edge", "zero-layers")
    site.push(first, "life/app", "v")
    between = now()
    site.push(second, "life/app", "v")
    assert site.entrepot("resolve", "life/app:v@now").strip() == second.digest
    assert site.entrepot("resolve", f"life/app:v@{between}").strip() == first.digest
    moves = site.asked("history", "life/app:v")
    assert [(move["before"], move["after"]) for move in moves] == [
        (first.digest, second.digest),
        (None, first.digest),
    ]
    assert "skopeo" in moves[0]["client"]
    plan = site.asked("rollback", "life/app:v", between, "--dry-run")
    assert [(step["action"], step["after"]) for step in plan["items"]] == [("move", first.digest)]
    assert site.entrepot("resolve", "life/app:v@now").strip() == second.digest
    site.entrepot("rollback", "life/app:v", between)
    site.assert_pulled(first, "life/app", ":v", scratch)


def test_a_repository_goes_back_with_what_was_deleted(
    site: Site, shelf: Shelf, scratch: Path
) -> None:
    image = shelf.image("platforms")
    site.push(image, "life/back")
    then = now()
    site.entrepot("repo", "delete", "life/back", "--wait")
    assert site.registry.wire().tags("life/back") == []
    assert not site.registry.wire().has("life/back", image.digest)
    site.entrepot("rollback", "life/back", then, "--wait")
    site.assert_pulled(image, "life/back", ":latest", scratch)


def test_a_tag_and_a_manifest_come_out_of_the_trash(
    site: Site, shelf: Shelf, scratch: Path
) -> None:
    image = shelf.image("layers-64")
    site.push(image, "life/trash", "v")
    site.delete("life/trash", "v")
    site.delete("life/trash", image.digest)
    with pytest.raises(CommandFailedError):
        site.assert_pulled(image, "life/trash", f"@{image.digest}", scratch)
    entries = site.trash("life/trash")
    assert [entry["kind"] for entry in entries] == ["tag", "manifest"]
    report = site.asked("trash", "restore", *(str(entry["id"]) for entry in entries))
    assert report["restored"] == [f"life/trash@{image.digest}"]
    assert report["tags"] == ["life/trash:v"]
    site.assert_pulled(image, "life/trash", f"@{image.digest}", scratch)
    assert site.trash("life/trash") == []


def test_an_index_and_signatures_go_and_come_back(site: Site, shelf: Shelf) -> None:
    index, signed = shelf.image("platforms"), shelf.image("referred")
    wire = site.registry.wire()
    wire.push(index, "life/many", "index")
    wire.push(signed, "life/many", "signed")
    referrers = wire.referrers("life/many", signed.digest)
    assert referrers
    assert len(referrers) == 2
    job = site.asked("repo", "delete", "life/many", "--wait")
    assert job["state"] == "done"
    assert wire.referrers("life/many", signed.digest) == []
    site.entrepot("trash", "restore", "--batch", f"job:{job['id']}", "--wait")
    wire.assert_identical(index, "life/many", "index")
    wire.assert_identical(signed, "life/many", "signed")
    found = wire.referrers("life/many", signed.digest) or []
    assert {entry["digest"] for entry in found} == {entry["digest"] for entry in referrers}


def test_retention_does_what_the_preview_says(site: Site, shelf: Shelf, scratch: Path) -> None:
    images = [shelf.image("referred"), shelf.image("edge", "zero-layers"), shelf.image("platforms")]
    for number, image in enumerate(images):
        site.push(image, "kept/app", f"v{number}")
    policy = scratch / "policy"
    policy.write_text("keep n: 1\n")
    said = site.asked("retention", "preview", "kept", "--file", str(policy))
    assert {(one["digest"], *one["tags"]) for one in said["items"]} == {
        (images[0].digest, "v0"),
        (images[1].digest, "v1"),
    }
    site.entrepot("policy", "set", "kept", "retention", str(policy))
    assert site.asked("retention", "preview", "kept") == said
    job = site.asked("retention", "run", "kept", "--wait")
    assert (job["state"], job["progress"]["deleted"]) == ("done", 2)
    gone = site.trash("kept/app")
    assert {(entry["digest"], *entry["tags"]) for entry in gone} == {
        (one["digest"], *one["tags"]) for one in said["items"]
    }
    assert site.registry.wire().tags("kept/app") == ["v2"]
    site.assert_pulled(images[2], "kept/app", ":v2", scratch)


@pytest.mark.slow
def test_what_is_purged_gives_its_space_back(site: Site, shelf: Shelf) -> None:
    image = shelf.big()
    site.push(image, "life/big")
    cost = site.asked("cost", "life/big:latest")
    job = site.asked("repo", "delete", "life/big", "--wait")
    before = site.stored_bytes()
    site.entrepot("trash", "purge", "--batch", f"job:{job['id']}", "--wait")

    def is_due() -> bool:
        lines = site.asked("gc", "run", "--dry-run")
        return image.digest in {line["digest"] for line in lines}

    until(is_due, what="leases end", limit_seconds=LEASE_MAX_SECONDS)
    done = site.asked("gc", "run", "--wait")
    assert done["progress"]["blobs_bytes"] >= cost["unique_bytes"]
    assert before - site.stored_bytes() >= cost["unique_bytes"]
    report = site.entrepot("gc", "report", str(done["id"]), "--verify")
    assert image.digest in report


def test_a_policy_brings_its_schedule(site: Site, scratch: Path) -> None:
    policy = scratch / "policy.json"
    policy.write_text(json.dumps({"text": "keep n: 9", "schedule": "5 4 * * *"}))
    site.entrepot("policy", "set", "timed", "retention", str(policy))
    found = {one["name"]: one["cron"] for one in site.asked("schedule", "list")}
    assert found["retention.timed"] == "5 4 * * *"
    assert {"gc", "scrub", "trash-purge"} <= set(found)
    site.entrepot("policy", "remove", "timed", "retention")
    assert "retention.timed" not in {one["name"] for one in site.asked("schedule", "list")}
