"""containerd, driven by `ctr`, against a real server."""

import pytest

from tests.blackbox.containerd import Containerd, ContainerdEngines
from tests.blackbox.processes import Workspace
from tests.blackbox.server import Registry
from tests.blackbox.suite import EngineSuite
from tests.blackbox.toolbox import Toolbox
from tools.corpus.shelf import Shelf


@pytest.fixture(scope="module", params=["distribution", "newest"])
def engines(
    request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace
) -> ContainerdEngines:
    """The release that the test's name says."""
    return ContainerdEngines.found(toolbox, workspace, newest=request.param == "newest")


@pytest.fixture(scope="module")
def project(engines: ContainerdEngines) -> str:
    """Where its repositories lie."""
    return f"containerd-{engines.version}"


class TestContainerd(EngineSuite):
    """Push, pull, export, import, and what else every engine does."""

    def test_every_platform_comes_down(
        self, project: str, puller: Containerd, registry: Registry, shelf: Shelf
    ) -> None:
        """The content store holds each manifest as it was pushed."""
        image, repository = shelf.image("platforms"), f"{project}/all-platforms"
        registry.wire().push(image, repository)
        puller.pull(registry.name(repository))
        for manifest in image.layout.manifests_below(image.descriptor):
            assert puller.content(manifest["digest"]) == image.layout.read(manifest["digest"])
