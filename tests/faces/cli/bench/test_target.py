"""How a registry lets us in, and what it is told."""

import base64
import json
from dataclasses import replace

import pytest

from entrepot.faces.cli.bench.target import Target, TargetError, named
from tests.faces.cli.bench.scripted import CLOSE, Answers, Seen, answer, scripted

BASIC = "Authorization: Basic " + base64.b64encode(b"ann:secret").decode()


def target(url: str, user: str = "ann") -> Target:
    return named(url, "bench/app", user, "secret")


def asking(challenge: str, token: str = "") -> Answers:
    """A registry that asks for what `challenge` says, and gives a token at /token."""

    def answers(seen: Seen) -> list[bytes]:
        if seen.line.startswith("GET /token?"):
            return [answer("200 OK", token.encode()), CLOSE]
        return [answer("401 Unauthorized", b"{}", f"WWW-Authenticate: {challenge}"), CLOSE]

    return answers


@pytest.mark.parametrize("key", ["token", "access_token"])
def test_a_token_is_fetched_where_the_challenge_says(key: str) -> None:
    places: list[str] = []

    def answers(seen: Seen) -> list[bytes]:
        challenge = f'Bearer realm="{places[0]}/token?a=b",service="here"'
        return list(asking(challenge, json.dumps({key: "abc.def"}))(seen))

    with scripted(answers) as server:
        places.append(server.url)
        admitted = target(server.url).admitted()
    assert admitted.authorization == "Authorization: Bearer abc.def\r\n"
    asked = server.seen[-1]
    scope = "scope=repository%3Abench%2Fapp%3Apull%2Cpush"
    assert asked.line == f"GET /token?a=b&service=here&{scope} HTTP/1.1"
    assert BASIC in asked.head


def test_a_password_is_sent_where_it_is_asked_for() -> None:
    with scripted(asking('Basic realm="x"')) as server:
        admitted = target(server.url).admitted()
    assert admitted.authorization == f"{BASIC}\r\n"


def test_where_nothing_is_asked_for_nothing_is_sent() -> None:
    with scripted(lambda _: [answer("200 OK", b"{}"), CLOSE]) as server:
        assert target(server.url, user="").admitted().authorization == ""


@pytest.mark.parametrize(
    "challenge,user,said",
    [
        ('Basic realm="x"', "", "name --user"),
        ('Bearer realm="http://127.0.0.1:1/token"', "ann", "127.0.0.1:1 does not answer"),
        ('Bearer realm="nowhere"', "ann", "does not answer"),
    ],
)
def test_who_is_not_let_in_is_told_why(challenge: str, user: str, said: str) -> None:
    with scripted(asking(challenge)) as server, pytest.raises(TargetError, match=said):
        target(server.url, user).admitted()


def test_a_token_that_is_refused_is_told() -> None:
    places: list[str] = []

    def answers(seen: Seen) -> list[bytes]:
        challenge = f'Bearer realm="{places[0]}/other"'
        return list(asking(challenge)(seen))

    with scripted(answers) as server:
        places.append(server.url)
        with pytest.raises(TargetError, match="it answered 401"):
            target(server.url).admitted()


def test_what_is_no_registry_is_told() -> None:
    with (
        scripted(lambda _: [answer("404 Not Found"), CLOSE]) as server,
        pytest.raises(TargetError, match="not a registry: it answered 404"),
    ):
        target(server.url).admitted()


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a:b", "http://a/path", "a b:x"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(TargetError, match="is not an address"):
        named(url, "a", "", "")


def test_requests_name_host_repository_and_who_asks() -> None:
    made = replace(target("localhost:5000"), authorization="Authorization: x\r\n")
    assert made.head("GET", "manifests/v1", "Accept: y\r\n") == (
        b"GET /v2/bench/app/manifests/v1 HTTP/1.1\r\nHost: localhost:5000\r\n"
        b"Authorization: x\r\nAccept: y\r\n\r\n"
    )
    assert made.head("PUT", "/v2/else?a=b").startswith(b"PUT /v2/else?a=b HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url,port,secure",
    [("reg.test", 80, False), ("https://reg.test", 443, True), ("http://[::1]:5000", 5000, False)],
)
def test_where_it_listens(url: str, port: int, secure: bool) -> None:
    place = target(url).place
    assert (place.port, place.context is not None) == (port, secure)


def test_a_server_elsewhere_has_no_processor_time() -> None:
    assert target("localhost:5000").cpu_seconds() is None
