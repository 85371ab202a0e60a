"""Fixtures of real servers; each is started when a test first asks for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.blackbox.processes import Workspace
from tests.blackbox.toolbox import absent
from tests.servers.azurite import azurite
from tests.servers.google import google
from tests.servers.postgres import Postgres, programs, start_postgres
from tests.servers.seaweed import seaweed

__all__ = ["azurite", "google", "seaweed"]


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test without them (with CI=true: fails)."""
    found = programs()
    if found is None:
        absent("postgres is not installed: run tools/clients.sh install")
    return Path(str(found))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests that do not stop it."""
    with Workspace() as workspace:
        server = start_postgres(workspace, postgres_programs())
        yield server
        server.stop()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this module, which may be stopped and started."""
    with Workspace() as workspace:
        server = start_postgres(workspace, postgres_programs())
        yield server
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh, empty database."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Make fresh databases, each a copy of a template (`template0` is empty); returns its URL."""
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(postgres.create_database(template=template))
        return postgres.url(made[-1])

    yield make
    for name in made:
        postgres.drop_database(name)
