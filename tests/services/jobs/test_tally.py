"""What a runner counts."""

from entrepot.ports.jobs import JobState
from entrepot.services.jobs.tally import Counted, Tally, label


def test_attempts_are_counted_by_kind_and_state() -> None:
    tally = Tally()
    for _ in range(3):
        tally.begin("gc")
    tally.end("gc", JobState.READY, 1.0)
    tally.end("gc", JobState.DONE, 2.0)
    # A clock that was set back takes nothing away.
    tally.end("gc", JobState.DONE, -5.0)
    assert tally.attempts == {
        ("gc", JobState.READY): Counted(1, 1.0),
        ("gc", JobState.DONE): Counted(2, 2.0),
    }
    assert tally.running == {"gc": 0}


def test_unknown_kinds_are_one_label() -> None:
    assert label("gc", {"gc": 1}) == "gc"
    assert label("made up", {"gc": 1}) == "other"
