"""Storage over HTTP: what deleting would free, scrubbing, damages, backups."""

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem
from tests.services.house import ALICE

NAME = RepositoryName("team/app")
OTHER = RepositoryName("team/other")


async def test_what_deleting_would_really_free(lifecycle: Lifecycle) -> None:
    house = lifecycle.house
    one = await house.add_image(Tag("v"), [b"shared", b"only one"], NAME)
    await house.add_image(Tag("w"), [b"shared"], NAME)
    await house.add_image(Tag("v"), [b"only other"], OTHER)
    cost = await lifecycle.get("/storage/cost?repository=team/app&reference=v")
    size = len(one.raw)
    assert cost["manifests"] == 1
    assert cost["unique_bytes"] == size + len(b"only one")
    assert cost["shared_bytes"] == len(b"shared") + len(b"{}")
    assert cost["largest"][0]["size"] == size
    assert await lifecycle.get(f"/storage/cost?repository=team/app&reference={one.digest}") == cost
    whole = await lifecycle.get("/storage/cost?repository=team/app")
    assert (whole["manifests"], whole["shared_bytes"]) == (2, len(b"{}"))
    everything = await lifecycle.get("/storage/cost?project=team")
    assert (everything["manifests"], everything["shared_bytes"]) == (3, 0)
    await house.deletion.delete(NAME, Tag("w"), ALICE)
    assert await lifecycle.get("/storage/cost?repository=team/app") == whole


@pytest.mark.parametrize(
    "query,status",
    [
        ("", 400),
        ("?repository=team/app&project=team", 400),
        ("?project=team&reference=v", 400),
        ("?repository=Team", 400),
        ("?repository=team/app&reference=sha256:1", 400),
        ("?repository=team/app&reference=none", 404),
    ],
)
async def test_bad_questions_are_told_why(lifecycle: Lifecycle, query: str, status: int) -> None:
    assert problem(await lifecycle.ask("GET", f"/storage/cost{query}"))[0] == status


async def test_a_scrub_finds_what_is_missing(lifecycle: Lifecycle) -> None:
    row = await lifecycle.house.add_blob(b"data", NAME)
    await lifecycle.house.store.delete(Blob(row.digest, row.generation))
    job = await lifecycle.start("POST", "/scrub", {})
    assert (job["state"], job["progress"]["damaged"]) == ("done", 1)
    found = await lifecycle.get("/damages")
    ((damage,), following) = found["items"], found["next"]
    assert following is None
    assert (damage["digest"], damage["healed_at"]) == (row.digest, None)
    assert "missing" in damage["message"]
    await lifecycle.house.add_blob(b"data", NAME)
    assert (await lifecycle.get("/damages"))["items"] == []
    (healed,) = (await lifecycle.get("/damages?healed=true"))["items"]
    assert healed["healed_at"] == "2027-01-15T08:00:00Z"


async def test_only_the_operator_asks_for_backups(lifecycle: Lifecycle) -> None:
    body = {"target": "/backups/one"}
    answer = await lifecycle.ask("POST", "/backup", body, app=lifecycle.public)
    assert answer.status in (401, 404)
    assert (await lifecycle.get("/jobs"))["items"] == []
    job = await lifecycle.ask("POST", "/backup", body)
    assert (job.status, job.json["args"]) == (202, body)


@pytest.mark.parametrize("target", ["", "backups/one", "x" * 5000])
async def test_a_backup_needs_a_place(lifecycle: Lifecycle, target: str) -> None:
    answer = await lifecycle.ask("POST", "/backup", {"target": target})
    assert problem(answer) == (400, "REQUEST_INVALID")


async def test_only_the_operator_asks_for_migrations(lifecycle: Lifecycle) -> None:
    body = {"to": "s3://bucket/prefix", "verify": True, "bytes_per_second": 5}
    answer = await lifecycle.ask("POST", "/storage/migrate", body, app=lifecycle.public)
    assert answer.status in (401, 404)
    job = await lifecycle.ask("POST", "/storage/migrate", body)
    assert (job.status, job.json["args"]) == (202, body)
    job = await lifecycle.ask("POST", "/storage/migrate", {"to": "/mnt/new"})
    assert (job.status, job.json["args"]) == (202, {"to": "/mnt/new", "verify": False})


@pytest.mark.parametrize("body", [{"to": ""}, {"to": "new"}, {"to": "/n", "bytes_per_second": 0}])
async def test_a_migration_needs_a_place(lifecycle: Lifecycle, body: dict[str, object]) -> None:
    answer = await lifecycle.ask("POST", "/storage/migrate", body)
    assert problem(answer) == (400, "REQUEST_INVALID")


async def test_a_pass_over_the_tiers_is_a_job(lifecycle: Lifecycle) -> None:
    for body in ({"dry_run": True}, {"back": True}, {}):
        job = await lifecycle.ask("POST", "/storage/tier", body)
        args = {"dry_run": False, "back": False, **body}
        assert (job.status, job.json["kind"], job.json["args"]) == (202, "tiering", args)
