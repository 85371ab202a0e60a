"""What is fuzzed: both faces of a whole house, with a few things in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from entrepot.faces.manage.api import api_app
from entrepot.faces.manage.describing import described
from entrepot.faces.manage.harbor.describing import described as described_as_harbor
from entrepot.ports.robots import Robot
from entrepot.rules.roles import Role
from entrepot.settings import Server, Settings
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.manage.fuzzing import JSON, Api

VISITORS = ("admin", "user", "projectAdmin of the project", "robot", "anonymous")
SETTINGS = Settings(server=Server(public_url="https://registry.example.com"))


FACES = ("v1", "harbor")


@contextmanager
def open_api(runner: asyncio.Runner, face: str) -> Iterator[Api]:
    """Open a house, with somebody in it whom nothing is a pity for."""
    opened = open_doors(SETTINGS)
    doors = runner.run(opened.__aenter__())
    try:
        runner.run(_furnish(doors))
        yield _v1(doors) if face == "v1" else _harbor(doors)
    finally:
        runner.run(opened.__aexit__(None, None, None))


def _v1(doors: Doors) -> Api:
    house = doors.house
    routes = api_routes(house, operator=False)
    app = api_app(
        routes,
        house.access,
        operator=False,
        trail=house.registry.trail,
        browsers=house.browsers,
        keeping=house.keeping,
    )
    return Api(app, described(routes), _headers(doors))


def _harbor(doors: Doors) -> Api:
    house = doors.house
    app = house.management.harbor(house.registry.trail, house.browsers)
    document = described_as_harbor(house.management.harbor_routes())
    return Api(app, document, _headers(doors), JSON)


def _headers(doors: Doors) -> dict[str, dict[str, str]]:
    return {name: doors.visitors[name].headers for name in VISITORS}


async def _furnish(doors: Doors) -> None:
    await doors.add_user("victim", Role.USER)
    robot = Robot(0, "robot$team+victim", "team", "", (), True, None, 0.0, "", 0.0)
    async with doors.house.gate.ground.catalog.begin(write=True) as tx:
        assert await tx.robots.add(robot)
