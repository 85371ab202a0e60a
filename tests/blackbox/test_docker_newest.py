"""The newest Docker, with each of its two image stores, against a real server."""

import pytest

from tests.blackbox.docker import Docker, DockerEngines
from tests.blackbox.processes import Workspace
from tests.blackbox.server import Registry
from tests.blackbox.suite import EngineSuite
from tests.blackbox.toolbox import Toolbox
from tools.corpus.shelf import Shelf


@pytest.fixture(scope="module", params=["classic", "containerd"])
def engines(
    request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace
) -> DockerEngines:
    """With the image store that the test's name says."""
    in_containerd = request.param == "containerd"
    return DockerEngines.newest(toolbox, workspace, containerd_store=in_containerd)


@pytest.fixture(scope="module")
def project(engines: DockerEngines) -> str:
    """Where its repositories lie."""
    return "docker-containerd" if engines.containerd_store else "docker-classic"


class TestDocker(EngineSuite):
    """Push, pull, save, load, and what else every engine does."""

    def test_mounts_from_another_repository(
        self, project: str, pusher: Docker, registry: Registry, shelf: Shelf
    ) -> None:
        """The second push of the same layers sends none of them."""
        image = shelf.image("layers-64")
        first, second = (registry.name(f"{project}/{part}") for part in ("origin", "copy"))
        pusher.take(image, first)
        pusher.push(first)
        pusher.run("tag", first, second)
        printed = pusher.run("push", second).stdout
        assert printed.count(f"Mounted from {project}/origin") == len(image.diff_ids)
