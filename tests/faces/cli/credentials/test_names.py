"""Names of servers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.cli.credentials.names import (
    HUB,
    CredentialError,
    docker_key,
    is_loopback,
    server_key,
    shown,
)


@pytest.mark.parametrize(
    "name",
    [
        "reg.example.com:5000",
        "https://reg.example.com:5000",
        "http://REG.example.com:5000/",
        "https://reg.example.com:5000/v1/",
        "reg.example.com:5000/v2",
    ],
)
def test_one_server_has_one_key_however_it_is_written(name: str) -> None:
    assert server_key(name) == docker_key(name) == "reg.example.com:5000"


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", HUB, "registry-1.docker.io"])
def test_docker_hub_has_dockers_own_key(name: str) -> None:
    assert docker_key(name) == HUB


def test_hubs_tokens_have_keys_of_their_own() -> None:
    assert server_key(f"{HUB}access-token") != server_key(f"{HUB}refresh-token") != server_key(HUB)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../etc/passwd",
        "reg/../../etc",
        "reg\nother",
        "reg\n",
        "reg\0",
        "a b",
        "-flag",
        "user@reg",
        "reg?x",
        "reg:port",
        "https://",
        "https://https://reg",
        "r\u00e9g",
        "x" * 513,
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CredentialError, match="is not the name of a server"):
        server_key(name)


@given(st.one_of(st.text(max_size=40), st.text("aZ.:/-_1v2 \n", max_size=20)))
def test_a_key_is_its_own_key(name: str) -> None:
    try:
        key = server_key(name)
    except CredentialError:
        return
    assert server_key(key) == key
    assert ".." not in key.split("/")


def test_a_path_is_no_server_for_docker() -> None:
    with pytest.raises(CredentialError):
        docker_key("reg.example.com/team")


@pytest.mark.parametrize(
    "host,expected",
    [
        ("localhost", True),
        ("127.9.0.1", True),
        ("::1", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1\n", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_known_by_its_name(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_foreign_text_is_shown_on_one_line() -> None:
    assert shown("a\nb\x1b[31m") == "a?b?[31m"
    assert len(shown("x" * 1000)) == 83
