"""Reports of sweeps: whole, signed, and useless once a byte was changed."""

import msgspec
import pytest

from entrepot.adapters.signer import Es256Signer, new_key, reader
from entrepot.ports.jobs import JobState, NewJob
from entrepot.services.gc.progress import KIND
from entrepot.services.gc.report import ReportInvalid, Reports, verify
from tests.services.gc.passes import LONG, HookedRun, collect
from tests.services.house import House

SIGNER = Es256Signer(new_key())
READ = reader(SIGNER.jwks())


async def swept(house: House, blobs: int, *, kind: str = KIND, ended: bool = True) -> int:
    """Do a pass as a job; return its id."""
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        job_id = await tx.jobs.enqueue(NewJob(kind, actor="alice"), now)
        job = await tx.jobs.claim("me", now, now + LONG)
    assert job is not None
    assert job_id == 1, "what the run of a test says it is"
    for number in range(blobs):
        await house.add_blob(b"garbage %d" % number)
    house.clock.seconds += LONG
    run = HookedRun({})
    await collect(house, run)
    async with house.catalog.begin(write=True) as tx:
        text = msgspec.json.encode(run.progress).decode()
        assert await tx.jobs.beat(job, house.clock.now() + 1, text)
        if ended:
            assert await tx.jobs.end(job, JobState.DONE, house.clock.now(), "")
    return job.id


async def lines_of(house: House, job_id: int) -> list[bytes]:
    return [line async for line in Reports(house.catalog, SIGNER).lines(job_id)]


async def test_a_report_has_every_line_and_is_checked_with_the_public_keys(house: House) -> None:
    lines = await lines_of(house, await swept(house, 300))
    documents = [msgspec.json.decode(line) for line in lines]
    heading, signature = documents[0], documents[-1]
    assert (heading["job"], heading["state"], heading["actor"]) == (1, "done", "alice")
    assert heading["progress"]["blobs"] == len(documents) - 2 == 300
    assert {*documents[1]} == {"digest", "generation", "size", "reason", "at"}
    assert signature["signature"].count(".") == 2
    claims = verify(lines, READ)
    assert (claims["job"], claims["lines"]) == (1, 300)
    assert verify(lines, SIGNER.verify) == claims


@pytest.mark.parametrize(
    "place", ["heading", "line", "dropped", "doubled", "cut", "swapped", "end"]
)
async def test_a_change_is_found(house: House, place: str) -> None:
    lines = await lines_of(house, await swept(house, 3))
    changed = {
        "heading": [lines[0].replace(b"alice", b"alicf"), *lines[1:]],
        "line": [lines[0], lines[1].replace(b"lease", b"leash"), *lines[2:]],
        "dropped": [*lines[:1], *lines[2:]],
        "doubled": [*lines[:2], *lines[1:]],
        "cut": lines[:-1],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "end": [*lines[:-1], lines[-1].replace(b'e":"e', b'e":"f')],
    }[place]
    assert changed != lines
    with pytest.raises(ReportInvalid):
        verify(changed, READ)


async def test_the_signature_of_another_is_none(house: House) -> None:
    lines = await lines_of(house, await swept(house, 1))
    with pytest.raises(ReportInvalid, match="not one of this registry"):
        verify(lines, reader(Es256Signer(new_key()).jwks()))


async def test_a_token_is_no_report(house: House) -> None:
    token = SIGNER.sign({"aud": "entrepot", "lines": -1})
    with pytest.raises(ReportInvalid, match="not one of this registry"):
        verify([msgspec.json.encode({"signature": token})], READ)
    with pytest.raises(ReportInvalid, match="not whole"):
        verify([], READ)


@pytest.mark.parametrize("kind, ended", [("retention", True), (KIND, False)])
async def test_only_passes_that_ended_have_one(house: House, kind: str, ended: bool) -> None:
    assert await lines_of(house, await swept(house, 1, kind=kind, ended=ended)) == []
    assert await lines_of(house, 99) == []
