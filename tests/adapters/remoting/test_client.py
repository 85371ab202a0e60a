"""Logging in at other registries, on loopback."""

import base64
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from entrepot.adapters.remoting import LateRegistry
from entrepot.adapters.remoting import client as module
from entrepot.adapters.remoting.client import HttpRegistry
from entrepot.adapters.tls import own_certificate, server_context
from entrepot.ports.remotes import Login, Reached

OK = Reached(ok=True)
BASIC = "Basic " + base64.b64encode(b"ann:secret").decode()
Handler = Callable[[web.Request], web.Response]


@asynccontextmanager
async def serving(
    answer: Handler, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[str]:
    """Yield the address of a server that answers so."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    context = server_context(*certificate) if certificate else None
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{'https' if certificate else 'http'}://{host}:{port}"
    finally:
        await runner.cleanup()


class Names(AbstractResolver):
    """Knows the addresses that a test says."""

    def __init__(self, **known: str) -> None:
        self.known = known

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.known[host]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None: ...


async def ping(login: Login, resolver: AbstractResolver | None = None) -> Reached:
    return await HttpRegistry(resolver).ping(login)


async def test_an_open_registry() -> None:
    seen: list[str] = []

    def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=200)

    async with serving(answer) as url:
        assert await ping(Login(url)) == OK
        assert await LateRegistry().ping(Login(f"{url}/prefix")) == OK
    assert seen == ["/v2/", "/prefix/v2/"]


async def test_one_that_asks_for_a_password() -> None:
    def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == BASIC:
            return web.Response(status=200)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    async with serving(answer) as url:
        assert await ping(Login(url, "ann", "secret")) == OK
        wrong = await ping(Login(url, "ann", "guess"))
        assert not wrong.ok
        assert "does not let in account ann" in wrong.reason
        assert "guess" not in wrong.reason
        assert "without an account" in (await ping(Login(url))).reason


async def test_one_that_gives_tokens() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if request.path == "/token":
            asked.append(dict(request.query))
            if given not in ("", BASIC):
                return web.Response(status=401)
            return web.Response(text=json.dumps({"access_token": "t0k"}))
        if given == "Bearer t0k":
            return web.Response(status=200)
        challenge = f'Bearer realm="http://{request.host}/token",service="reg",scope="x"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async with serving(answer) as url:
        assert await ping(Login(url, "ann", "secret")) == OK
        assert await ping(Login(url)) == OK
        assert "look at the account" in (await ping(Login(url, "ann", "no"))).reason
    assert asked[:2] == [{"account": "ann", "service": "reg"}, {"service": "reg"}]


@pytest.mark.parametrize(
    "realm, told",
    [
        ("ftp://x/token", "no URL"),
        ("", "no URL"),
        ("http://169.254.169.254/latest", "no registry"),
        ("http://[::ffff:169.254.169.254]/latest", "no registry"),
        ("http://10.0.0.1/token", "no public address"),
        ("http://internal/token", "no public address"),
        ("http://[::1]/token", "no public address"),
    ],
)
async def test_attack_a_registry_that_sends_for_tokens_inside(realm: str, told: str) -> None:
    def answer(_request: web.Request) -> web.Response:
        return web.Response(
            status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}
        )

    async with serving(answer) as url:
        port = url.rpartition(":")[2]
        names = Names(registry="127.0.0.1", internal="127.0.0.1")
        found = await ping(Login(f"http://registry:{port}", "ann", "secret"), names)
    assert not found.ok
    assert told in found.reason


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1"])  # noqa: S104 - asked, not bound
async def test_attack_addresses_of_no_registry(address: str) -> None:
    for login, names in ((Login(f"http://{address}"), None), (Login("http://x"), Names(x=address))):
        assert "no registry" in (await ping(login, names)).reason


async def test_attack_a_secret_for_https_is_not_sent_in_clear(tmp_path: Path) -> None:
    def answer(_request: web.Request) -> web.Response:
        return web.Response(
            status=401, headers={"WWW-Authenticate": 'Bearer realm="http://93.184.216.34/t"'}
        )

    certificate = own_certificate(tmp_path, ["127.0.0.1"], time.time())
    async with serving(answer, certificate) as url:
        login = Login(url, "ann", "secret", insecure=True)
        assert "use https there" in (await ping(login)).reason
        strict = await ping(replace(login, insecure=False))
        assert "certificate of 127.0.0.1 is not trusted" in strict.reason


@pytest.mark.parametrize(
    "status, headers, told",
    [
        (404, {}, "is there a registry"),
        (500, {}, "answers 500"),
        (301, {"Location": "http://10.0.0.1/v2/"}, "leads to 'http://10.0.0.1/v2/'"),
        (403, {}, "does not let in"),
        (401, {"WWW-Authenticate": "Negotiate"}, "does not let in"),
        (401, {}, "does not let in"),
    ],
)
async def test_other_answers(status: int, headers: dict[str, str], told: str) -> None:
    async with serving(lambda _: web.Response(status=status, headers=headers)) as url:
        assert told in (await ping(Login(url))).reason


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 7}', b'{"token": "a\\nb"}'])
async def test_tokens_that_are_none(body: bytes) -> None:
    def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.Response(body=body)
        challenge = f'Bearer realm="http://{request.host}/token"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async with serving(answer) as url:
        assert "gives no token" in (await ping(Login(url))).reason


async def test_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = await ping(Login(f"http://127.0.0.1:{port}"))
    assert "does not answer" in found.reason
    assert "cannot be reached" in (await ping(Login(f"http://127.0.0.1:{port}"))).reason
