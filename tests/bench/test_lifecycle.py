"""The made registry is a valid one, and the server serves it."""

import json
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bench.lifecycle.generate import RETENTION, generate
from bench.lifecycle.load import Load
from bench.lifecycle.results import REST, tables
from bench.lifecycle.samples import samples
from bench.lifecycle.server import running
from bench.lifecycle.shape import Shape
from bench.lifecycle.windows import Watch
from entrepot import serving
from entrepot.rules.retention.language import parse

SCALE = 0.001
NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lifecycle") / "data"
    generate(folder, SCALE, NOW, events=True)
    return folder


def _one(folder: Path, text: str) -> int:
    raw = sqlite3.connect(folder / "catalog.db")
    try:
        return int(raw.execute(text).fetchone()[0])
    finally:
        raw.close()


async def test_nothing_is_wrong_with_it(made: Path) -> None:
    findings, debris = await serving.inspect(made, read=True)
    assert (findings, debris) == ([], 0)


def test_there_is_as_much_as_the_scale_says(made: Path) -> None:
    unreferenced = "SELECT count(*) FROM blobs WHERE digest NOT IN (SELECT target FROM edges)"
    wanted = {
        "SELECT count(*) FROM blobs": 1000,
        "SELECT count(*) FROM manifests": 200,
        "SELECT count(*) FROM tags": 1000,
        unreferenced: 50,
    }
    for text, count in wanted.items():
        assert _one(made, text) == pytest.approx(count, rel=0.05), text
    assert _one(made, "SELECT count(*) FROM repositories") == Shape(SCALE).repositories
    assert _one(made, "SELECT max(keep_until) FROM blobs") < NOW


def test_layers_are_shared_and_there_are_indexes_and_referrers(made: Path) -> None:
    most = "SELECT max(n) FROM (SELECT count(DISTINCT repository_id) n FROM edges GROUP BY target)"
    assert _one(made, most) > 1
    assert _one(made, "SELECT count(*) FROM edges WHERE kind = 'child'") > 0
    assert _one(made, "SELECT count(*) FROM manifests WHERE subject IS NOT NULL") > 0


def test_each_project_has_a_policy_that_can_be_read(made: Path) -> None:
    assert _one(made, "SELECT count(*) FROM policies") == Shape(SCALE).projects
    assert len(parse(RETENTION).rules) == 2


def test_there_is_an_event_for_each_manifest_with_its_tags(made: Path) -> None:
    published = "SELECT count(*) FROM outbox WHERE kind = 'manifest.published'"
    tagged = "SELECT sum(json_array_length(payload, '$.tags')) FROM outbox WHERE sequence > 2"
    assert _one(made, published) == _one(made, "SELECT count(*) FROM manifests")
    assert Shape(SCALE).projects == 2
    assert _one(made, tagged) == _one(made, "SELECT count(*) FROM tag_history")


def test_the_server_serves_it_under_load(made: Path, tmp_path: Path) -> None:
    with running(made, tmp_path / "log") as server:
        page = f"http://127.0.0.1:{server.port}/v2/project-000/api-0000/tags/list?n=3"
        with urllib.request.urlopen(page) as answer:
            assert len(json.load(answer)["tags"]) == 3
        load = Load(server.port, samples(made / "catalog.db", 20), 50.0)
        phase = Watch(load, server.process_id, 1.0).phase("idle", lambda: False)
        load.stop()
    assert len(phase.windows) == 1
    for line in load.lines:
        assert set(line.statuses) == {200}
        assert 0 < phase.median(line.sample.name, "p50") <= phase.median(line.sample.name, "p99")


def _phase(name: str, p95: float) -> dict[str, Any]:
    figures = {"blob": {"p95": p95, "p99": 2 * p95}}
    window = {"figures": figures, "server_mib": 100.0, "others_cpu": 0.2}
    loud = {**window, "figures": {"blob": {"p95": 99.0, "p99": 99.0}}, "others_cpu": 1.5}
    windows = [window, loud, loud]
    return {"name": name, "facts": {"seconds": 12}, "medians": figures, "windows": windows}


def _run(scale: float, *p95: float) -> dict[str, Any]:
    phases = [_phase(name, one) for name, one in zip((REST, "gc", REST), p95, strict=True)]
    return {"scale": scale, "counts": {"blobs": 10}, "phases": phases}


def test_the_tables_compare_a_job_with_the_rest_around_it_and_scales_with_each_other() -> None:
    text = tables([_run(0.1, 1.0, 3.0, 2.0), _run(1.0, 3.0, 3.6, 3.0)])
    assert "| blob | 1.50 | 3.00 | x2.00 | 3.00 (x2.00) | 3.60 (x1.20) |" in text
    assert "| gc: seconds | 12 | 12 |" in text
    assert "| quiet windows | 3 of 9 | 3 of 9 |" in text
