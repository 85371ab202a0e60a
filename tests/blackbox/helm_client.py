"""Runs inside Helm's own environment: `python helm_client.py FILE`.

FILE holds a JSON object: host, username, password (or null), home (an existing,
empty directory). Packages a chart, logs in, pushes it and pulls it back; prints
a JSON object with what Helm says about it. With a `verb` (login, push, pull) it
does just that, to `chart` (a repository), and prints the digest if it pulled.
"""

import json
import sys
from pathlib import Path
from typing import Any

# Helm's Go library in its Python wrapper; it is not in the project's own environment.
import helm_python as helm  # type: ignore[import-not-found, unused-ignore]

VERSION = "0.2.0+build.1"
CHART = {
    "Chart.yaml": f"apiVersion: v2\nname: demo\nversion: {VERSION}\n",
    "values.yaml": "replicas: 1\n",
    "templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n",
}


def _package(home: Path, chart: str = "demo") -> Path:
    for name, text in CHART.items():
        path = home / chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("name: demo", f"name: {chart}"))
    return Path(helm.package(str(home / chart), destination=str(home)))


def _round_trip(given: dict[str, Any]) -> dict[str, Any]:
    home, charts = Path(given["home"]), f"oci://{given['host']}/helm"
    archive = _package(home)
    client = helm.RegistryClient(plain_http=True, credentials_file=str(home / "login.json"))
    if given["username"] is not None:
        client.login(given["host"], given["username"], given["password"], plain_http=True)
    pushed = client.push(str(archive), charts, plain_http=True)
    fetched = home / "fetched"
    fetched.mkdir()
    chart = f"{charts}/demo"
    client.pull(chart, version=VERSION, destination=str(fetched), plain_http=True)
    (pulled,) = fetched.iterdir()
    return {
        "version": helm.helm_sdk_version(),
        "pushed": pushed,
        "same": pulled.read_bytes() == archive.read_bytes(),
        "tags": client.tags(chart.removeprefix("oci://")),
    }


def _one_step(given: dict[str, Any]) -> None:
    home, host = Path(given["home"]), given["host"]
    client = helm.RegistryClient(plain_http=True, credentials_file=str(home / "login.json"))
    path, _, name = given["chart"].rpartition("/")
    if given["verb"] == "login":
        client.login(host, given["username"], given["password"], plain_http=True)
    elif given["verb"] == "push":
        archive = _package(home, name)
        client.push(str(archive), f"oci://{host}/{path}", plain_http=True)
    else:
        fetched = home / "fetched"
        fetched.mkdir(exist_ok=True)
        chart = f"oci://{host}/{path}/{name}"
        client.pull(chart, version=VERSION, destination=str(fetched), plain_http=True)
        file = f"{name}-{VERSION}.tgz"
        same = (fetched / file).read_bytes() == (home / file).read_bytes()
        sys.stdout.write("same" if same else "another")


def _main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    if "verb" in given:
        _one_step(given)
    else:
        json.dump(_round_trip(given), sys.stdout)


_main()
