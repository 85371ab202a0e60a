"""A server whose blobs are in a bucket: killed, and redirecting."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.libpod import skopeo_at_home
from tests.blackbox.processes import Argument, Workspace, base_environment
from tests.blackbox.server import ADDRESS, own_registry
from tests.blackbox.test_skopeo import FROM, TO
from tests.blackbox.toolbox import Toolbox
from tests.servers.seaweed import KEY, SECRET, Seaweed
from tools.corpus.shelf import Shelf

DATA = bytes(range(256)) * 50_000
"""12.8 MB: a part of 8 MiB and a rest that is less than the least part."""
CUTS = (0, 6_000_000, 6_000_100, len(DATA))


def settings_of(seaweed: Seaweed, **more: str) -> Mapping[str, str]:
    return {
        "ENTREPOT_STORAGE_BLOBS": seaweed.url(),
        "ENTREPOT_OBJECTS_ENDPOINT": seaweed.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        **more,
    }


def ask(
    url: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@contextmanager
def killed(workspace: Workspace, data: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Run a server on a data directory, give its URL, and kill it in the end."""
    words: list[Argument] = [Path(sys.executable).with_name("entrepot"), "serve", "--open"]
    words += ["--data", data, "--listen", "127.0.0.1:0"]
    daemon = workspace.start(words, env={**base_environment(data), **settings})
    try:
        daemon.wait_for(lambda: ADDRESS.search(daemon.output()) is not None, "it is ready")
        found = ADDRESS.search(daemon.output())
        assert found is not None
        yield found.group()
    finally:
        daemon.process.kill()
        daemon.process.wait()


def test_an_upload_outlives_the_server(server_workspace: Workspace, seaweed: Seaweed) -> None:
    settings, data = settings_of(seaweed), server_workspace.directory("data")
    place = ""
    for start, end in pairwise(CUTS):
        with killed(server_workspace, data, settings) as url:
            if not place:
                place = ask(url, "POST", "/v2/app/blobs/uploads/")[1]["Location"]
            else:
                status, headers, _ = ask(url, "GET", place)
                assert (status, headers["Range"]) == (204, f"0-{start - 1}")
            span = f"{start}-{end - 1}"
            status, headers, _ = ask(url, "PATCH", place, DATA[start:end], Content_Range=span)
            assert status == 202
            place = headers["Location"]
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    with killed(server_workspace, data, settings) as url:
        status, _, body = ask(url, "PUT", f"{place}?digest={digest}")
        assert status == 201, body
    with killed(server_workspace, data, settings) as url:
        assert ask(url, "GET", f"/v2/app/blobs/{digest}")[2] == DATA
        status, _, part = ask(url, "GET", f"/v2/app/blobs/{digest}", Range="bytes=5-9")
        assert (status, part) == (206, DATA[5:10])


@pytest.mark.parametrize("redirect", ["true", "false"])
def test_clients_are_sent_to_the_bucket(
    server_workspace: Workspace,
    seaweed: Seaweed,
    toolbox: Toolbox,
    shelf: Shelf,
    scratch: Path,
    redirect: str,
) -> None:
    settings = settings_of(seaweed, ENTREPOT_OBJECTS_REDIRECT=redirect)
    skopeo, layout = skopeo_at_home(toolbox, server_workspace), scratch / "fetched"
    image = shelf.big()
    with own_registry(server_workspace, open_to_all=True, settings=settings) as registry:
        remote = f"docker://{registry.name('objects')}"
        skopeo("copy", TO, f"oci:{image.layout.path}:{image.reference}", remote)
        skopeo("copy", FROM, remote, f"oci:{layout}:x")
        assert registry.daemon is not None
        assert ('"status": 307' in registry.daemon.output()) == (redirect == "true")
    assert_layout_holds(layout, image)
