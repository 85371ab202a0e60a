"""What `entrepot client-setup` writes is what clients need."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.containerd import ContainerdEngines
from tests.blackbox.libpod import skopeo_at_home
from tests.blackbox.processes import CommandFailedError, Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox
from tools.corpus.shelf import Shelf

ADDRESS = re.compile(r"https://([^\s/]+:\d+)\s")
PASSWORD = "client-setup-Password-1"


@dataclass(frozen=True, slots=True)
class Site:
    """A server with TLS, and a root that a client's files are written to."""

    host: str
    root: Path


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    home = workspace.directory("server")
    program = Path(sys.executable).with_name("entrepot")
    words = ("--data", home / "data", "--listen", "127.0.0.1:0", "--tls", "auto")
    env = base_environment(home) | {"ENTREPOT_AUTH_ADMIN_PASSWORD": PASSWORD}
    daemon = workspace.start([program, "serve", *words], env=env)
    daemon.wait_for(lambda: ADDRESS.search(daemon.output()) is not None, "it says where it is")
    address = ADDRESS.search(daemon.output())
    assert address is not None
    root, host = home / "root", address.group(1)
    for client in ("docker", "podman", "containerd"):
        options = ("--registry", f"https://{host}", "--mirror-of", "docker.io", "--write", root)
        ca = ("--ca", home / "data/tls/server.crt")
        run([program, "client-setup", client, *options, *ca], env=env)
    yield Site(host, root)
    assert daemon.stop() == 0


def test_containerd_pulls_by_name_and_as_a_mirror(
    site: Site, toolbox: Toolbox, workspace: Workspace, shelf: Shelf
) -> None:
    skopeo = skopeo_at_home(toolbox, workspace)
    image = shelf.image("platforms")
    source = f"oci:{image.layout.path}:{image.reference}"
    remote, certificates = f"docker://{site.host}/setup:latest", site.root / "etc/docker/certs.d"
    words = ("copy", "--quiet", "--all", "--dest-creds", f"admin:{PASSWORD}", source, remote)
    with pytest.raises(CommandFailedError, match="certificate"):
        skopeo(*words)
    skopeo(*words, "--dest-cert-dir", certificates / site.host)
    ctr = ContainerdEngines.found(toolbox, workspace, newest=False).fresh()
    hosts = ("--hosts-dir", site.root / "etc/containerd/certs.d", "--user", f"admin:{PASSWORD}")
    pull = ("images", "pull", "--all-platforms")
    for name in (f"{site.host}/setup:latest", "docker.io/library/setup:latest"):
        ctr.run(*pull, *hosts, name)
        assert image.digest in ctr.digests(name)


def test_podman_reads_its_files(
    site: Site, toolbox: Toolbox, workspace: Workspace, scratch: Path
) -> None:
    skopeo = skopeo_at_home(toolbox, workspace)
    conf = site.root / "etc/containers/registries.conf.d/50-entrepot.conf"
    trusted = site.root / "etc/containers/certs.d" / site.host
    login = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    (scratch / "auth.json").write_text(json.dumps({"auths": {site.host: {"auth": login}}}))
    words = ("inspect", "--raw", "--authfile", scratch / "auth.json", "--cert-dir", trusted)
    told = skopeo("--registries-conf", conf, *words, "docker://docker.io/library/setup:latest")
    assert "manifests" in told
