"""Behind a real nginx: TLS ends there, clients keep their addresses, images pass."""

import json
import re
import secrets
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from entrepot.adapters.tls import own_certificate
from tests.blackbox.processes import Daemon, Workspace, base_environment
from tests.blackbox.server import ADMINISTRATOR
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login, Wire
from tools.corpus.shelf import Shelf

# Neither is a trusted proxy: nginx asks from 127.0.0.1, and clients come from here.
CLIENT = "127.0.0.2"
LIE = "203.0.113.9"
REALM = re.compile(r'realm="([^"]+)"')

CONFIGURATION = """
user root;
daemon off;
pid {home}/pid;
error_log stderr;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    client_max_body_size 0;
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_set_header Host inner.example;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    server {{
        listen 127.0.0.1:{plain};
        location / {{ proxy_pass http://unix:{unix}:; }}
    }}
    server {{
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{ proxy_pass http://{upstream}; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """Entrepot, and nginx in front of it: by Unix socket on `plain`, by TCP on `secure`."""

    entrepot: Daemon
    inner: str
    plain: int
    secure: int
    certificate: Path
    login: Login

    def logged(self, path: str) -> str:
        """The client's address in the access log's line of a path asked once."""
        found: list[str] = []

        def seen() -> bool:
            lines = [line for line in self.entrepot.output().splitlines() if path in line]
            found[:] = [json.loads(line)["client"] for line in lines]
            return bool(found)

        self.entrepot.wait_for(seen, f"a line of {path} in the access log")
        (client,) = found
        return client


@pytest.fixture(scope="module")
def site(toolbox: Toolbox, server_workspace: Workspace) -> Iterator[Site]:
    """One of each; they end with the workspace."""
    nginx = toolbox.system("nginx")
    home = server_workspace.directory("proxied")
    login = Login(ADMINISTRATOR, secrets.token_urlsafe(12))
    env = base_environment(home) | {
        "ENTREPOT_ADMIN_PASSWORD": login.password,
        "ENTREPOT_SERVER_TRUSTED_PROXIES": "127.0.0.1,unix",
    }
    program = Path(sys.executable).with_name("entrepot")
    unix = home / "s"
    listen = ["--listen", "127.0.0.1:0", "--listen", f"unix:{unix}"]
    entrepot = server_workspace.start([program, "serve", "--data", home / "data", *listen], env=env)
    address = home / "data" / "run" / "address"
    entrepot.wait_for(address.exists, "the server says where it listens")
    inner = address.read_text().split()[0].removeprefix("http://")
    certificate, key = own_certificate(home / "tls", [], time.time())
    plain, secure = _free_port(), _free_port()
    configuration = home / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            home=home,
            plain=plain,
            secure=secure,
            unix=unix,
            certificate=certificate,
            key=key,
            upstream=inner,
        )
    )
    proxy = server_workspace.start(
        [nginx, "-p", home, "-c", configuration, "-e", "stderr"], env=base_environment(home)
    )
    proxy.wait_for(lambda: _listens(secure), "nginx listens")
    yield Site(entrepot, inner, plain, secure, certificate, login)
    proxy.stop()
    entrepot.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def get(connection: HTTPConnection, path: str, **headers: str) -> HTTPResponse:
    """One answer, read whole."""
    connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_the_realm_is_where_the_client_asked(site: Site) -> None:
    context = ssl.create_default_context(cafile=site.certificate)
    base = f"https://localhost:{site.secure}"
    answer = get(HTTPSConnection("localhost", site.secure, context=context), "/v2/")
    assert answer.status == 401
    (realm,) = REALM.findall(answer.getheader("www-authenticate", ""))
    assert realm == f"{base}/service/token"
    token = get(
        HTTPSConnection("localhost", site.secure, context=context),
        realm.removeprefix(base) + "?service=entrepot",
        Authorization=site.login.basic,
    )
    assert token.status == 200


def test_the_realm_on_a_plain_port(site: Site) -> None:
    answer = get(HTTPConnection("127.0.0.1", site.plain), "/v2/")
    (realm,) = REALM.findall(answer.getheader("www-authenticate", ""))
    assert realm == f"http://127.0.0.1:{site.plain}/service/token"


def test_clients_keep_their_addresses_and_cannot_take_others(site: Site) -> None:
    context = ssl.create_default_context(cafile=site.certificate)
    source = (CLIENT, 0)
    ways = {
        "/v2/by-unix/tags/list": HTTPConnection("127.0.0.1", site.plain, source_address=source),
        "/v2/by-tcp/tags/list": HTTPSConnection(
            "127.0.0.1", site.secure, source_address=source, context=context
        ),
        "/v2/directly/tags/list": HTTPConnection(site.inner, source_address=source),
    }
    for path, connection in ways.items():
        get(connection, path, X_Forwarded_For=LIE, Forwarded=f"for={LIE}")
        assert site.logged(path) == CLIENT


def test_a_stranger_cannot_choose_the_realm(site: Site) -> None:
    connection = HTTPConnection(site.inner, source_address=(CLIENT, 0))
    answer = get(connection, "/v2/", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
    (realm,) = REALM.findall(answer.getheader("www-authenticate", ""))
    assert realm == f"http://{site.inner}/service/token"


def test_images_pass(site: Site, shelf: Shelf) -> None:
    image = shelf.image("platforms")
    wire = Wire(f"http://127.0.0.1:{site.plain}", site.login)
    wire.push(image, "behind/nginx")
    wire.assert_identical(image, "behind/nginx")
