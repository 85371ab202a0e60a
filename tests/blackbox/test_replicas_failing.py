"""What the other replicas go on with when one is killed."""

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tests.blackbox.fleet import Fleet, Replica, fleet_of
from tests.blackbox.hooked import Receiver, receiving
from tests.blackbox.images import few_layers
from tests.blackbox.processes import Workspace, until
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed
from tools.corpus.layout import OCI_INDEX, encode

TAKEOVER_SECONDS = 30.0
CHUNK_BYTES = 3 << 20
JOBS = "SELECT count(*) FROM jobs WHERE kind = 'audit-prune'"
OPEN = f"{JOBS} AND state IN ('ready', 'running')"
DUE = "SELECT count(*) FROM schedules WHERE name = 'of-test' AND next_at = 1"
SETTINGS = {
    "ENTREPOT_WEBHOOKS_ALLOW_NETWORKS": "127.0.0.0/8",
    # A scrub of a few megabytes takes long enough to be killed.
    "ENTREPOT_SCRUB_BYTES_PER_SECOND": "4000000",
}


@pytest.fixture(scope="module")
def whole(server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed) -> Iterator[Fleet]:
    """Three replicas."""
    with fleet_of(server_workspace, postgres, seaweed, settings=SETTINGS) as made:
        yield made


@pytest.fixture
def fleet(whole: Fleet) -> Iterator[Fleet]:
    """The same, all of them there; what a test killed is started again."""
    yield whole
    for replica in whole.replicas:
        if not replica.is_running:
            replica.start()
    whole.await_ready()


def tag(replica: Replica, repository: str, name: str) -> str:
    """Push an index that is like no other; return its digest."""
    body = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [],
            "annotations": {"name": f"{repository}:{name}"},
        }
    )
    path = f"/v2/{repository}/manifests/{name}"
    headers = {"Content-Type": OCI_INDEX}
    replica.wire().ask("PUT", path, repository, body=body, headers=headers).expect(201)
    return f"sha256:{sha256(body).hexdigest()}"


def test_an_upload_goes_on_elsewhere(fleet: Fleet) -> None:
    """Chunks at one replica after the other, each killed when it has acknowledged its own."""
    data = random.Random(5).randbytes(3 * CHUNK_BYTES + 17)
    name, (first, second, third) = "failing/chunks", fleet.replicas
    begun = first.wire().ask("POST", f"/v2/{name}/blobs/uploads/", name).expect(202)
    location, sent = begun.headers["location"], 0
    for replica in (first, second):
        chunk = data[sent : sent + CHUNK_BYTES]
        span = {"Content-Range": f"{sent}-{sent + len(chunk) - 1}"}
        answer = replica.wire().ask("PATCH", _path(location), name, body=chunk, headers=span)
        location, sent = answer.expect(202).headers["location"], sent + len(chunk)
        replica.kill()
        # As a client does that does not know how much arrived.
        told = third.wire().ask("GET", _path(location), name).expect(204).headers["range"]
        assert told == f"0-{sent - 1}"
    digest = f"sha256:{sha256(data).hexdigest()}"
    path = f"{_path(location)}?digest={digest}"
    third.wire().ask("PUT", path, name, body=data[sent:]).expect(201)
    assert third.wire().blob_digests(name, digest)[0] == digest
    first.start()
    first.await_ready()
    assert first.wire().blob_digests(name, digest)[0] == digest


def test_webhooks_are_sent_by_another(fleet: Fleet) -> None:
    with receiving() as receiver:
        hook = {
            "name": "told",
            "url": receiver.url,
            "events": ["manifest.published"],
            "repositories": ["told/**"],
        }
        made = fleet.replicas[0].api("POST", "/webhooks", hook).expect(201).json()
        names = [f"t{number}" for number in range(12)]
        for number, name in enumerate(names[:6]):
            tag(fleet.replicas[number % 3], "told/app", name)
        _await_told(receiver, names[:6])
        # All run; once each.
        assert len(receiver.events) == len({event["id"] for event in receiver.events})
        holder = _who_sends(fleet)
        for number, name in enumerate(names[6:9]):
            tag(fleet.replicas[number % 3], "told/app", name)
        holder.kill()
        for number, name in enumerate(names[9:]):
            tag(fleet.others(holder)[number % 2], "told/app", name)
        _await_told(receiver, names)
        assert _who_sends(fleet) is not holder
        fleet.others(holder)[0].api("DELETE", f"/webhooks/{made['id']}")


def test_a_job_goes_on_at_another(fleet: Fleet, tmp_path: Path) -> None:
    image = few_layers(tmp_path / "image")
    fleet.registry.wire().push(image, "failing/scrubbed")
    job = fleet.replicas[1].api("POST", "/scrub", {}).expect(202).json()["id"]
    until(lambda: len(_runners(fleet)) == 1, what="it is begun", limit_seconds=TAKEOVER_SECONDS)
    (runner,) = _runners(fleet)
    runner.kill()
    other = fleet.others(runner)[0]
    assert other.api("GET", f"/jobs/{job}").expect(200).json()["state"] == "running"
    # As when its lease of a minute is over.
    fleet.sql("UPDATE jobs SET lease_until = 0 WHERE state = 'running'")

    def is_done() -> bool:
        state = other.api("GET", f"/jobs/{job}").expect(200).json()["state"]
        assert state in ("ready", "running", "done")
        return bool(state == "done")

    until(is_done, what="another does it", limit_seconds=2 * TAKEOVER_SECONDS)


def test_a_schedule_fires_once(fleet: Fleet) -> None:
    """It is due for all at the same moment, three times."""
    body = {"kind": "audit-prune", "cron": "0 0 1 1 *", "args": {}}
    fleet.replicas[0].api("PUT", "/schedules/of-test", body).expect(200, 201)
    before = int(fleet.sql(JOBS))
    for times in (1, 2, 3):
        fleet.sql("UPDATE schedules SET next_at = 1 WHERE name = 'of-test'")
        until(lambda: fleet.sql(DUE) == "0", what="it fires", limit_seconds=TAKEOVER_SECONDS)
        until(lambda: fleet.sql(OPEN) == "0", what="it ends", limit_seconds=2 * TAKEOVER_SECONDS)
        assert int(fleet.sql(JOBS)) == before + times


def _path(location: str) -> str:
    parts = urlsplit(urljoin("http://any", location))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _await_told(receiver: Receiver, names: list[str]) -> None:
    """Wait until all came; they came in order."""
    until(
        lambda: len(receiver.tags()) >= len(names),
        what=f"{names[-1]} is told",
        limit_seconds=TAKEOVER_SECONDS,
    )
    assert receiver.tags() == names


def _who_sends(fleet: Fleet) -> Replica:
    """The replica that took the duty last."""
    took = [
        (line["timestamp"], replica)
        for replica in fleet.replicas
        for line in replica.lines("duty taken")
        if line["duty"] == "webhooks"
    ]
    return max(took, key=lambda pair: str(pair[0]))[1]


def _runners(fleet: Fleet) -> list[Replica]:
    """The replicas at which a scrub runs."""
    running = 'entrepot_jobs_running{kind="scrub"} 1.0'
    return [
        replica
        for replica in fleet.replicas
        if running in replica.wire().ask("GET", "/metrics").expect(200).body.decode()
    ]
