"""OpenAPI documents of described routes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
import pytest

from entrepot.faces.manage.about import About, Also, Argument, Cursor, Moment, Operation, Page
from entrepot.faces.manage.openapi import CURSOR, Face, document


class Colour(StrEnum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Wrong(msgspec.Struct):
    """What is wrong."""

    detail: str


class NewThing(msgspec.Struct, forbid_unknown_fields=True):
    """A thing to be made.

    Of any colour.
    """

    name: Annotated[str, msgspec.Meta(max_length=8)]
    colour: Colour = Colour.RED


class Thing(msgspec.Struct):
    """A thing."""

    name: str
    colour: Colour
    made_at: Moment
    gone_at: Moment | None


@dataclass
class _Other:
    class Thing(msgspec.Struct):
        """Another one of that name."""

        size: int


FACE = Face("Things", "1", "/api/things", Wrong, "application/problem+json")
MAKE = About("Make a thing", takes=NewThing, gives=Thing, status=201, errors=(409,), tag="things")
LIST = About("List things", gives=Page[Thing], pages="before", cursor=Cursor, tag="things")


def test_an_operation() -> None:
    made = document([Operation("POST", "/things/{shelf}", MAKE, "thing.make")], FACE)
    one = made["paths"]["/things/{shelf}"]["post"]
    assert one["operationId"] == "make_thing"
    assert one["parameters"] == [
        {"name": "shelf", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    assert one["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/NewThing"
    }
    assert [*one["responses"]] == ["201", "400", "401", "403", "409", "default"]
    body = made["components"]["schemas"]["NewThing"]
    assert body["description"] == "A thing to be made.\n\nOf any colour."
    assert body["additionalProperties"] is False
    assert body["required"] == ["name"]
    thing = made["components"]["schemas"]["Thing"]["properties"]
    assert thing["made_at"] == {"type": "string", "format": "date-time"}
    assert {"type": "null"} in thing["gone_at"]["anyOf"]
    problem = made["components"]["responses"]["Problem"]["content"]
    assert problem["application/problem+json"]["schema"]["$ref"].endswith("/Wrong")


def test_pages() -> None:
    made = document([Operation("GET", "/things", LIST)], FACE)
    one = made["paths"]["/things"]["get"]
    assert one[CURSOR] == "before"
    assert {given["name"]: given["schema"] for given in one["parameters"]} == {
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
        "before": {"type": "integer", "minimum": 0},
    }
    answer = one["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/ThingPage"}
    items = made["components"]["schemas"]["ThingPage"]["properties"]["items"]
    assert items == {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}


def test_who_may_ask() -> None:
    made = document(
        [
            Operation("GET", "/nothing", About("Get nothing", tag="x")),
            Operation("GET", "/anyone", About("Get anything", tag="x"), "anyone"),
            Operation("GET", "/login", About("Get something", tag="x"), "login"),
        ],
        FACE,
    )
    found = {path: one["get"].get("security") for path, one in made["paths"].items()}
    assert found == {"/nothing": [{}], "/anyone": [{}, {"basic": []}], "/login": None}
    assert made["security"] == [{"basic": []}]


def test_other_answers_and_media() -> None:
    about = About(
        "Export things",
        query=(Argument("colour", "Only these.", Colour, required=True),),
        media="text/csv",
        also=(Also(202, "Later.", Thing), Also(304, "As it was.")),
        tag="x",
        secret=True,
    )
    one = document([Operation("GET", "/export", about)], FACE)["paths"]["/export"]["get"]
    assert one["responses"]["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}
    assert one["responses"]["202"]["content"]["application/json"]["schema"]["$ref"]
    assert one["responses"]["304"] == {"description": "As it was."}
    assert one["parameters"][0]["required"] is True
    assert one["x-entrepot-secret"] is True


@pytest.mark.parametrize(
    "summary,name",
    [
        ("List the users", "list_users"),
        ("Make an access token", "make_access_token"),
        ("Read a job's log", "read_job_log"),
    ],
)
def test_names_of_operations(summary: str, name: str) -> None:
    assert About(summary).operation == name


def test_two_of_one_name() -> None:
    twice = [Operation("GET", "/a", LIST), Operation("GET", "/b", LIST)]
    with pytest.raises(ValueError, match="both called list_things"):
        document(twice, FACE)
    other = About("Get another", gives=_Other.Thing, tag="x")
    with pytest.raises(ValueError, match="share a name"):
        document([Operation("GET", "/a", LIST), Operation("GET", "/b", other)], FACE)
