"""Odd requests and hostile clients: a small share of the campaigns."""

from collections import Counter
from pathlib import Path

import pytest

from tools.fuzz import hostile, soak
from tools.fuzz.client import Answer
from tools.fuzz.requests import Campaign, wrong_with
from tools.fuzz.server import Memory, Registry, findings, running

FEW = 600
SLOW_ATTACKS = (hostile.slow_heads, hostile.endless)
FAST_ATTACKS = tuple(one for one in hostile.ATTACKS if one not in SLOW_ATTACKS)


def healthy(registry: Registry) -> None:
    """Assert that nothing unforeseen is in the log of a server that has ended, nor on disk."""
    assert registry.trouble() == []
    assert findings(registry.data) == []


@pytest.mark.parametrize("auth", [False, True])
async def test_odd_requests(tmp_path: Path, auth: bool) -> None:
    with running(tmp_path, auth=auth) as registry:
        campaign = Campaign(registry, seed=4, left=FEW)
        await campaign.run(8)
    assert campaign.failures == []
    assert campaign.answers[404] > 0
    assert campaign.answers[401 if auth else 202] > 0
    healthy(registry)


async def test_hostile_clients(tmp_path: Path) -> None:
    with running(tmp_path, auth=False, settings=hostile.SETTINGS) as registry:
        assert await hostile.run(registry, 1, FAST_ATTACKS) == []
    healthy(registry)


@pytest.mark.slow
async def test_slow_and_endless_clients(tmp_path: Path) -> None:
    with running(tmp_path, auth=False, settings=hostile.SETTINGS) as registry:
        assert await hostile.run(registry, 2, SLOW_ATTACKS) == []
    healthy(registry)


async def test_a_few_seconds_of_the_soak(tmp_path: Path) -> None:
    with running(tmp_path, auth=True) as registry:
        campaign = soak.Soak(registry, seed=1)
        await campaign.run(connections=8, seconds=2)
    assert campaign.failures == []
    assert campaign.answers["pull 200"] > 0
    assert campaign.answers["push 201"] > 0
    healthy(registry)


def test_the_report_shows_a_leak() -> None:
    campaign = soak.Soak.__new__(soak.Soak)
    mib = 1 << 20
    campaign.samples = [(n * 60.0, Memory((100 + n) * mib, 0, 20, 5)) for n in range(31)]
    campaign.answers = Counter(pull=3)
    campaign.failures = ["a failure"]
    lines = soak.report(campaign, warm_seconds=60)
    assert "start 100.0, after 60 s 101.0, peak 130.0, end 130.0" in lines[0]
    assert "slope +60.0 MiB/h" in lines[1]
    assert lines[-1] == "FAILURE a failure"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, (("date", "x"),), b'{"errors":[{"code":"UNKNOWN","message":"m"}]}'),
        Answer(404, (("date", "x"),), b"<html>"),
        Answer(404, (("date", "x"),), b'{"errors":[{"code":"ODD","message":"m"}]}'),
        Answer(404, (("date", "x"),), b'{"errors":[{"code":"UNKNOWN","message":""}]}'),
        Answer(404, (), b'{"errors":[{"code":"UNKNOWN","message":"m"}]}'),
    ],
)
def test_improper_answers_are_found(answer: Answer) -> None:
    assert wrong_with(answer, "GET")
