"""Garbage collection over HTTP."""

import json

import pytest

from entrepot.faces.manage.gc import BLOCK_BYTES
from entrepot.oci.name import RepositoryName
from entrepot.services.gc.report import verify
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem

NAME = RepositoryName("team/app")


async def abandon(lifecycle: Lifecycle, count: int = 3) -> list[str]:
    """Push blobs that nothing needs, and let their lease end."""
    rows = [await lifecycle.house.add_blob(b"%d" % number, NAME) for number in range(count)]
    lifecycle.house.clock.seconds += 1000
    return [row.digest for row in rows]


async def test_a_preview_names_what_would_go_and_why(lifecycle: Lifecycle) -> None:
    digests = await abandon(lifecycle)
    first = await lifecycle.get("/gc/preview?limit=2")
    second = await lifecycle.get(f"/gc/preview?limit=2&after={first['next']}")
    lines = [*first["items"], *second["items"]]
    assert [line["digest"] for line in lines] == digests
    assert all("no manifest and no trash entry holds it" in line["reason"] for line in lines)
    assert [line["size"] for line in lines] == [1, 1, 1]
    assert second["next"] is None
    assert (await lifecycle.get("/gc/preview"))["items"] == lines


async def test_a_dry_run_counts_and_removes_nothing(lifecycle: Lifecycle) -> None:
    await abandon(lifecycle)
    job = await lifecycle.start("POST", "/gc", {"dry_run": True})
    assert (job["progress"]["blobs"], job["progress"]["blobs_bytes"]) == (3, 3)
    assert len((await lifecycle.get("/gc/preview"))["items"]) == 3


async def test_a_pass_removes_and_its_report_is_signed(lifecycle: Lifecycle) -> None:
    digests = await abandon(lifecycle)
    job = await lifecycle.start("POST", "/gc", {})
    assert (job["progress"]["blobs"], job["progress"]["blobs_bytes"]) == (3, 3)
    assert (await lifecycle.get("/gc/preview"))["items"] == []
    answer = await lifecycle.ask("GET", f"/gc/reports/{job['id']}")
    assert answer.header("Content-Type") == "application/jsonl"
    lines = answer.body.splitlines(keepends=True)
    swept = [json.loads(line)["digest"] for line in lines[1:-1]]
    assert sorted(swept) == sorted(digests)
    signature = json.loads(lines[-1])
    claims = await lifecycle.ask("POST", "/gc/verify", signature)
    assert verify(lines, lambda _: claims.json)["job"] == job["id"]


@pytest.mark.parametrize("signature", ["", "a.b.c", "x" * 9000])
async def test_a_signature_of_somebody_else(lifecycle: Lifecycle, signature: str) -> None:
    answer = await lifecycle.ask("POST", "/gc/verify", {"signature": signature})
    assert problem(answer) == (400, "REQUEST_INVALID")


async def test_a_token_is_no_report(lifecycle: Lifecycle) -> None:
    people = lifecycle.people
    await people.add("root")
    issued = await people.tokens.issue(await people.holder("root"), (), people.access.policy)
    token = issued.token
    answer = await lifecycle.ask("POST", "/gc/verify", {"signature": token})
    assert problem(answer) == (400, "REQUEST_INVALID")


async def test_only_passes_have_a_report(lifecycle: Lifecycle) -> None:
    job = await lifecycle.start("POST", "/scrub", {})
    for path in (f"/gc/reports/{job['id']}", "/gc/reports/99", "/gc/reports/x"):
        assert problem(await lifecycle.ask("GET", path)) == (404, "NOT_FOUND")


async def test_a_long_report_comes_in_blocks_and_whole(lifecycle: Lifecycle) -> None:
    await abandon(lifecycle, count=400)
    job = await lifecycle.start("POST", "/gc", {})
    answer = await lifecycle.ask("GET", f"/gc/reports/{job['id']}")
    assert len(answer.body) > BLOCK_BYTES
    lines = answer.body.splitlines(keepends=True)
    claims = await lifecycle.ask("POST", "/gc/verify", json.loads(lines[-1]))
    assert verify(lines, lambda _: claims.json)["lines"] == 400
