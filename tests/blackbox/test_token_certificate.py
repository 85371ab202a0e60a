"""Tokens with a certificate chain: registries of distribution believe them."""

import json
import socket
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.blackbox.processes import Workspace, base_environment
from tests.blackbox.server import Registry, own_registry
from tests.blackbox.toolbox import Toolbox
from tests.chains import PrivateKey, ec_key, rsa_key, write_chain

CONFIG = """\
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {root}}}
http: {{addr: "{host}", secret: not-secret}}
auth:
  token:
    realm: {realm}/service/token
    service: entrepot
    issuer: entrepot
    rootcertbundle: {bundle}
"""


def ask(host: str, method: str, path: str, token: str = "", **fields: str) -> tuple[int, str]:
    """Return status and body of one request."""
    connection = HTTPConnection(host, timeout=30)
    headers = {**fields, **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def start_distribution(toolbox: Toolbox, workspace: Workspace, realm: str, bundle: Path) -> str:
    """Start Debian's docker-registry with token authentication; return its host."""
    program = toolbox.system("docker-registry")
    home = workspace.directory("distribution")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = f"127.0.0.1:{taken.getsockname()[1]}"
    config = home / "config.yml"
    config.write_text(CONFIG.format(root=home / "data", host=host, realm=realm, bundle=bundle))
    daemon = workspace.start([program, "serve", config], env=base_environment(home))

    def answers() -> bool:
        try:
            return ask(host, "GET", "/v2/")[0] == 401
        except OSError:
            return False

    daemon.wait_for(answers, "docker-registry asks for a token")
    return host


def token_of(registry: Registry, scope: str) -> str:
    """Return an access token of our server's."""
    if registry.login is None:
        raise AssertionError("it has a user")
    path = f"/service/token?service=entrepot&scope={scope}"
    status, body = ask(registry.host, "GET", path, Authorization=registry.login.basic)
    assert status == 200, body
    return str(json.loads(body)["token"])


@pytest.mark.parametrize("make", [ec_key, rsa_key], ids=["ES256", "RS256"])
def test_distribution_trusts_our_tokens_by_their_chain(
    make: Callable[[], PrivateKey], toolbox: Toolbox, workspace: Workspace
) -> None:
    files = write_chain(workspace.directory("chain"), make())
    settings = {
        "ENTREPOT_AUTH_TOKEN_KEY": str(files.key),
        "ENTREPOT_AUTH_TOKEN_CERTS": str(files.certs),
    }
    with own_registry(workspace, open_to_all=False, settings=settings) as registry:
        host = start_distribution(toolbox, workspace, registry.url, files.root)
        token = token_of(registry, "repository:team/app:pull,push")
        assert ask(host, "GET", "/v2/", token)[0] == 200
        assert ask(host, "POST", "/v2/team/app/blobs/uploads/", token)[0] == 202
        # It reads what the token is for, and nothing that was changed.
        assert ask(host, "POST", "/v2/team/other/blobs/uploads/", token)[0] == 401
        start, claims, signature = token.split(".")
        assert ask(host, "GET", "/v2/", f"{start}.{claims}.{signature[::-1]}")[0] == 401
        # And our own registry takes it too.
        assert ask(registry.host, "POST", "/v2/team/app/blobs/uploads/", token)[0] == 202


def test_distribution_refuses_tokens_of_another_authority(
    toolbox: Toolbox, workspace: Workspace
) -> None:
    files = write_chain(workspace.directory("chain"), ec_key())
    other = write_chain(workspace.directory("other"), ec_key())
    settings = {
        "ENTREPOT_AUTH_TOKEN_KEY": str(files.key),
        "ENTREPOT_AUTH_TOKEN_CERTS": str(files.certs),
    }
    with own_registry(workspace, open_to_all=False, settings=settings) as registry:
        host = start_distribution(toolbox, workspace, registry.url, other.root)
        token = token_of(registry, "repository:team/app:pull")
        assert ask(host, "GET", "/v2/", token)[0] == 401
