"""Podman against a real server."""

import pytest

from tests.blackbox.libpod import LibpodEngines
from tests.blackbox.processes import Workspace
from tests.blackbox.suite import EngineSuite
from tests.blackbox.toolbox import Toolbox


@pytest.fixture(scope="module")
def engines(toolbox: Toolbox, workspace: Workspace) -> LibpodEngines:
    """This system's Podman."""
    return LibpodEngines.named("podman", toolbox, workspace)


@pytest.fixture(scope="module")
def project() -> str:
    """Where its repositories lie."""
    return "podman"


class TestPodman(EngineSuite):
    """Push, pull, save, load, and what else every engine does."""
