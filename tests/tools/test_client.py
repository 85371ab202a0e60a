"""The client is as the API's description says."""

from tools import client
from tools.client import Maker

PROBLEM = {"$ref": "#/components/responses/Problem"}


def test_the_client_is_as_the_api_says() -> None:
    assert client.stale() == [], "run `python -m tools.client`"


def test_what_is_made_of_an_operation() -> None:
    thing = {"$ref": "#/components/schemas/Thing"}
    body = {"$ref": "#/components/schemas/NewThing"}
    document = {
        "paths": {
            "/things/{class}": {
                "put": {
                    "operationId": "put_thing",
                    "summary": "Put a thing",
                    "tags": ["odd things"],
                    "parameters": [
                        {"name": "class", "in": "path", "schema": {"type": "string"}},
                        {"name": "from", "in": "query", "required": True, "schema": {}},
                        {"name": "If-Match", "in": "header", "schema": {}},
                    ],
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {
                        "200": {"content": {"application/json": {"schema": thing}}},
                        "204": {},
                        "default": PROBLEM,
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Colour": {"enum": ["red"]},
                "NewThing": {
                    "type": "object",
                    "properties": {
                        "colour": {"$ref": "#/components/schemas/Colour", "default": "red"},
                        "size": {"type": "integer"},
                    },
                    "required": [],
                },
                "Thing": {
                    "description": "A thing.",
                    "type": "object",
                    "properties": {
                        "colour": {"$ref": "#/components/schemas/Colour"},
                        "sizes": {"type": "object", "additionalProperties": {"type": "number"}},
                        "names": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["colour", "sizes", "names"],
                },
            }
        },
    }
    files = Maker(document).files()
    made = files["src/entrepot/client/made/odd_things.py"]
    assert "class OddThingsApi:" in made
    assert (
        "def put_thing(self, class_: str | int, body: NewThing, *, from_: Any, "
        "if_match: str | None = None) -> Thing | None:"
    ) in made
    assert "{200: Thing, 204: None}" in made
    assert "colour: Colour = 'red'" in made
    assert "size: int | msgspec.UnsetType = msgspec.UNSET" in made
    assert "    colour: str\n    sizes: dict[str, float]\n    names: list[str]" in made
    assert 'Colour = Literal["red"]' in files["src/entrepot/client/made/shared.py"]
    assert "self.odd_things = OddThingsApi(transport)" in files["src/entrepot/client/api.py"]
