"""The ID token of a CI job or a pod, and to whom it goes."""

from pathlib import Path

import pytest

from entrepot.faces.cli.credentials.names import CredentialError
from entrepot.faces.cli.credentials.workload import find_id_token
from tests.faces.cli.credentials.places import id_token

GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.test/token?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-secret",
}


class Web:
    """GitHub's end."""

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer = (status, body)

    def __call__(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((url, headers))
        return self.answer


def found(server: str, env: dict[str, str], *, is_named: bool = False) -> str | None:
    return find_id_token(server, env, Web(), is_named=is_named)


@pytest.mark.parametrize(
    "audience", ["reg.example.com", "https://reg.example.com", ["x y", "https://reg.example.com/"]]
)
def test_gitlabs_goes_to_the_server_of_its_audience(audience: object) -> None:
    token = id_token(aud=audience)
    assert found("reg.example.com", {"ENTREPOT_ID_TOKEN": f"{token}\n"}) == token


@pytest.mark.parametrize(
    "audience", ["other.example.com", "", None, 7, [], {}, "reg.example.com.x"]
)
def test_it_goes_to_no_other_server(audience: object) -> None:
    env = {"ENTREPOT_ID_TOKEN": id_token(aud=audience), "ENTREPOT_SERVER": "third"}
    assert found("reg.example.com", env) is None


def test_a_server_that_was_named_gets_it_whatever_its_audience() -> None:
    token = id_token(aud="entrepot")
    env = {"ENTREPOT_ID_TOKEN": token}
    assert found("reg", env, is_named=True) == token
    assert found("https://reg", {**env, "ENTREPOT_SERVER": "https://reg/"}) == token
    assert found("reg", {**env, "ENTREPOT_SERVER": "not a name"}) is None


def test_kubernetes_has_it_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{id_token(aud='reg')}\n")
    env = {"ENTREPOT_ID_TOKEN_FILE": str(path)}
    assert found("reg", env) == id_token(aud="reg")
    assert found("other", env) is None
    for content in (b"\xff", b"", b"a.b.c", b"x" * 100_000):
        path.write_bytes(content)
        with pytest.raises(CredentialError):
            found("reg", env)
    path.unlink()
    with pytest.raises(CredentialError, match="ENTREPOT_ID_TOKEN_FILE names: No such file"):
        found("reg", env)


def test_github_is_asked_for_one_with_the_servers_audience() -> None:
    token = id_token(aud="reg:5000")
    web = Web(200, b'{"count": 1, "value": "%s"}' % token.encode())
    assert find_id_token("https://reg:5000", GITHUB, web, is_named=True) == token
    url, headers = web.asked[0]
    assert url == "https://github.test/token?api-version=2.0&audience=reg%3A5000"
    assert headers["Authorization"] == "Bearer runner-secret"
    find_id_token("reg", {**GITHUB, "ENTREPOT_ID_TOKEN_AUDIENCE": "a&b"}, web, is_named=True)
    assert web.asked[1][0].endswith("&audience=a%26b")


def test_github_is_not_asked_for_a_server_that_nobody_named() -> None:
    web = Web()
    assert find_id_token("evil.example.com", GITHUB, web, is_named=False) is None
    assert web.asked == []


@pytest.mark.parametrize(
    "status,body",
    [(403, b""), (200, b""), (200, b"[]"), (200, b'{"value": 1}'), (200, b'{"value": "x"}')],
)
def test_github_may_refuse(status: int, body: bytes) -> None:
    with pytest.raises(CredentialError, match=f"answered {status}"):
        find_id_token("reg", GITHUB, Web(status, body), is_named=True)


@pytest.mark.parametrize(
    "url", ["http://github.test/token", "file:///etc/passwd", "x", "http://[/"]
)
def test_the_runners_secret_goes_by_tls_alone(url: str) -> None:
    web = Web()
    env = {**GITHUB, "ACTIONS_ID_TOKEN_REQUEST_URL": url}
    with pytest.raises(CredentialError, match="not an https address"):
        find_id_token("reg", env, web, is_named=True)
    assert web.asked == []


def test_an_old_one_is_told_before_the_server_refuses_it() -> None:
    with pytest.raises(CredentialError, match="good until 2001-09-09 01:46:40 UTC"):
        found("reg", {"ENTREPOT_ID_TOKEN": id_token(aud="reg", exp=10**9)})


def test_nothing_in_the_environment_is_nothing() -> None:
    assert found("reg", {}, is_named=True) is None
