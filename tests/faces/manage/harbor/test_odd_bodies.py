"""Whatever a client sends, nothing fails: each route says what is wrong with it."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from entrepot.faces.manage.harbor.answers import ROOT
from entrepot.faces.manage.harbor.api import Route
from tests.faces.manage.harbor.test_harbor_needs import path_of
from tests.faces.manage.harbor.yard import Yard

ODD: list[Any] = [None, [], {}, "x", 7, {"x": 1}, [{}], [[]]]
VALUES: list[Any] = ["", "ä\x00\u202e", "x" * 5000, -1, 0, 2**62, 1.5, True, None, [], {}, [None]]
QUERIES = [
    "q=%FF",
    "q=name%3D%5B1~2",
    "q=creation_time%3D%5B2024~x%5D",
    "q=id%3Dx%2Cname%3D~%2Cproject_id%3D1",
    "sort=,,-,--name",
    "page=9999999&page_size=100",
    "page_size=0&page=0",
    "name=%00&public=perhaps&username=%25&groupname=%25&reference_id=x&scope=%2Fproject%2F0",
]


def bodies(route: Route) -> Iterator[Any]:
    """Yield what no client should send, by the keys that the route takes."""
    yield from ODD
    takes = getattr(route.told, "takes", None)
    if not (isinstance(takes, type) and issubclass(takes, msgspec.Struct)):
        return
    hints = get_type_hints(takes)
    for name in hints:
        for value in VALUES:
            yield {name: value}
    strings = {name: "x" for name, hint in hints.items() if str in (hint, *get_args(hint))}
    numbers = {name: 2**62 for name, hint in hints.items() if int in (hint, *get_args(hint))}
    yield {**strings, **numbers}


@pytest.mark.slow
async def test_bodies(yard: Yard) -> None:
    await yard.push("1")
    wrong = []
    for route in yard.doors.house.management.harbor_routes():
        if route.method in ("GET", "HEAD", "DELETE"):
            continue
        path = path_of(route.path, "team").removeprefix(ROOT)
        for body in bodies(route):
            answer = await yard.ask(route.method, path, body)
            if answer.status >= 500 and answer.status != 503:
                wrong.append((route.method, route.path, body, answer.body))
    assert wrong == []


async def test_queries(yard: Yard) -> None:
    await yard.push("1")
    wrong = []
    for route in yard.doors.house.management.harbor_routes():
        if route.method != "GET":
            continue
        path = path_of(route.path, "team").removeprefix(ROOT)
        for query in QUERIES:
            answer = await yard.ask("GET", f"{path}?{query}")
            if answer.status >= 500:
                wrong.append((route.path, query, answer.body))
    assert wrong == []


async def test_numbers_in_paths(yard: Yard) -> None:
    wrong = []
    for route in yard.doors.house.management.harbor_routes():
        for odd in ("0", "-1", "x", "9" * 30, "%00", "%F0%9F%90%8B", "1e3"):
            parts = [odd if one[:1] == "{" else one for one in route.path.split("/")]
            body: object = {} if route.method in ("POST", "PUT", "PATCH") else None
            answer = await yard.ask(route.method, "/".join(parts), body)
            if answer.status >= 500 and answer.status != 503:
                wrong.append((route.method, route.path, odd, answer.body))
    assert wrong == []
