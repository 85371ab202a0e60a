"""Robots and access tokens over HTTP."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, Route, api_app
from entrepot.faces.manage.robots import robot_routes
from entrepot.faces.manage.tokens import access_token_routes
from tests.faces.registry.client import Answer, call
from tests.services.machines import Plant
from tests.services.people import PASSWORD

Headers = dict[str, str]


def machine_routes(plant: Plant) -> list[Route]:
    """Return the routes of robots and tokens."""
    return [
        *robot_routes(plant.robots, plant.clock),
        *access_token_routes(plant.tokens, plant.people.tokens, plant.clock),
    ]


def machine_app(plant: Plant, *, operator: bool = False) -> App:
    """Return what is served publicly, or to the operator."""
    return api_app(machine_routes(plant), plant.people.access, operator=operator)


def basic(name: str, password: str = PASSWORD) -> Headers:
    """Return the header of a user name and a password."""
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


@dataclass
class Desk:
    """Asks the public application, or the operator's without headers of anybody."""

    plant: Plant

    async def ask(
        self, method: str, path: str, who: Headers | None = None, body: object = None
    ) -> Answer:
        app = machine_app(self.plant, operator=who is None)
        raw = json.dumps(body).encode() if body is not None else b""
        headers = {**(who or {}), "Content-Type": "application/json"}
        answer = await call(app, method, f"{ROOT}{path}", headers, raw)
        assert answer.header("Cache-Control") == "no-store"
        if answer.status >= 400:
            assert answer.header("Content-Type") == "application/problem+json"
        return answer

    async def done(
        self, method: str, path: str, who: Headers | None = None, body: object = None
    ) -> Any:
        """Return the JSON of an answer that is no refusal; None for no body."""
        answer = await self.ask(method, path, who, body)
        assert answer.status < 300, answer.body
        return answer.json if answer.body else None
