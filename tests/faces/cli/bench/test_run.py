"""`entrepot bench` on a running Entrepot that asks for a token."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from bench.servers import Server, ours
from entrepot.faces.cli.bench.command import bench
from entrepot.faces.cli.bench.fixture import fill, fill_tags
from entrepot.faces.cli.bench.runner import measure
from entrepot.faces.cli.bench.target import Target
from entrepot.faces.cli.bench.works import Work, works

SHORT = ("--rounds", "1", "--seconds", "0.05")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return ours(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def target(server: Server) -> Iterator[Target]:
    with server.running() as (found, _):
        yield found


async def run(target: Target, *arguments: str, user: str = "admin") -> Result:
    runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
    words = (target.url, *(["--user", user] if user else []), *arguments)
    variables = {"ENTREPOT_PASSWORD": target.password}
    return await asyncio.to_thread(runner.invoke, bench, words, env=variables)


async def test_json_tells_each_piece_of_work(target: Target) -> None:
    done = await run(target, *SHORT, "--only", "HEAD by digest", "--json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["work"][-5:] for row in rows] == [", c=1", " c=16", " c=64"]
    (round_,) = rows[0]["rounds"][target.url.removeprefix("http://")]
    assert round_["per_second"] > 0
    assert round_["p99_seconds"] >= round_["p50_seconds"] > 0


async def test_a_table_compares_two(target: Target) -> None:
    pids = ("--pid", str(target.process_id)) * 2
    done = await run(
        target, target.url.replace("127.0.0.1", "localhost"), *SHORT, *pids, "--only", "push 32"
    )
    assert done.exit_code == 0, done.output
    heading, row = done.stdout.splitlines()
    assert heading.split()[:2] == ["work", target.url[-14:]]
    assert row.startswith("push 32 KiB, c=8 ")
    assert row.count("x") == 3


@pytest.mark.parametrize(
    "arguments,said",
    [
        (("--only", "nothing of it"), "manifest GET by tag, c=1\n"),
        (("http://a", "http://b"), "3 are too many"),
        (("--pid", "1", "--pid", "2"), "once for each URL"),
    ],
)
async def test_what_cannot_be_wished_for(
    target: Target, arguments: tuple[str, ...], said: str
) -> None:
    done = await run(target, *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


async def test_without_a_password_nothing_is_measured(target: Target) -> None:
    done = await run(target, *SHORT, "--only", "HEAD", user="")
    assert done.exit_code == 1
    assert "401" in done.stderr


def small(names: tuple[str, ...]) -> list[Work]:
    return [work for work in works(tags=20) if work.name.startswith(names)]


def test_every_kind_of_work_can_be_done(target: Target) -> None:
    chosen = small(("manifest", "pull 1 MiB", "push 1 MiB", "push 32", "tags"))
    assert len(chosen) > 15
    admitted = target.admitted()
    fixture = fill(admitted, blobs=(1 << 20,), images=2)
    fill_tags(admitted, 20, 4)
    for work in [*chosen, *small(("mixed",))]:
        found = measure(work, target, fixture, seconds=0.03, processes=1)
        assert found.per_second > 0, work.name
        assert found.cpu_per_unit is not None


@pytest.mark.slow
def test_large_work_can_be_done_by_several_processes(target: Target) -> None:
    fixture = fill(target.admitted(), blobs=(64 << 20,), images=1)
    chosen = small(("range", "push 64 MiB", "pull 64 MiB", "manifest GET by tag, c=16"))
    assert len(chosen) == 9
    for work in chosen:
        found = measure(work, target, fixture, seconds=0.2, processes=2)
        assert found.per_second > 0, work.name
        assert 0 < found.client_busy <= 1.1
