"""Buildah against a real server."""

import pytest

from tests.blackbox.libpod import LibpodEngines
from tests.blackbox.processes import Workspace
from tests.blackbox.suite import EngineSuite
from tests.blackbox.toolbox import Toolbox


@pytest.fixture(scope="module")
def engines(toolbox: Toolbox, workspace: Workspace) -> LibpodEngines:
    """This system's Buildah."""
    return LibpodEngines.named("buildah", toolbox, workspace)


@pytest.fixture(scope="module")
def project() -> str:
    """Where its repositories lie."""
    return "buildah"


class TestBuildah(EngineSuite):
    """Push, pull, save, load, and what else every engine does."""
