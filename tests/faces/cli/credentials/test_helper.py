"""docker-credential-entrepot, run as docker runs it."""

import http.server
import json
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entrepot import __version__
from tests.faces.cli.credentials.places import Place, id_token, make_place

NOT_FOUND = b"credentials not found in native keychain\n"
ROOT = Path(__file__).parents[4]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def entry(server: str, username: str = "alice", secret: str = "sesame") -> str:
    return json.dumps({"ServerURL": server, "Username": username, "Secret": secret})


def test_it_is_installed_as_a_program() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["docker-credential-entrepot"] == "entrepot.faces.cli.credentials.helper:main"


def test_what_is_stored_is_had_listed_and_erased(place: Place) -> None:
    assert place.helper("list").stdout == b"{}\n"
    assert place.helper("store", entry("https://index.docker.io/v1/")).returncode == 0
    assert place.helper("store", entry("reg:5000", "<token>", "identity")).stdout == b""
    had = place.helper("get", "reg:5000")
    assert (had.returncode, json.loads(had.stdout)) == (
        0,
        {"ServerURL": "reg:5000", "Username": "<token>", "Secret": "identity"},
    )
    listed = {"https://index.docker.io/v1/": "alice", "reg:5000": "<token>"}
    assert json.loads(place.helper("list").stdout) == listed
    assert place.helper("erase", "https://reg:5000\n").returncode == 0
    gone = place.helper("get", "reg:5000")
    assert (gone.returncode, gone.stdout, gone.stderr) == (1, NOT_FOUND, b"")
    assert place.helper("erase", "reg:5000").returncode == 0


def test_many_at_once_lose_nothing(place: Place) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda n: place.helper("store", entry(f"reg{n}")).returncode, range(12))
        )
    assert done == [0] * 12
    assert len(json.loads(place.helper("list").stdout)) == 12


@pytest.mark.parametrize(
    "action,given,said",
    [
        ("get", "", b"no credentials server URL\n"),
        ("store", "{}", b"no credentials server URL\n"),
        ("store", '{"ServerURL": "reg"}', b"no credentials username\n"),
        ("store", "[]", b"what was sent is not a JSON object"),
        ("store", "[" * 100_000, b"what was sent is not a JSON object"),
        ("store", '{"ServerURL": "reg", "Username": 1}', b"what was sent is not a JSON object"),
        ("store", entry("reg", secret="x" * 40_000), b"the secret is too long"),
        ("steal", "", b"Usage: docker-credential-entrepot get|store|erase|list|version"),
    ],
)
def test_a_refusal_is_status_1_on_stdout(
    place: Place, action: str, given: str, said: bytes
) -> None:
    done = place.helper(action, given)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(said)
    assert not place.box.exists()


def test_it_says_its_version_and_its_use(place: Place) -> None:
    said = place.helper("version").stdout.decode()
    assert said == f"docker-credential-entrepot (entrepot) v{__version__}\n"
    assert place.helper("--help").stdout.startswith(b"Usage: ")


def test_a_workload_is_had_from_the_environment(place: Place) -> None:
    token = id_token(aud="https://reg")
    had = place.helper("get", "reg", {"ENTREPOT_ID_TOKEN": token})
    assert json.loads(had.stdout) == {"ServerURL": "reg", "Username": "workload", "Secret": token}
    assert not place.box.exists()


def test_what_was_stored_comes_before_the_environment(place: Place) -> None:
    place.helper("store", entry("reg"))
    had = place.helper("get", "reg", {"ENTREPOT_ID_TOKEN": id_token(aud="reg")})
    assert json.loads(had.stdout)["Username"] == "alice"


def test_a_workload_without_a_token_is_told_what_is_missing(place: Place) -> None:
    place.box.parent.mkdir(parents=True)
    place.box.write_text('{"version": 1, "servers": {"reg": {"url": "reg", "workload": true}}}')
    done = place.helper("get", "reg")
    assert (done.returncode, done.stdout) == (1, NOT_FOUND)
    assert b"permission 'id-token: write'" in done.stderr
    assert json.loads(place.helper("list").stdout) == {"reg": "workload"}


def test_githubs_token_is_asked_for_each_time(place: Place) -> None:
    token = id_token(aud="reg")
    asked: list[tuple[str, str | None]] = []

    class Github(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"value": token}).encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Github) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        variables = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/t?v=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
            "ENTREPOT_SERVER": "https://reg",
        }
        had = place.helper("get", "reg", variables)
    assert json.loads(had.stdout)["Secret"] == token
    assert asked == [("/t?v=2&audience=reg", "Bearer runner")]


def test_it_loads_nothing_heavy(place: Place) -> None:
    """Docker waits for it several times in each command."""
    script = (
        "import sys; before = set(sys.modules); import entrepot.faces.cli.credentials.helper; "
        "print(*sorted(set(sys.modules) - before))"
    )
    program = place.program("probe", f"#!{sys.executable}\n{script}\n")
    loaded = set(subprocess.check_output([program], text=True).split())
    heavy = {"asyncio", "click", "http.client", "msgspec", "socket", "ssl", "subprocess", "email"}
    assert loaded & heavy == set()
