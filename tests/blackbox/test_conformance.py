"""The OCI conformance suites against a real server: nothing fails."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.blackbox.processes import Workspace
from tests.blackbox.server import own_registry
from tests.blackbox.toolbox import absent
from tools.conformance.publishing import RESULTS, SUMMARY, summary, verdicts
from tools.conformance.running import Result, run_classic, run_newest
from tools.conformance.serving import SETTINGS
from tools.conformance.suites import (
    CLASSIC,
    NEWEST,
    GoMissingError,
    SourcesMissingError,
    build,
)
from tools.conformance.target import Target
from tools.golang import CommandFailedError

SKIPS_MAX = 2
PUBLISH = "run `python -m tools.conformance --publish`"


@pytest.fixture(scope="module", autouse=True)
def suites() -> None:
    """Both suites, built; skips where there is no Go, or no way to the sources."""
    try:
        for suite in (NEWEST, CLASSIC):
            build(suite)
    except SourcesMissingError as error:
        # Nothing that this project could install; the published results say when it last ran.
        pytest.skip(f"the conformance suites: {error}")
    except (GoMissingError, CommandFailedError) as error:
        absent(f"the conformance suites: {error}")


@pytest.fixture(scope="module", params=[True, False], ids=["open", "with login"])
def target(
    request: pytest.FixtureRequest, suites: None, server_workspace: Workspace
) -> Iterator[Target]:
    """A registry of our own that takes sparse manifests, without and with a login."""
    with own_registry(server_workspace, open_to_all=request.param, settings=SETTINGS) as own:
        login = own.login
        yield Target(own.host, *((login.username, login.password) if login else ()))


@pytest.fixture(scope="module")
def newest(target: Target, workspace: Workspace) -> Result:
    """What the newest suite finds with every option on."""
    return run_newest(target, workspace.directory("newest"))


@pytest.fixture(scope="module")
def classic(target: Target, workspace: Workspace) -> Result:
    """What the suite of 1.1 finds."""
    return run_classic(target, workspace.directory("classic"))


def test_newest(newest: Result, target: Target) -> None:
    assert (newest.failed, newest.failed_names) == (0, ()), newest.output
    assert newest.passed > 1000
    assert "Disabled" not in newest.yaml
    config = newest.yaml[: newest.yaml.index("\napis:\n")]
    assert config.replace("cacheAuth: false", "").count("false") == 0, "every option is on"
    if target.username:
        # A token is for the repositories it names: none to mount from without `from`.
        assert {name.rpartition("/")[2] for name in newest.skipped_names} == {
            "blob-mount-anonymous"
        }
        assert newest.skipped == SKIPS_MAX
    else:
        assert newest.skipped == 0


def test_classic(classic: Result) -> None:
    assert (classic.failed, classic.failed_names) == (0, ()), classic.output
    assert classic.passed > 70
    assert classic.skipped <= SKIPS_MAX


def test_what_is_published_is_what_is_found(
    newest: Result, classic: Result, target: Target
) -> None:
    if target.username:
        return
    assert verdicts(newest.yaml) == verdicts(RESULTS.read_text()), PUBLISH
    found = msgspec.json.decode(summary([newest, classic]))
    assert found == msgspec.json.decode(SUMMARY.read_bytes()), PUBLISH


def test_a_registry_that_fails_is_found_out(workspace: Workspace, tmp_path: Path) -> None:
    """Without the setting for sparse manifests, their tests fail, and nothing else."""
    with own_registry(workspace, open_to_all=True) as own:
        found = run_newest(Target(own.host), tmp_path)
    assert found.failed == len(found.failed_names)
    assert {name.partition("/")[0] for name in found.failed_names} == {"sparse"}
