"""Users and robots who log in with a certificate, on a running server with TLS."""

import base64
import json
import logging
import resource
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from cryptography import x509

from entrepot.faces.manage.api import ROOT as API
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from tests.clientcerts import Authority, Client
from tests.faces.registry.registry import PASSWORD, basic
from tests.services.house import image

from .secure import Answer, Ask, Secure, open_secure, toml_of

BROKEN = (OSError, EOFError, AssertionError)
"""What a client notices when the server does not like its certificate; the last by HTTP/2's."""
ADMIN = {"Authorization": basic("admin", PASSWORD)}
JSON = {"Content-Type": "application/json"}
MANIFEST = "/v2/acme/app/manifests/1"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = [*logging.root.handlers], logging.root.level
    logging.root.handlers.clear()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Secure]:
    """A registry with project acme, where mia may push and the robot may pull."""
    async with open_secure(tmp_path) as made:
        await manage(made, "POST", "/users", {"name": "mia", "password": PASSWORD})
        grant = {"subject": "mia", "subject_kind": "user", "role": "developer"}
        await manage(made, "POST", "/projects/acme/grants", grant)
        gift = {"scope": "acme", "role": "limitedGuest"}
        robot = {"name": "ci", "project": "acme", "grants": [gift]}
        await manage(made, "POST", "/robots", robot)
        yield made


async def manage(secure: Secure, method: str, path: str, body: object) -> None:
    answer = await secure.door.ask(method, path, body)
    assert answer.status in {200, 201}, answer.body


def ways(secure: Secure) -> list[Ask]:
    return [secure.http1, secure.http2]


def claims_of(answer: Answer) -> dict[str, Any]:
    middle = answer.json["token"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=="))
    return claims


async def push(ask: Ask, client: Client | None) -> Answer:
    """Push an image without a password."""
    digest = Digest.of(b"{}")
    path = f"/v2/acme/app/blobs/uploads/?digest={digest}"
    answer = await ask(client, path, method="POST", body=b"{}")
    if answer.status != 201:
        return answer
    headers = {"Content-Type": OCI_MANIFEST}
    return await ask(client, MANIFEST, headers, method="PUT", body=image([]))


async def test_without_a_certificate_nothing_is_otherwise(secure: Secure) -> None:
    for ask in ways(secure):
        answer = await ask(None)
        assert answer.status == 401
        assert "log in" in answer.message
        assert (await ask(None, headers=ADMIN)).status == 200
        assert (await ask(None, "/service/token?scope=repository:acme/app:pull")).status == 200


async def test_a_user_pushes_and_pulls(secure: Secure) -> None:
    mia = secure.authority.client("mia")
    for ask in ways(secure):
        assert (await ask(mia)).status == 200
        assert (await push(ask, mia)).status == 201
        assert (await ask(mia, MANIFEST)).body == image([])
        # With the rights of that user, and no others.
        assert (await ask(mia, "/v2/_catalog")).status == 403
    trail = await secure.door.ask("GET", "/audit?limit=100")
    assert ("mia", "manifest.published") in {
        (line["actor"], line["operation"]) for line in trail.json["items"]
    }


async def test_a_robot_pulls(secure: Secure) -> None:
    robot = secure.authority.client("robot$acme+ci")
    for ask in ways(secure):
        await push(ask, secure.authority.client("mia"))
        assert (await ask(robot, MANIFEST)).status == 200
        assert (await push(ask, robot)).status == 403
    change = {"networks": ["192.0.2.0/24"]}
    await manage(secure, "PATCH", f"/robots/{quote('robot$acme+ci')}", change)
    assert (await secure.http1(robot, MANIFEST)).status == 403


NOBODY = ("nobody", "Mia", "robot$no", "workload:ci:x", '"><script>')


async def test_names_that_nobody_has(secure: Secure) -> None:
    """Refused, and told so; not taken for a stranger who may pull what is public."""
    asked = ("/v2/", MANIFEST, "/service/token", f"{API}/projects")
    for name in NOBODY:
        client = secure.authority.client(name)
        for ask, paths in ((secure.http1, asked), (secure.http2, asked[:1])):
            for path in paths:
                answer = await ask(client, path)
                assert answer.status == 401
                told = answer.json.get("detail") or answer.message
                assert told.startswith(f"{name!r} of the client certificate ")
                assert "www-authenticate" in {key.lower() for key in answer.headers}
        # Who logs in all the same does so.
        assert (await secure.http1(client, headers=ADMIN)).status == 200


async def test_who_is_switched_off(secure: Secure) -> None:
    mia, robot = (secure.authority.client(name) for name in ("mia", "robot$acme+ci"))
    assert (await secure.http1(mia)).status == 200
    assert (await secure.http1(robot)).status == 200
    await manage(secure, "POST", "/users/mia/disable", {})
    await manage(secure, "PATCH", f"/robots/{quote('robot$acme+ci')}", {"enabled": False})
    for ask in ways(secure):
        for client in (mia, robot):
            answer = await ask(client)
            assert answer.status == 401
            assert "is switched off" in answer.message


async def test_a_refusal_is_in_the_audit_log(secure: Secure) -> None:
    await secure.http1(secure.authority.client("nobody"))
    await secure.http1(None)
    house = secure.door.house
    assert house.registry.trail is not None
    await house.registry.trail.flush()
    trail = await secure.door.ask("GET", "/audit?limit=100")
    denied = [line for line in trail.json["items"] if line["operation"] == "login"]
    assert [line["actor"] for line in denied] == ["nobody"]
    assert "client certificate" in denied[0]["detail"]["reason"]


async def test_credentials_win(secure: Secure) -> None:
    """Wrong ones too: who shows a password wants to be somebody by it."""
    mia = secure.authority.client("mia")
    for ask in ways(secure):
        assert (await ask(mia, "/v2/_catalog", ADMIN)).status == 200
        wrong = {"Authorization": basic("mia", "wrong")}
        assert (await ask(mia, headers=wrong)).status == 401
        assert (await ask(mia, headers={"Authorization": "Bearer x"})).status == 401
        token = await ask(mia, "/service/token?scope=registry:catalog:*", ADMIN)
        claims = claims_of(token)
        assert claims["sub"] == "admin"


async def test_a_token_for_a_certificate(secure: Secure) -> None:
    mia = secure.authority.client("mia")
    for ask in ways(secure):
        path = "/service/token?scope=repository:acme/app:pull,push&offline_token=true"
        answer = await ask(mia, path)
        assert answer.status == 200
        assert "refresh_token" not in answer.json
        claims = claims_of(answer)
        assert claims["sub"] == "mia"
        assert claims["access"][0]["actions"] == ["pull", "push"]
        bearer = {"Authorization": f"Bearer {answer.json['token']}"}
        assert (await ask(None, "/v2/acme/app/tags/list", bearer)).status == 404
        assert (await ask(mia, "/service/token")).status == 200


async def test_the_management_api(secure: Secure) -> None:
    mia, admin = (secure.authority.client(name) for name in ("mia", "admin"))
    for ask in ways(secure):
        assert (await ask(mia, f"{API}/projects")).status == 200
        assert (await ask(mia, f"{API}/users")).status == 403
        assert (await ask(admin, f"{API}/users")).status == 200
        body = json.dumps({"name": f"made-by-{ask.__name__}"}).encode()
        made = await ask(admin, f"{API}/projects", JSON, method="POST", body=body)
        assert made.status == 201


async def test_other_fields_of_a_certificate(tmp_path: Path) -> None:
    async with open_secure(tmp_path, "tls_client_name = 'dns'") as secure:
        await manage(secure, "POST", "/users", {"name": "ci.example.com", "password": PASSWORD})
        names = (x509.DNSName("ci.example.com"),)
        for ask in ways(secure):
            assert (await ask(secure.authority.client("admin", names=names))).status == 200
            answer = await ask(secure.authority.client("admin"))
            assert answer.status == 401
            assert "it has no alternative DNS name" in answer.message


async def test_a_reload_changes_authorities_and_keeps_asking(
    secure: Secure, tmp_path: Path
) -> None:
    """The server's own certificate, the authorities of clients, and both again."""
    old, newer = secure.authority, Authority(tmp_path, "newer")
    secure.hangup(toml_of(secure.folder, old))
    for ask in ways(secure):
        assert (await ask(old.client("mia"))).status == 200
    secure.hangup(toml_of(secure.folder, newer))
    for ask in ways(secure):
        assert (await ask(newer.client("mia"))).status == 200
        with pytest.raises(BROKEN):
            await ask(old.client("mia"))
        assert (await ask(None, headers=ADMIN)).status == 200
    # The same file with other content, as tools renew it; then one that cannot be used.
    toml = toml_of(secure.folder, newer)
    newer.file.write_bytes(newer.file.read_bytes() + old.file.read_bytes())
    secure.hangup(toml)
    for ask in ways(secure):
        assert (await ask(newer.client("mia"))).status == 200
        assert (await ask(old.client("mia"))).status == 200
    newer.file.write_text("nonsense")
    secure.hangup(toml)
    assert "(server.tls_client_ca) is no file of certificates in PEM" in secure.told.getvalue()
    assert (await secure.http1(old.client("mia"))).status == 200
    expired = old.client("mia", life=timedelta(minutes=-1))
    with pytest.raises(BROKEN):
        await secure.http1(expired)
