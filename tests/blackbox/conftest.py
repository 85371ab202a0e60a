"""Fixtures of the black-box tests: a real server, real clients, real images."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from harborapi import HarborAsyncClient

from entrepot.faces.cli.bundle.platforms import this_python
from tests.blackbox.bundles import make_bundle
from tests.blackbox.engines import Engine, Engines, logged_in
from tests.blackbox.harbor_site import Site, harbor_site
from tests.blackbox.harborapi_client import client
from tests.blackbox.processes import Workspace, sweep
from tests.blackbox.server import Registry, find_registry
from tests.blackbox.toolbox import TOOLS, Toolbox, absent
from tools.corpus.layout import Image
from tools.corpus.roots import NoDebian, python_of
from tools.corpus.shelf import Shelf

HERE = Path(__file__).parent
TEST_SECONDS = 300
BIG_MIB = int(os.environ.get("ENTREPOT_BLACKBOX_BIG_MIB", "64"))

SINGLE_IMAGES: dict[str, Callable[[Shelf], Image]] = {
    "root": Shelf.root,
    "layers-64": lambda shelf: shelf.image("layers-64"),
    "big": Shelf.big,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test below this directory, and gives it the time that engines need."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.blackbox)
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    """Where the clients are."""
    return Toolbox.of_environment()


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """The corpus, built when first asked for."""
    return Shelf(TOOLS / "corpus", BIG_MIB, strict=os.environ.get("CI") == "true")


@pytest.fixture(scope="session")
def python_base(shelf: Shelf) -> Image:
    """What Entrepot's own image is built on here."""
    try:
        return shelf.python()
    except NoDebian as reason:
        absent(f"no base for an image: {reason}")
        raise


@pytest.fixture(scope="session")
def bundle(python_base: Image) -> Iterator[Path]:
    """What `entrepot bundle` writes: for this Python, and for that of `python_base`."""
    pythons = dict.fromkeys((this_python(), python_of(python_base)))
    with Workspace() as workspace:
        home = workspace.directory("bundle")
        yield make_bundle(home / "bundle", [*pythons], home=home)


@pytest.fixture(scope="session")
def server_workspace() -> Iterator[Workspace]:
    """What the servers write; gone when the session ends."""
    sweep()
    with Workspace() as workspace:
        yield workspace


@pytest.fixture(scope="session")
def registry(server_workspace: Workspace) -> Iterator[Registry]:
    """A server with one user, `admin`."""
    with find_registry(server_workspace, open_to_all=False) as found:
        yield found


@pytest.fixture(scope="session")
def open_registry(server_workspace: Workspace) -> Iterator[Registry]:
    """A server that takes pushes from anybody (`--open`)."""
    with find_registry(server_workspace, open_to_all=True) as found:
        yield found


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """The clients' stores and daemons of one module of tests."""
    with Workspace.for_stores() as made:
        yield made


@pytest.fixture
def scratch(workspace: Workspace) -> Iterator[Path]:
    """A directory of one test: large files do not wait for the module's end."""
    path = workspace.directory("scratch")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def pusher(engines: Engines, registry: Registry) -> Engine:
    """The engine that images come from, logged in; its module provides `engines`."""
    return logged_in(engines.fresh(), registry)


@pytest.fixture(scope="module")
def puller(engines: Engines, registry: Registry) -> Engine:
    """Another one, which has seen nothing of what is pushed, logged in."""
    return logged_in(engines.fresh(), registry)


@pytest.fixture
def needs_referrers(registry: Registry) -> None:
    """Skips where a registry of another make has no referrers API."""
    if registry.foreign and registry.wire().referrers("any/thing", f"sha256:{0:064}") is None:
        pytest.skip(f"the registry at {registry.url} has no referrers API")


@pytest.fixture(params=list(SINGLE_IMAGES))
def single(request: pytest.FixtureRequest, shelf: Shelf) -> Image:
    """Each image of one platform that engines are tried with."""
    name: str = request.param
    return SINGLE_IMAGES[name](shelf)


@pytest.fixture(scope="module")
def site(server_workspace: Workspace, shelf: Shelf) -> Iterator[Site]:
    """A fresh registry for clients of Harbor's API; what they say to it is written down."""
    with harbor_site(server_workspace, shelf) as made:
        yield made


@pytest.fixture
async def harbor(site: Site) -> AsyncIterator[HarborAsyncClient]:
    """harborapi's client, as the administrator."""
    made = client(site)
    yield made
    await made.client.aclose()
