"""Liveness, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, generate_latest

from entrepot.faces.asgi import App, Receive, Response, Scope, Send, json_response, send_response

CHECK_SECONDS = 5.0
"""How long one check may take; who asks for readiness seldom waits longer."""

Metrics = CollectorRegistry | Callable[[], Awaitable[CollectorRegistry]]
"""What is counted, or what finds it where several processes count."""
Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong, or None."""


class Readiness:
    """Whether this process should be sent requests."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks
        self.draining = False

    async def report(self) -> tuple[bool, dict[str, str]]:
        """Return whether all is well, and a word for each part."""
        words = {"server": "draining" if self.draining else "ok"}
        for name, check in self._checks.items():
            words[name] = await _word(check)
        return all(word == "ok" for word in words.values()), words


def health_app(readiness: Readiness, metrics: Metrics) -> App:
    """Return the application for `/healthz`, `/readyz` and `/metrics`."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/healthz":
            response = json_response(200, {"status": "ok"})
        elif path == "/readyz":
            ready, words = await readiness.report()
            status = "ok" if ready else "unavailable"
            response = json_response(200 if ready else 503, {"status": status, "checks": words})
        elif path == "/metrics":
            found = metrics if isinstance(metrics, CollectorRegistry) else await metrics()
            response = Response(200, body=generate_latest(found))
            response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        else:
            response = json_response(404, {"status": "nothing is served at this address"})
        await send_response(scope, send, response)

    return app


async def _word(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() or "ok"
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} seconds"
