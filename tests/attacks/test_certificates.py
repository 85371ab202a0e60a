"""Attack: to be somebody by a client certificate of others, or by none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.faces.manage.api import ROOT as API
from entrepot.rules.roles import Role
from entrepot.settings import Auth
from tests.clientcerts import SERVER, Authority
from tests.faces.registry.client import call
from tests.faces.registry.registry import PASSWORD, open_registry
from tests.serving.secure import Ask, Secure, open_secure

BROKEN = (OSError, EOFError, AssertionError)
"""What a client notices when the handshake fails; the last by HTTP/2's."""

# As nginx, Apache, Envoy, Traefik, HAProxy, AWS and RFC 9440 have proxies write it.
HEADERS = (
    "X-SSL-Client-CN",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-Verify",
    "X-SSL-Client-Cert",
    "SSL-Client-Cert",
    "X-Client-CN",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Subject",
    "X-ARR-ClientCert",
    "Client-Cert",
    "Client-Cert-Chain",
    "Entrepot.Client-Certificate",
)
VALUES = ("admin", "CN=admin", "SUCCESS", 'Hash=00;Subject="CN=admin";URI=', ":YWRtaW4=:")


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Secure]:
    """A registry whose user mia has no rights."""
    async with open_secure(tmp_path) as made:
        await made.door.ask("POST", "/users", {"name": "mia", "password": PASSWORD})
        yield made


def ways(secure: Secure) -> list[Ask]:
    return [secure.http1, secure.http2]


async def test_headers_that_speak_of_a_certificate(secure: Secure) -> None:
    """None is believed: without a certificate of one's own, nor beside one."""
    mia = secure.authority.client("mia")
    for value in VALUES:
        headers = dict.fromkeys(HEADERS, value)
        for ask in ways(secure):
            assert (await ask(None, "/v2/", headers)).status == 401
            assert (await ask(mia, f"{API}/users", headers)).status == 403


async def test_headers_of_a_trusted_proxy(tmp_path: Path) -> None:
    """It is asked for addresses and hosts alone, and its own certificate is not its clients'."""
    async with open_secure(tmp_path, "trusted_proxies = ['127.0.0.1']") as secure:
        for ask in ways(secure):
            for client in (None, secure.authority.client("admin")):
                for value in VALUES:
                    answer = await ask(client, "/v2/", dict.fromkeys(HEADERS, value))
                    assert answer.status == 401


async def test_where_tls_asks_for_none() -> None:
    async with open_registry(Auth()) as registry:
        await registry.add_user("admin", Role.ADMIN)
        for name in HEADERS:
            for value in VALUES:
                assert (await call(registry.app, "GET", "/v2/", {name: value})).status == 401


async def test_certificates_of_others(secure: Secure, tmp_path: Path) -> None:
    """A foreign authority, one of the same name, one for servers: no connection."""
    for ask in ways(secure):
        for client in (
            Authority(tmp_path / "foreign", "foreign").client("admin"),
            Authority(tmp_path / "same", "clients").client("admin"),
            secure.authority.client("admin", purpose=SERVER),
        ):
            with pytest.raises(BROKEN):
                await ask(client)


LOOK_ALIKES = (
    ("admin\0.example.com",),
    ("admin\0",),
    ("mia", "admin"),
    ("admin", "mia"),
    ("admin ",),
    (" admin",),
    ("admin\n",),
    ("\uff41dmin",),
    ("ADMIN",),
    ("admin/mia",),
    ("CN=admin",),
    ("admin,CN=mia",),
    ("*",),
    ("%",),
    ("adm%",),
    ("' OR 1=1 --",),
    ("robot$",),
    ("robot$*",),
    ("entrepot operator",),
    ("operator",),
    ("anonymous",),
    ("",),
    ("a" * 10_000,),
)


async def test_names_that_only_look_like_one(secure: Secure) -> None:
    for names in LOOK_ALIKES:
        client = secure.authority.client(*names)
        pulled = await secure.http1(client)
        token = await secure.http2(client, "/service/token?scope=registry:catalog:*")
        for answer in (pulled, token):
            assert answer.status == 401, ascii(names)
            assert len(answer.body) < 1000
            assert b"\\u0000" not in answer.body


OTHER_SITES = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://test.evil.example"},
    {"Origin": "test"},
)


async def test_a_browser_sent_by_another_site(secure: Secure) -> None:
    """It shows the certificate of whoever sits before it, without being asked (CSRF)."""
    admin = secure.authority.client("admin")
    for headers in OTHER_SITES:
        assert (await secure.http2(admin, "/v2/", headers)).status == 401
        for method in ("GET", "POST"):
            answer = await secure.http1(admin, f"{API}/users", headers, method=method)
            assert answer.status == 401
    for ask in ways(secure):
        for fine in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://test"}):
            assert (await ask(admin, f"{API}/users", fine)).status == 200


async def test_a_stolen_token_of_a_certificate_is_no_more_than_a_token(secure: Secure) -> None:
    """It cannot be made to last: neither a refresh token, nor rights beyond its scope."""
    admin = secure.authority.client("admin")
    path = "/service/token?scope=repository:acme/app:pull&offline_token=true"
    answer = await secure.http1(admin, path)
    assert "refresh_token" not in answer.json
    bearer = {"Authorization": f"Bearer {answer.json['token']}"}
    assert (await secure.http1(None, "/v2/acme/app/tags/list", bearer)).status == 404
    assert (await secure.http1(None, "/v2/_catalog", bearer)).status == 401
    assert (await secure.http1(None, f"{API}/users", bearer)).status in {401, 403}
