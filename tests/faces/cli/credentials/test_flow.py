"""A login, against a registry that does what others do."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.adapters.tls import own_certificate
from entrepot.faces.cli.credentials import web
from entrepot.faces.cli.credentials.dockerconfig import Credentials
from entrepot.faces.cli.credentials.flow import exchange, log_in, reach
from entrepot.faces.cli.credentials.names import CredentialError
from entrepot.faces.cli.credentials.web import Web
from tests.faces.cli.credentials.registry import (
    ACCESS,
    PASSWORD,
    REFRESH,
    USER,
    Registry,
    registry,
)

ALICE = Credentials(USER, PASSWORD)
TOKEN = Credentials(USER, REFRESH, is_token=True)
WEB = Web()


@pytest.fixture
def there() -> Iterator[Registry]:
    with registry() as made:
        yield made


def logged_in(there: Registry, credentials: Credentials = ALICE) -> Credentials:
    return log_in(reach(there.host, WEB), credentials, WEB)


def test_the_flow_is_dockers(there: Registry) -> None:
    assert logged_in(there) == TOKEN
    _, (_, path, headers, query), (_, last, proof, _) = [
        asked for asked in there.asked if asked[0] == "GET"
    ]
    assert (path, last) == ("/token", "/v2/")
    assert query == {
        "account": ["alice"],
        "client_id": ["entrepot"],
        "offline_token": ["true"],
        "service": ["test"],
    }
    assert headers["Authorization"].startswith("Basic ")
    assert proof["Authorization"] == f"Bearer {ACCESS}"


def test_without_an_identity_token_the_password_is_kept(there: Registry) -> None:
    there.refresh = ""
    assert logged_in(there) == ALICE


def test_basic_will_do(there: Registry) -> None:
    there.challenge = "basic"
    assert logged_in(there) == ALICE
    with pytest.raises(CredentialError, match="does not take this user name and password"):
        logged_in(there, Credentials(USER, "wrong one"))
    with pytest.raises(CredentialError, match="has no tokens of its own"):
        logged_in(there, TOKEN)


def test_where_nobody_is_asked_anything_goes(there: Registry) -> None:
    there.challenge = "none"
    assert logged_in(there) == ALICE
    assert [asked[1] for asked in there.asked] == ["/v2/"]


def test_an_identity_token_is_shown_by_the_grant_of_refresh_tokens(there: Registry) -> None:
    assert logged_in(there, TOKEN) == TOKEN
    form = next(asked[3] for asked in there.asked if asked[0] == "POST")
    assert (form["grant_type"], form["service"]) == (["refresh_token"], ["test"])
    with pytest.raises(CredentialError, match="was revoked, or is too old"):
        logged_in(there, Credentials("", "an old one", is_token=True))


def test_an_id_token_is_exchanged(there: Registry) -> None:
    there.id_token = "head.claims.signature"
    assert exchange(reach(there.host, WEB), there.id_token, WEB) == 300
    form = next(asked[3] for asked in there.asked if asked[0] == "POST")
    assert form == {
        "grant_type": ["urn:ietf:params:oauth:grant-type:token-exchange"],
        "subject_token": ["head.claims.signature"],
        "subject_token_type": ["urn:ietf:params:oauth:token-type:jwt"],
        "service": ["test"],
        "client_id": ["entrepot"],
    }
    with pytest.raises(CredentialError, match="does not take this token"):
        exchange(reach(there.host, WEB), "another.one.x", WEB)


def test_a_wrong_password_is_told_with_the_servers_words_made_harmless(there: Registry) -> None:
    with pytest.raises(CredentialError) as caught:
        logged_in(there, Credentials(USER, "wrong one"))
    expected = f"{there.host} does not take this user name and password: who are you?[31m?"
    assert str(caught.value) == expected


def test_a_server_that_repeats_the_password_is_not_repeated(there: Registry) -> None:
    told = json.dumps({"errors": [{"message": f"no user has {PASSWORD}"}]}).encode()
    there.instead["/token"] = (401, {}, told)
    with pytest.raises(CredentialError, match=r"no user has \*\*\*"):
        logged_in(there)


@pytest.mark.parametrize(
    "after,when", [("30", "in 30 seconds"), ("", "later"), ("\u00b2", "later"), ("soon", "later")]
)
@pytest.mark.parametrize("path", ["/token", "/v2/"])
def test_too_many_attempts_are_told_with_a_time(
    there: Registry, path: str, after: str, when: str
) -> None:
    there.instead[path] = (429, {"Retry-After": after}, b"")
    with pytest.raises(CredentialError, match=f"asked too often, .*: try again {when}"):
        logged_in(there)


@pytest.mark.parametrize(
    "answer,message",
    [
        ((404, {}, b"<html>"), "is not a container registry: it answered 404"),
        ((200, {}, b"<html>"), "is not a container registry: it answered 200"),
        ((401, {}, b""), "is not a container registry: it answered 401"),
        ((301, {"Location": "https://elsewhere/"}, b""), "sends clients to https://elsewhere/"),
        ((401, {"WWW-Authenticate": "Negotiate"}, b""), "none that is known here: Negotiate"),
    ],
)
def test_what_is_no_registry_is_told(
    there: Registry, answer: tuple[int, dict[str, str], bytes], message: str
) -> None:
    there.instead["/v2/"] = answer
    with pytest.raises(CredentialError, match=message):
        logged_in(there)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"token": 1}', b'{"token": "a\\r\\nX: y"}', b'{"token": "\\u00e9"}']
)
def test_a_token_that_is_none_is_told(there: Registry, body: bytes) -> None:
    there.instead["/token"] = (200, {}, body)
    with pytest.raises(CredentialError, match="gave no token"):
        logged_in(there)


def test_a_token_that_is_not_taken_is_told(there: Registry) -> None:
    there.instead["/token"] = (200, {}, b'{"token": "x"}')
    with pytest.raises(CredentialError, match="did not take it"):
        logged_in(there)


@pytest.mark.parametrize(
    "realm",
    [
        "http://elsewhere.example.com/token",
        "ftp://localhost/token",
        "file:///etc/passwd",
        "https://user@localhost/token",
        "https:///token",
        "http://[/",
        "x",
    ],
)
def test_the_password_goes_nowhere_unsafe(there: Registry, realm: str) -> None:
    there.realm = realm
    with pytest.raises(CredentialError, match="is not safe"):
        logged_in(there)
    assert all("Authorization" not in asked[2] for asked in there.asked)


def test_nobody_there_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(CredentialError, match=f"{host} cannot be reached: Connection refused"):
            reach(host, WEB)


def test_http_where_tls_was_asked_for_is_told(there: Registry) -> None:
    with pytest.raises(CredentialError, match="speaks plain HTTP"):
        reach(f"https://{there.host}", WEB)
    with pytest.raises(CredentialError, match="add --insecure if you trust"):
        reach("http://registry.example.com", WEB)


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n", b""])
def test_what_speaks_no_http_is_told(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(2):
                with server.accept()[0] as peer:
                    peer.recv(100)
                    peer.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(CredentialError, match=r"cannot be reached|no safe connection"):
            reach(f"127.0.0.1:{server.getsockname()[1]}", WEB)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Registry, Path]]:
    """One with TLS, and the certificate of its authority."""
    certificate, key = own_certificate(tmp_path, ["localhost"], time.time())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with registry(context) as made:
        yield made, certificate


def test_a_certificate_of_an_unknown_authority_is_told(secure: tuple[Registry, Path]) -> None:
    there, _ = secure
    with pytest.raises(CredentialError, match=rf"not trusted .*/certs.d/{there.host}/ca.crt"):
        reach(there.host, WEB)
    assert there.asked == []


def test_an_authority_is_found_where_docker_looks(
    secure: tuple[Registry, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, certificate = secure
    place = tmp_path / "certs.d" / there.host
    place.mkdir(parents=True)
    monkeypatch.setattr(web, "AUTHORITIES", (str(place.parent),))
    (place / "ca.crt").write_text("no certificate")
    with pytest.raises(CredentialError, match="cannot be read as a certificate"):
        reach(there.host, WEB)
    (place / "ca.crt").write_bytes(certificate.read_bytes())
    assert logged_in(there) == TOKEN


def test_insecure_takes_any_certificate(secure: tuple[Registry, Path]) -> None:
    there, _ = secure
    careless = Web(insecure=True)
    assert log_in(reach(there.host, careless), ALICE, careless) == TOKEN


def test_a_password_that_came_by_tls_leaves_by_tls(
    secure: tuple[Registry, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert logged_in(there) == TOKEN
    there.realm = f"http://{there.host}/token"
    with pytest.raises(CredentialError, match="is not safe"):
        logged_in(there)


def test_loopback_is_reached_without_a_proxy(
    there: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert logged_in(there) == TOKEN
    with pytest.raises(CredentialError, match="cannot be reached: Connection refused"):
        reach("registry.example.com", WEB)
