"""A registry as clients of Harbor's API find it: with images, and with ears."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.harbor_talk import ROOT, Talk, covered, known_routes, listening
from tests.blackbox.processes import Workspace
from tests.blackbox.server import Registry, own_registry
from tests.blackbox.wire import Login
from tools.corpus.shelf import Shelf

RECORD = Path(__file__).with_name("harbor_coverage.json")
IMAGE, INDEX = "library/app", "library/nested/tools"


@dataclass(frozen=True, slots=True)
class Site:
    """A fresh registry, and the address at which what is said to it is written down."""

    registry: Registry
    url: str
    talk: Talk
    images: dict[str, str]
    """Digests of the images that are in it, by name."""

    @property
    def password(self) -> str:
        """The administrator's."""
        assert self.registry.login is not None
        return self.registry.login.password

    def ask(self, path: str) -> Any:
        """What the registry itself answers to its administrator; not written down."""
        headers = {"Authorization": Login("admin", self.password).basic}
        answer = self.registry.wire().ask("GET", f"{ROOT}{path}", headers=headers)
        return answer.expect(200).json()


@contextmanager
def harbor_site(workspace: Workspace, shelf: Shelf) -> Iterator[Site]:
    """A fresh registry with an image that has referrers, and an index of three platforms."""
    with own_registry(workspace, open_to_all=False) as registry:
        images = {}
        for repository, name in ((IMAGE, "referred"), (INDEX, "platforms")):
            image = shelf.image(name)
            registry.wire().push(image, repository, "v1")
            images[name] = image.digest
        with listening(registry.url) as (url, talk):
            yield Site(registry, url, talk, images)


def record() -> dict[str, dict[str, int]]:
    """What each client was answered last, by route."""
    found: dict[str, dict[str, int]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return found


def check_record(site: Site, client: str, *, whole: bool = True) -> None:
    """What the client was answered is what is kept, from which a page is made.

    `whole`: unless only some of the tests ran. With `ENTREPOT_RECORD=1` it is written anew.
    """
    routes = covered(site.talk.exchanges, known_routes())
    if whole and os.environ.get("ENTREPOT_RECORD") == "1":
        kept = {**record(), client: routes}
        RECORD.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    kept_routes = record().get(client, {})
    if whole:
        assert routes == kept_routes
    for route, status in routes.items():
        assert kept_routes.get(route, status + 1) <= status, route


def is_whole(request: pytest.FixtureRequest) -> bool:
    """Whether all tests of the module run in this process."""
    names = {name for name in vars(request.module) if name.startswith("test_")}
    chosen = {item.name for item in request.session.items if item.path == request.path}
    return names <= chosen and "PYTEST_XDIST_WORKER" not in os.environ
