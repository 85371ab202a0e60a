"""The plain port of `http-01`: challenges, and the way to HTTPS."""

from typing import Any

import pytest

from entrepot.faces.challenge import challenge_app, https_base

BASE = "https://registry.example:5000"
ANSWERS = {"token": "token.thumbprint"}


async def ask(method: str, path: str, query: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"evil.example")],
    }
    await challenge_app(ANSWERS.get, f"{BASE}/")(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


async def test_a_challenge_is_answered() -> None:
    status, headers, body = await ask("GET", "/.well-known/acme-challenge/token")
    assert (status, body) == (200, b"token.thumbprint")
    assert headers["cache-control"] == "no-store"
    assert (await ask("HEAD", "/.well-known/acme-challenge/token"))[::2] == (200, b"")


@pytest.mark.parametrize(
    "method,token", [("GET", "other"), ("GET", ""), ("GET", "token/x"), ("POST", "token")]
)
async def test_no_other(method: str, token: str) -> None:
    assert (await ask(method, f"/.well-known/acme-challenge/{token}"))[0] == 404


@pytest.mark.parametrize(
    "path,query,target",
    [
        ("/", b"", "/"),
        ("/v2/", b"n=1&last=a%20b", "/v2/?n=1&last=a%20b"),
        ("//evil.example/", b"", "//evil.example/"),
        ("*", b"", "/"),
        ("/" + "x" * 5000, b"", "/"),
    ],
)
async def test_all_else_is_led_to_our_own_name(path: str, query: bytes, target: str) -> None:
    status, headers, _ = await ask("GET", path, query)
    assert status == 308
    assert headers["location"] == BASE + target


@pytest.mark.parametrize(
    "listen,public_url,base",
    [
        (("*:443",), "", "https://registry.example"),
        (("unix:/s", "*:5000"), "", BASE),
        (("127.0.0.1:0",), "", "https://registry.example"),
        (("*:5000",), "https://hub.example", "https://hub.example"),
        (("*:443",), "http://hub.example", "https://registry.example"),
    ],
)
def test_what_clients_use(listen: tuple[str, ...], public_url: str, base: str) -> None:
    assert https_base(("registry.example", "other.example"), listen, public_url) == base
