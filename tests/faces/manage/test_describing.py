"""The API's description of itself, and its page."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import jsonschema_rs
import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.describing import described
from entrepot.wiring import api_routes
from tests.faces.manage.doors import Doors, open_doors
from tests.faces.registry.client import call


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as made:
        yield made


def app_of(doors: Doors) -> App:
    return api_app(api_routes(doors.house, operator=False), doors.house.access, operator=False)


async def test_every_route_is_described(doors: Doors) -> None:
    routes = api_routes(doors.house, operator=True)
    assert [(one.method, one.path) for one in routes if one.told is None] == []
    assert [one.path for one in routes if one.told is not None and not one.told.tag] == []
    document = described(routes)
    count = sum(len(methods) for methods in document["paths"].values())
    assert count == len(routes) > 100


async def test_every_shape_is_a_schema_and_told(doors: Doors) -> None:
    document = described(api_routes(doors.house, operator=True))
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        jsonschema_rs.Draft202012Validator(
            {**schema, "components": {"schemas": schemas}}, validate_formats=True
        )
        if "enum" not in schema:
            assert schema["description"], name


async def test_conditions_and_keys_are_told_where_they_hold(doors: Doors) -> None:
    document = described(api_routes(doors.house, operator=True))

    def headers(method: str, path: str) -> set[str]:
        given = document["paths"][path][method].get("parameters", ())
        return {one["name"] for one in given if one["in"] == "header"}

    assert headers("patch", "/users/{name}") == {"Idempotency-Key", "If-Match"}
    assert headers("post", "/users") == {"Idempotency-Key"}
    assert headers("get", "/users/{name}") == {"If-None-Match"}
    assert headers("get", "/users") == set()
    assert headers("post", "/signin") == set()
    assert "304" in document["paths"]["/users/{name}"]["get"]["responses"]
    assert {"412", "422"} <= {*document["paths"]["/users/{name}"]["patch"]["responses"]}


async def test_what_is_served_is_of_this_server(doors: Doors) -> None:
    answer = await call(app_of(doors), "GET", f"{ROOT}/openapi.json", {})
    assert answer.status == 200
    paths = answer.json["paths"]
    assert "/docs" in paths
    assert "/backup" not in paths, "only on the control socket"
    routes = api_routes(doors.house, operator=False)
    for route in routes:
        one = paths[route.path][route.method.lower()]
        assert ("security" in one) == (route.needs in (Need.NOTHING, Need.ANYONE)), route.path


class Looker(HTMLParser):
    """Sees that what is opened is closed, and what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in ("script", "img", "link", "iframe", "form")
        assert not any(name.startswith("on") or name == "style" for name in given)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "query,headers,language",
    [
        ("", {}, "en"),
        ("", {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ("?lang=zh", {}, "zh"),
        ("?lang=en", {"Accept-Language": "zh"}, "en"),
    ],
)
async def test_the_page(doors: Doors, query: str, headers: dict[str, str], language: str) -> None:
    answer = await call(app_of(doors), "GET", f"{ROOT}/docs{query}", headers)
    assert answer.status == 200
    assert answer.header("Content-Language") == language
    text = answer.body.decode()
    assert f'<html lang="{language}">' in text
    looker = Looker()
    looker.feed(text)
    assert looker.open == []
    assert len(looker.ids) == len({*looker.ids})
    inner = {link[1:] for link in looker.links if link.startswith("#")}
    assert inner <= {*looker.ids}
    assert not [link for link in looker.links if "//" in link], "works offline"
    assert "/projects/{project}" in text
    policy = answer.header("Content-Security-Policy") or ""
    assert "script" not in policy
    assert re.match(r"default-src 'none'; style-src 'sha256-", policy)


async def test_answers_with_secrets_are_marked(doors: Doors) -> None:
    """They are kept sealed for those who send a key twice."""
    document = described(api_routes(doors.house, operator=True))
    schemas = document["components"]["schemas"]
    unmarked = []
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            content = one["responses"].get("200") or one["responses"].get("201") or {}
            schema = content.get("content", {}).get("application/json", {}).get("schema", {})
            name = schema.get("$ref", "").rpartition("/")[2]
            fields = set(schemas.get(name, {}).get("properties", ()))
            if method != "get" and fields & SECRETS and "x-entrepot-secret" not in one:
                unmarked.append(f"{method} {path}")
    assert unmarked == []


SECRETS = {"csrf", "password", "recovery_codes", "secret", "ticket", "token"}
