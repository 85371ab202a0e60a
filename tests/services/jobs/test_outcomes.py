"""What becomes of a job."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.ports.jobs import Job, JobState
from entrepot.services.jobs import Cancelled
from entrepot.services.jobs.outcomes import (
    ERROR_MAX,
    PASSING,
    Outcome,
    Retries,
    at_start,
    of_error,
    of_failure,
)

RETRIES = Retries(attempts_max=5, losses_max=20, first_seconds=10, longest_seconds=100)
JOB = Job(
    id=1,
    kind="gc",
    args="{}",
    mutex=None,
    state=JobState.RUNNING,
    run_at=0,
    attempt=1,
    owner="a",
    lease_until=1,
    cancelled=False,
    progress="",
    error="",
    actor="",
    created_at=0,
    started_at=0,
    ended_at=None,
)


def test_a_job_of_a_known_kind_is_tried() -> None:
    assert at_start(JOB, ["gc", "scrub"], RETRIES) is None
    assert at_start(replace(JOB, attempt=20), ["gc"], RETRIES) is None


def test_what_is_not_tried() -> None:
    assert at_start(replace(JOB, cancelled=True), ["gc"], RETRIES) == Outcome(JobState.CANCELLED)
    lost = at_start(replace(JOB, attempt=21), ["gc"], RETRIES)
    assert lost is not None
    assert (lost.state, lost.error[:29]) == (JobState.FAILED, "given up after 20 attempts wi")
    unknown = at_start(JOB, [], RETRIES)
    assert unknown is not None
    assert unknown.error == "there is no job of kind 'gc' in this version (there are: none)"


@pytest.mark.parametrize("code", list(Code))
def test_a_fault_is_tried_again_only_if_it_may_pass(code: Code) -> None:
    outcome = of_error(Fault(code, "why"), JOB, RETRIES, 0.5)
    assert outcome.error == "why"
    assert outcome.state is (JobState.READY if code in PASSING else JobState.FAILED)


def test_others_are_told_with_their_type() -> None:
    assert of_error(KeyError("x"), JOB, RETRIES, 0.5) == Outcome(
        JobState.READY, "KeyError: 'x'", 10
    )
    assert of_error(Cancelled(), JOB, RETRIES, 0.5) == Outcome(JobState.CANCELLED)


@pytest.mark.parametrize(
    "error, told",
    [
        (FileNotFoundError(2, "No such file or directory", "/b"), "/b: No such file or directory"),
        (PermissionError(13, "no credentials: set them"), "no credentials: set them"),
        (OSError("slow today"), "OSError: slow today"),
    ],
)
def test_errors_of_the_system_are_told_without_number(error: OSError, told: str) -> None:
    assert of_error(error, JOB, RETRIES, 0.5).error == told


@given(st.integers(1, 30), st.floats(0, 1), st.text(max_size=2 * ERROR_MAX))
def test_waits_grow_and_are_bounded(attempt: int, chance: float, text: str) -> None:
    outcome = of_failure(text, replace(JOB, attempt=attempt), RETRIES, chance)
    assert 0 < len(outcome.error) <= ERROR_MAX
    if attempt >= RETRIES.attempts_max:
        assert (outcome.state, outcome.wait_seconds) == (JobState.FAILED, 0)
        return
    middle = min(10 * 2 ** (attempt - 1), 100)
    assert outcome.state is JobState.READY
    assert middle / 2 <= outcome.wait_seconds <= middle * 1.5
