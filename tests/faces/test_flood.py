"""Requests of one address in a second, whatever they ask for."""

import pytest
from prometheus_client import CollectorRegistry

from entrepot.faces.asgi import App, Receive, Response, Scope, Send, send_response
from entrepot.faces.flood import flood_guard
from entrepot.faces.manage.health import Readiness
from entrepot.services.ratelimiting import RateService
from entrepot.settings import Auth, Rates, Settings
from entrepot.wiring import mounts
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import open_registry
from tests.services.house import HandClock


async def hello(scope: Scope, _receive: Receive, send: Send) -> None:
    await send_response(scope, send, Response(200, body=b"hello"))


def seen_from(address: str, app: App) -> App:
    """Return `app` as it is asked from an address."""

    async def moved(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (address, 4711)
        await app(scope, receive, send)

    return moved


class Crowd:
    """Asks from many places."""

    def __init__(self, per_second: int) -> None:
        self.clock = HandClock()
        rates = RateService(self.clock, requests_per_second=per_second)
        self._app = flood_guard(hello, rates.admit)

    async def ask(self, address: str, path: str = "/v2/", method: str = "GET") -> Answer:
        lies = {"X-Forwarded-For": "198.51.100.1"}
        return await call(seen_from(address, self._app), method, path, lies)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
async def test_one_too_many_is_told_to_wait(method: str) -> None:
    crowd = Crowd(2)
    for _ in range(2):
        assert (await crowd.ask("192.0.2.1", method=method)).status == 200
    answer = await crowd.ask("192.0.2.1", method=method)
    assert (answer.status, answer.header("Retry-After")) == (429, "1")
    assert answer.header("Docker-Distribution-Api-Version") == "registry/2.0"
    if method != "HEAD":
        assert answer.code == "TOOMANYREQUESTS"
    assert (await crowd.ask("192.0.2.2", method=method)).status == 200
    crowd.clock.seconds += 1
    assert (await crowd.ask("192.0.2.1", method=method)).status == 200


async def test_elsewhere_the_answer_is_no_registrys() -> None:
    crowd = Crowd(1)
    await crowd.ask("192.0.2.1")
    answer = await crowd.ask("192.0.2.1", "/api/entrepot/v1/users")
    assert answer.status == 429
    assert answer.header("Docker-Distribution-Api-Version") is None


@pytest.mark.parametrize("per_second", [0, 1])
async def test_all_but_health_is_counted_where_it_is_set(per_second: int) -> None:
    rates = Rates(requests_per_second=per_second)
    async with open_registry(Auth(), rates=rates) as registry:
        apps = mounts(Settings(), registry.house, Readiness({}), CollectorRegistry())
        counted = set[str]()
        for name, app in apps.items():
            for _ in range(2):
                answer = await call(seen_from("192.0.2.1", app), "GET", f"/{name}/")
            if answer.status == 429:
                counted.add(name)
        always = {"healthz", "readyz", "metrics"}
        assert counted == (set(apps) - always if per_second else set())
