"""Random worlds: nobody gets more than was theirs, and what is planted is seen."""

import pytest

from tools.worlds.__main__ import main, run
from tools.worlds.faults import FAULTS

SOON = (
    "grant-unchecked",
    "robot-taken-over",
    "public-unchecked",
    "limits-ignored-in-deciding",
    "token-unlimited",
    "pattern-as-project",
)
"""Faults that show within few worlds."""


def test_no_world_has_an_escalation() -> None:
    played = run(120, first=1_000_000)
    assert played.escalations == []
    # It would say as much of worlds in which nothing can be done.
    assert len(played.done) >= 15
    assert played.done.total() > 200


@pytest.mark.parametrize("name", SOON)
def test_a_planted_fault_is_seen(name: str) -> None:
    with FAULTS[name]():
        assert run(150, until_found=True).escalations


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in FAULTS if one not in SOON])
def test_a_rarer_planted_fault_is_seen(name: str) -> None:
    with FAULTS[name]():
        assert run(6000, first=5_000_000, until_found=True).escalations


@pytest.mark.slow
def test_many_worlds_have_no_escalation() -> None:
    assert run(2000, first=2_000_000).escalations == []


def test_the_command_tells_what_it_did(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["worlds", "3", "--first", "7"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("3 worlds from seed 7, ")
    monkeypatch.setattr("sys.argv", ["worlds", "20", "--fault", "token-unlimited"])
    assert main() == 0
    assert "token-unlimited: found after" in capsys.readouterr().out
