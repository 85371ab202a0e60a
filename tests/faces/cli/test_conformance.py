"""The published results of the conformance suites."""

import msgspec
from click.testing import CliRunner

from entrepot.faces.cli.conformance import conformance
from tools.conformance.publishing import RESULTS, SUMMARY
from tools.conformance.suites import CLASSIC, NEWEST


def printed(*words: str) -> str:
    done = CliRunner().invoke(conformance, words)
    assert done.exit_code == 0
    return done.output


def test_the_suite_s_own_results_are_printed_as_they_are() -> None:
    assert printed() == RESULTS.read_text()
    assert f"commit: {NEWEST.commit}\n" in printed()


def test_the_summary_names_suites_and_counts() -> None:
    heading, newest, classic, *rest = printed("--summary").splitlines()
    assert heading.split() == ["SUITE", "SPECIFICATION", "COMMIT", "PASSED", "SKIPPED", "FAILED"]
    runs = msgspec.json.decode(SUMMARY.read_bytes())
    for line, suite, run in zip((newest, classic), (NEWEST, CLASSIC), runs, strict=True):
        counts = [str(run[what]) for what in ("passed", "skipped", "failed")]
        assert line.split() == [suite.name, suite.specification, suite.commit[:12], *counts]
    assert rest == [f"skipped by classic: {name}" for name in runs[1]["skipped_names"]]


def test_nothing_fails_and_hardly_anything_is_skipped() -> None:
    for run in msgspec.json.decode(SUMMARY.read_bytes()):
        assert run["failed"] == 0
        assert run["skipped"] <= 2
        assert run["passed"] > 70
