"""Helm (its own Go library) against a real server."""

import json
from pathlib import Path

from tests.blackbox.processes import Workspace, base_environment, run
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox, absent
from tools.corpus.layout import digest_of

PROGRAM = Path(__file__).with_name("helm_client.py")


def test_chart(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> None:
    python = toolbox.helm / "bin" / "python"
    if not python.exists():
        absent("helm is not here: run tools/clients.sh install --newest")
    home = workspace.directory("helm")
    login = registry.login
    given = {
        "host": registry.host,
        "home": str(home),
        "username": login and login.username,
        "password": login and login.password,
    }
    request = home / "request.json"
    request.write_text(json.dumps(given))
    said = json.loads(run([python, PROGRAM, request], env=base_environment(home)).stdout)
    assert said["same"]
    # Tags cannot hold a plus sign: Helm writes and reads an underscore in its place.
    assert said["tags"] == ["0.2.0+build.1"]
    assert registry.wire().tags("helm/demo") == ["0.2.0_build.1"]
    manifest = json.loads(registry.wire().manifest("helm/demo", "0.2.0_build.1"))
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    archive = (home / "demo-0.2.0+build.1.tgz").read_bytes()
    assert digest_of(archive) in {layer["digest"] for layer in manifest["layers"]}
