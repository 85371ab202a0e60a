"""A server with a cache, and one whose blobs move into a bucket."""

import hashlib
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.blackbox.processes import Workspace, base_environment
from tests.blackbox.test_objects import ask, killed, settings_of
from tests.servers.seaweed import Seaweed

SIZE = 3_000_000
BLOBS = "/v2/team/app/blobs/"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def push(url: str, data: bytes) -> None:
    path = f"{BLOBS}uploads/?digest={digest_of(data)}"
    status, _, body = ask(url, "POST", path, data)
    assert status == 201, body


def pull(url: str, data: bytes) -> None:
    assert ask(url, "GET", BLOBS + digest_of(data))[2] == data
    status, _, part = ask(url, "GET", BLOBS + digest_of(data), Range="bytes=1000-1999999")
    assert (status, part) == (206, data[1000:2_000_000])


def reads(url: str) -> dict[str, float]:
    """Return how many readings were hits, misses and straight."""
    told = ask(url, "GET", "/metrics")[2].decode()
    found = re.findall(r'entrepot_cache_reads_total\{kind="(\w+)"\} ([0-9.]+)', told)
    return {kind: float(count) for kind, count in found}


@pytest.mark.slow
def test_pulls_are_answered_from_the_cache(server_workspace: Workspace) -> None:
    data = server_workspace.directory("data")
    cold = server_workspace.directory("cold")
    settings = {"ENTREPOT_CACHE_DIR": "cache", "ENTREPOT_COLD_BLOBS": str(cold)}
    one, two = (random.Random(seed).randbytes(SIZE) for seed in (1, 2))
    with killed(server_workspace, data, settings) as url:
        push(url, one)
        pull(url, one)
        assert reads(url) == {"hit": 2, "miss": 0, "straight": 0}
    with killed(server_workspace, data, {**settings, "ENTREPOT_CACHE_KEEP_PUSHED": "false"}) as url:
        push(url, two)
        pull(url, two)
        pull(url, two)
        pull(url, one)
        assert reads(url)["miss"] >= 1
        assert reads(url)["hit"] >= 4
    assert len(list(data.glob("cache/slot-0/files/blobs/*/*/*"))) == 2
    # Without its cold store it would not know what is there.
    (cold / "blobs" / "sha256" / "ab").mkdir()
    (cold / "blobs" / "sha256" / "ab" / "abcd.1").touch()
    said = run(data, {}, "serve", "--open", "--listen", "127.0.0.1:0", "--data", data)
    assert said.returncode == 1
    assert "set cold.blobs to that again" in said.stderr


@pytest.mark.slow
def test_all_blobs_move_into_a_bucket(server_workspace: Workspace, seaweed: Seaweed) -> None:
    data = server_workspace.directory("data")
    bucket = dict(settings_of(seaweed))
    to = bucket.pop("ENTREPOT_STORAGE_BLOBS")
    contents = [random.Random(seed).randbytes(SIZE) for seed in range(5)]
    command = ("migrate-storage", "--data", data, "--to", to)
    with killed(server_workspace, data, bucket) as url:
        for each in contents[:3]:
            push(url, each)
        said = run(data, bucket, *command)
        assert said.returncode == 0, said.stderr
        assert "stop the server, run `entrepot migrate-storage" in said.stdout
        for each in contents[3:]:
            push(url, each)
    said = run(data, bucket, *command, "--verify")
    assert said.returncode == 0, said.stderr
    assert "of which 2 were copied now" in said.stdout
    assert f'blobs = "{to}"' in said.stdout
    settings = {**bucket, "ENTREPOT_STORAGE_BLOBS": to, "ENTREPOT_CACHE_DIR": "cache"}
    with killed(server_workspace, data, settings) as url:
        for each in contents * 2:
            pull(url, each)
        assert reads(url)["hit"] >= 10


def run(
    home: Path, settings: Mapping[str, str], *words: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run a command of Entrepot's to its end."""
    program = Path(sys.executable).with_name("entrepot")
    command = [os.fspath(word) for word in (program, *words)]
    env = {**base_environment(home), **settings}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, timeout=120
    )
