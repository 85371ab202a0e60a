"""The description of Harbor's face."""

from collections.abc import AsyncIterator

import jsonschema_rs
import pytest

from entrepot.faces.manage.harbor.answers import ROOT
from entrepot.faces.manage.harbor.describing import described
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.client import call


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


async def test_every_route_is_described(doors: Doors) -> None:
    routes = doors.house.management.harbor_routes()
    assert [(one.method, one.path) for one in routes if one.told is None] == []
    document = described(routes)
    assert sum(len(methods) for methods in document["paths"].values()) == len(routes) > 150
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.Draft202012Validator(
            {**schema, "components": {"schemas": schemas}}, validate_formats=True
        )


async def test_it_is_served(doors: Doors) -> None:
    app = doors.house.management.harbor(None, None)
    answer = await call(app, "GET", f"{ROOT}/openapi.json", {})
    assert (answer.status, answer.json["servers"]) == (200, [{"url": "/api/v2.0"}])
    page = await call(app, "GET", f"{ROOT}/docs?lang=zh", {})
    assert (page.status, page.header("Content-Language")) == (200, "zh")
    assert b"/projects/{project_id}" in page.body
