"""Entrepot started as a registry:2 would be, and an nginx with TLS in front of it."""

import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from entrepot.adapters.tls import own_certificate
from tests.blackbox.processes import Argument, Daemon, Workspace, base_environment
from tests.blackbox.server import ADDRESS, Registry
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login

# What registry:2 keeps its data in; bound there for the server alone, its configuration hidden.
DATA = Path("/var/lib/registry")
IN_PLACE = (
    "mount -t tmpfs none /var/lib && mkdir /var/lib/registry && "
    'mount --bind "$0" /var/lib/registry && '
    "{ [ ! -d /etc/docker ] || mount -t tmpfs none /etc/docker; } && "
    'exec "$@"'
)

# The recipe of the distribution project, "Authenticate proxy with nginx", but for addresses, files
# and what it says of itself.
NGINX = """\
daemon off;
{user}
pid {home}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  upstream docker-registry {{
    server {upstream};
  }}
  map $upstream_http_docker_distribution_api_version $docker_distribution_api_version {{
    '' 'registry/2.0';
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name localhost;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    client_max_body_size 0;
    chunked_transfer_encoding on;
    location /v2/ {{
      if ($http_user_agent ~ "^(docker\\/1\\.(3|4|5(?!\\.[0-9]-dev))|Go ).*$" ) {{
        return 404;
      }}
      add_header 'Docker-Distribution-Api-Version' $docker_distribution_api_version always;
      proxy_pass                          http://docker-registry;
      proxy_set_header  Host              $http_host;
      proxy_set_header  X-Real-IP         $remote_addr;
      proxy_set_header  X-Forwarded-For   $proxy_add_x_forwarded_for;
      proxy_set_header  X-Forwarded-Proto $scheme;
      proxy_read_timeout                  900;
    }}
  }}
}}
"""


def write_users(path: Path, *logins: Login) -> None:
    """Write an htpasswd file as `htpasswd -B` does, put into place at once."""
    fresh = path.with_suffix(".new")
    hashes = [bcrypt.hashpw(one.password.encode(), bcrypt.gensalt(5)).decode() for one in logins]
    lines = [
        f"{one.username}:{hashed.replace('$2b$', '$2y$', 1)}\n"
        for one, hashed in zip(logins, hashes, strict=True)
    ]
    fresh.write_text("".join(lines))
    fresh.replace(path)


def start(
    workspace: Workspace,
    variables: dict[str, str],
    login: Login | None,
    *,
    data: Path | None = None,
) -> Registry:
    """Start `entrepot serve` with nothing but variables, on a free port of loopback.

    Where this may be done, the data lies where registry:2 has it: nothing says so.
    """
    home = workspace.directory("registry2")
    data = data or workspace.directory("volume")
    env = base_environment(home) | variables | {"REGISTRY_HTTP_ADDR": "127.0.0.1:0"}
    command: list[Argument] = [Path(sys.executable).with_name("entrepot"), "serve"]
    if in_place():
        command = ["unshare", "--mount", "sh", "-c", IN_PLACE, data, *command]
    else:
        env["REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"] = str(data)
    daemon = workspace.start(command, env=env)
    daemon.wait_for(lambda: address_of(daemon) is not None, "the server prints its address")
    return Registry(address_of(daemon) or "", login, daemon)


def in_place() -> bool:
    """Whether servers find their data at `DATA`."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


def address_of(daemon: Daemon) -> str | None:
    """The address that the server has printed."""
    *lines, _ = daemon.output().split("\n")
    found = ADDRESS.search("\n".join(lines))
    return found.group().replace("localhost", "127.0.0.1") if found else None


@dataclass(frozen=True, slots=True)
class Proxy:
    """An nginx that ends TLS; `certificates` is a directory with the `ca.crt` that clients need."""

    host: str
    certificates: Path


def start_nginx(toolbox: Toolbox, workspace: Workspace, upstream: str) -> Proxy:
    """Start one on a free port of loopback; skips where it is not installed."""
    nginx = toolbox.system("nginx")
    home = workspace.directory("nginx")
    certificates = home / "certs"
    certificate, key = own_certificate(home / "tls", ["127.0.0.1"], time.time())
    certificates.mkdir()
    shutil.copy(certificate, certificates / "ca.crt")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = home / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    settings.write_text(
        NGINX.format(
            home=home, user=user, upstream=upstream, port=port, certificate=certificate, key=key
        )
    )
    daemon = workspace.start([nginx, "-p", home, "-c", settings], env=base_environment(home))

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    daemon.wait_for(listens, "nginx listens")
    return Proxy(f"127.0.0.1:{port}", certificates)
