"""`entrepot login` and `entrepot logout`, before a registry on loopback."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot.main import main
from tests.faces.cli.credentials.places import Place, id_token, make_place
from tests.faces.cli.credentials.registry import PASSWORD, REFRESH, USER, Registry, registry

KEPT = {"auth": "YWxpY2U6", "identitytoken": REFRESH}
"""Under docker's eyes: a user name, and an identity token."""


@pytest.fixture
def there() -> Iterator[Registry]:
    with registry() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = make_place(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("ENTREPOT_", "DOCKER_", "XDG_", "REGISTRY_", "ACTIONS_")):
            monkeypatch.delenv(name)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def run(*words: str, stdin: str | bytes = f"{PASSWORD}\n") -> Result:
    return CliRunner().invoke(main, words, input=stdin, catch_exceptions=False)


def log_in(there: Registry, *words: str, stdin: str | bytes = f"{PASSWORD}\n") -> Result:
    return run("login", there.host, "-u", USER, "--password-stdin", *words, stdin=stdin)


def test_an_identity_token_is_kept_where_docker_looks(there: Registry, place: Place) -> None:
    done = log_in(there)
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        [f"Login succeeded: alice at {there.host}", f"Kept in {place.config}"],
    )
    assert done.stderr.startswith(f"WARNING: the token in {place.config} is not encrypted")
    assert place.read() == {"auths": {there.host: KEPT}}
    assert PASSWORD not in place.config.read_text() + done.output
    assert REFRESH not in done.output


def test_a_password_is_kept_where_there_are_no_tokens(there: Registry, place: Place) -> None:
    there.challenge = "basic"
    assert "WARNING: the password in" in log_in(there).stderr
    assert place.read()["auths"][there.host].keys() == {"auth"}


def test_a_logout_forgets_it(there: Registry, place: Place) -> None:
    place.write({"auths": {"other": {"auth": "eDp5"}}, "HttpHeaders": {"a": "b"}})
    log_in(there)
    done = run("logout", f"http://{there.host}/")
    assert (done.exit_code, done.stdout) == (0, f"Logged out of {there.host}\n")
    assert place.read() == {"auths": {"other": {"auth": "eDp5"}}, "HttpHeaders": {"a": "b"}}
    assert run("logout", there.host).stdout == f"Nobody was logged in to {there.host}\n"


def test_the_server_may_stand_in_the_environment(
    there: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_SERVER", f"http://{there.host}")
    done = run("login", "-u", USER, "--password-stdin")
    assert (done.exit_code, list(place.read()["auths"])) == (0, [there.host])
    assert run("logout").exit_code == 0


def test_podman_and_a_named_file_are_served_too(
    there: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place.home / "run"))
    auth, other = place.home / "run" / "containers" / "auth.json", place.home / "other.json"
    assert log_in(there, "--podman").exit_code == 0
    assert log_in(there, "--authfile", str(other)).exit_code == 0
    assert auth.read_text() == other.read_text()
    assert not place.config.exists()
    assert run("logout", there.host, "--podman").exit_code == 0
    assert json.loads(auth.read_text()) == {"auths": {}}
    assert log_in(there, "--podman", "--authfile", str(other)).exit_code == 2


def test_our_helper_keeps_it_if_asked(there: Registry, place: Place) -> None:
    done = log_in(there, "--helper")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith("Kept by docker-credential-entrepot\n")
    assert place.read() == {"auths": {there.host: {}}, "credHelpers": {there.host: "entrepot"}}
    had = json.loads(place.helper("get", there.host).stdout)
    assert (had["Username"], had["Secret"]) == ("<token>", REFRESH)
    assert run("logout", there.host).stdout == f"Logged out of {there.host}\n"
    assert json.loads(place.helper("list").stdout) == {}
    assert log_in(there).stdout.endswith("Kept by docker-credential-entrepot\n")


def test_another_helper_keeps_it_if_docker_has_one(there: Registry, place: Place) -> None:
    place.write({"credsStore": "test"})
    place.program(
        "docker-credential-test",
        '#!/bin/sh\ncd "$HOME"\ncase $1 in store) cat > kept;; get) cat kept;; *) rm kept;; esac\n',
    )
    assert log_in(there).stdout.endswith("Kept by docker-credential-test\n")
    kept = json.loads((place.home / "kept").read_text())
    assert kept == {"ServerURL": there.host, "Username": "<token>", "Secret": REFRESH}
    assert run("logout", there.host).stdout == f"Logged out of {there.host}\n"
    assert not (place.home / "kept").exists()


def test_a_helper_that_is_missing_is_told(there: Registry, place: Place) -> None:
    place.write({"credHelpers": {there.host: "absent"}})
    done = log_in(there)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "docker-credential-absent is not installed" in done.stderr


def test_an_identity_token_is_a_way_in(there: Registry, place: Place) -> None:
    done = run("login", there.host, "--token", "--password-stdin", stdin=REFRESH)
    assert done.stdout.startswith(f"Login succeeded: somebody with a token at {there.host}\n")
    assert place.read() == {"auths": {there.host: {"identitytoken": REFRESH}}}


def test_a_workload_keeps_no_secret(
    there: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.id_token = id_token(aud="entrepot")
    assert "has no ID token for" in run("login", there.host, "--workload").stderr
    monkeypatch.setenv("ENTREPOT_ID_TOKEN", there.id_token)
    done = run("login", there.host, "--workload")
    lines = done.stdout.splitlines()
    assert lines[0] == f"Login succeeded: workload at {there.host}"
    assert lines[1] == "The registry takes this workload, for 300 seconds at a time."
    assert lines[2].endswith("nothing secret is kept.")
    kept = place.config.read_text() + place.box.read_text()
    assert there.id_token not in kept
    variables = {"ENTREPOT_ID_TOKEN": there.id_token}
    had = json.loads(place.helper("get", there.host, variables).stdout)
    assert (had["Username"], had["Secret"]) == ("workload", there.id_token)
    assert run("logout", there.host).stdout == f"Logged out of {there.host}\n"


def test_a_workload_that_is_refused_leaves_nothing_behind(
    there: Registry, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_ID_TOKEN", id_token())
    done = run("login", there.host, "--workload")
    assert (done.exit_code, "does not take this token" in done.stderr) == (1, True)
    assert not place.config.exists()
    assert not place.box.exists()


def test_a_wrong_password_changes_nothing(there: Registry, place: Place) -> None:
    log_in(there)
    before = place.config.read_text()
    done = log_in(there, stdin="wrong one")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"entrepot: {there.host} does not take this user name")
    assert place.config.read_text() == before


def test_a_broken_file_is_told_before_the_registry_is_asked(there: Registry, place: Place) -> None:
    place.write("{")
    done = log_in(there)
    assert (done.exit_code, "repair it" in done.stderr) == (1, True)
    assert there.asked == []
    assert place.config.read_text() == "{"


def test_an_open_registry_is_told(there: Registry, place: Place) -> None:
    there.challenge = "none"
    assert "asks nobody for a password" in log_in(there).stderr


@pytest.mark.parametrize(
    "stdin,message",
    [
        ("", "the password is empty"),
        ("\n", "the password is empty"),
        (b"\xff\n", "not valid UTF-8"),
        ("x" * 20_000, "longer than 16384 bytes"),
    ],
    ids=range(4),
)
def test_a_bad_password_is_told_why(
    there: Registry, place: Place, stdin: str | bytes, message: str
) -> None:
    done = log_in(there, stdin=stdin)
    assert (done.exit_code, message in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "words,message",
    [
        (("-p", "sesame", "reg"), "can be seen in the list of processes"),
        (("--password=sesame", "reg"), "can be seen in the list of processes"),
        (("--password-stdin", "reg"), "needs --username"),
        (("--workload", "-u", "alice", "reg"), "needs no user name"),
        ((), "name the server"),
    ],
    ids=range(5),
)
def test_a_misuse_is_status_2(place: Place, words: tuple[str, ...], message: str) -> None:
    done = run("login", *words)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert "sesame" not in done.output


@pytest.mark.parametrize(
    "words,message",
    [
        (("../x",), "../x is not the name of a server"),
        (("http://reg.example.com",), "speaks plain HTTP"),
    ],
    ids=str,
)
def test_a_server_that_cannot_be_is_told(
    place: Place, words: tuple[str, ...], message: str
) -> None:
    done = run("login", "-u", "alice", "--password-stdin", *words)
    assert (done.exit_code, message in done.stderr) == (1, True)


@pytest.mark.parametrize("name", ["a:b", "a\nb", ""])
def test_a_user_name_that_cannot_be_is_told(there: Registry, place: Place, name: str) -> None:
    done = run("login", there.host, "-u", name, "--password-stdin")
    assert (done.exit_code, "a user name cannot" in done.stderr) == (1, True)


def test_without_a_terminal_nobody_is_asked(there: Registry, place: Place) -> None:
    done = run("login", there.host, "-u", USER)
    assert (done.exit_code, "there is no terminal to ask at" in done.stderr) == (1, True)


def test_a_terminal_is_asked_and_shows_no_password(there: Registry, place: Place) -> None:
    ours, theirs = pty.openpty()
    program = "from entrepot.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "login", there.host],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=place.env,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = until(ours, b"User name: ")
        os.write(ours, f"{USER}\n".encode())
        shown += until(ours, b"Password: ")
        os.write(ours, f"{PASSWORD}\n".encode())
        shown += until(ours, b"")
        assert process.wait(20) == 0, shown
    os.close(ours)
    assert b"Login succeeded: alice" in shown
    assert PASSWORD.encode() not in shown
    assert place.read()["auths"][there.host] == KEPT


def until(terminal: int, mark: bytes) -> bytes:
    """Read what a terminal shows up to a mark, or to the end."""
    shown = b""
    while not mark or mark not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            # Nobody has it open any more.
            break
    return shown
