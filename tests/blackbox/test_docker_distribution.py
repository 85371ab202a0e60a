"""The distribution's Docker (20.10 on Debian 12) against a real server."""

import pytest

from tests.blackbox.docker import DockerEngines
from tests.blackbox.processes import Workspace
from tests.blackbox.suite import EngineSuite
from tests.blackbox.toolbox import Toolbox


@pytest.fixture(scope="module")
def engines(toolbox: Toolbox, workspace: Workspace) -> DockerEngines:
    """With the classic image store."""
    return DockerEngines.of_distribution(toolbox, workspace)


@pytest.fixture(scope="module")
def project() -> str:
    """Where its repositories lie."""
    return "docker-distribution"


class TestDocker(EngineSuite):
    """Push, pull, save, load, and what else every engine does."""
