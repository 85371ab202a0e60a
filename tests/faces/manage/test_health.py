"""Liveness, readiness and the metrics' address."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.parser import text_string_to_metric_families

from entrepot.faces.asgi import App
from entrepot.faces.manage import health
from entrepot.faces.manage.health import Readiness, health_app
from tests.faces.registry.client import call


async def fine() -> str | None:
    return None


async def broken() -> str | None:
    return "cannot be read"


async def never() -> str | None:
    await asyncio.Event().wait()
    return None


def app(readiness: Readiness) -> App:
    metrics = CollectorRegistry()
    Gauge("entrepot_answer", "What is asked for.", registry=metrics).set(42)
    return health_app(readiness, metrics)


async def test_a_process_that_answers_is_alive_whatever_else_is_wrong() -> None:
    readiness = Readiness({"catalog": broken})
    readiness.draining = True
    answer = await call(app(readiness), "GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_it_is_ready_when_all_parts_are() -> None:
    answer = await call(app(Readiness({"catalog": fine})), "GET", "/readyz")
    assert answer.status == 200
    assert answer.json == {"status": "ok", "checks": {"server": "ok", "catalog": "ok"}}


async def test_what_is_wrong_is_said() -> None:
    answer = await call(app(Readiness({"catalog": broken, "store": fine})), "GET", "/readyz")
    assert answer.status == 503
    assert answer.json == {
        "status": "unavailable",
        "checks": {"server": "ok", "catalog": "cannot be read", "store": "ok"},
    }


async def test_a_server_that_drains_gets_no_new_work() -> None:
    readiness = Readiness({})
    assert (await call(app(readiness), "GET", "/readyz")).status == 200
    readiness.draining = True
    answer = await call(app(readiness), "GET", "/readyz")
    assert answer.status == 503
    assert answer.json["checks"]["server"] == "draining"


async def test_i13_a_check_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.01)
    async with asyncio.timeout(2):
        answer = await call(app(Readiness({"store": never, "catalog": fine})), "GET", "/readyz")
    assert answer.status == 503
    assert answer.json["checks"]["store"] == "no answer within 0.01 seconds"
    assert answer.json["checks"]["catalog"] == "ok"


async def test_metrics_are_in_prometheus_own_format() -> None:
    answer = await call(app(Readiness({})), "GET", "/metrics")
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    (family,) = text_string_to_metric_families(answer.body.decode())
    assert (family.name, family.samples[0].value) == ("entrepot_answer", 42)


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/x", "/metrics/x", "/healthz/../metrics"])
async def test_other_addresses_are_nothing(path: str) -> None:
    assert (await call(app(Readiness({})), "GET", path)).status == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_load_balancers_may_ask_by_head(path: str) -> None:
    assert (await call(app(Readiness({})), "HEAD", path)).status == 200
