"""The challenge as clients parse it; what they send gets in only if it is sound."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.asgi import Request, Response
from entrepot.faces.registry.challenge import Challenger
from entrepot.faces.registry.routes import route
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName

MISSING = Fault(Code.UNAUTHORIZED, "log in")
WRONG = Fault(Code.UNAUTHORIZED, "expired", {"error": "invalid_token"})
LACKING = Fault(Code.UNAUTHORIZED, "not in the token", {"action": "push"})
HOST = "registry.test:5000"
# One challenge, its values in quotes without quotes inside, no space after a comma.
CHALLENGE = re.compile(r'Bearer ([a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*)')
SCOPE = re.compile(r"(repository|registry):[a-z0-9][a-z0-9._/-]*:(\*|[a-z]+(,[a-z]+)*)")


async def receive() -> dict[str, object]:
    raise AssertionError("a challenge needs no body")


def challenge(
    method: str = "GET",
    path: str = "/v2/",
    *,
    host: str | None = HOST,
    fault: Fault = MISSING,
    authorization: str | None = None,
    scheme: str = "http",
    public_url: str = "",
) -> dict[str, str]:
    """Return the challenge's parameters, read as strictly as the strictest client."""
    given_ = {"host": host, "authorization": authorization}
    target, _, query = path.partition("?")
    scope = {
        "method": method,
        "path": target,
        "raw_path": target.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "scheme": scheme,
        "headers": [
            (name.encode(), value.encode("latin-1"))
            for name, value in given_.items()
            if value is not None
        ],
    }
    response = Response(401)
    request = Request(scope, receive)
    Challenger("registry.test", public_url).add(response, request, route(request.raw_path), fault)
    ((name, value),) = response.headers
    assert name == b"WWW-Authenticate"
    text = value.decode("ascii")
    assert text.isprintable()
    found = CHALLENGE.fullmatch(text)
    assert found is not None, text
    pairs = re.findall(r'([a-z_]+)="([^"]*)"', found[1])
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_the_ping_names_realm_and_service_and_no_scope() -> None:
    """podman and dockerd take the challenge from the ping."""
    assert challenge() == {
        "realm": "http://registry.test:5000/service/token",
        "service": "registry.test",
    }


@pytest.mark.parametrize(
    "method,path,scope",
    [
        ("GET", "/v2/app/manifests/1", "repository:app:pull"),
        ("HEAD", "/v2/library/app/blobs/sha256:0", "repository:library/app:pull"),
        ("GET", "/v2/acme/api/web/tags/list", "repository:acme/api/web:pull"),
        ("GET", "/v2/app/referrers/sha256:0", "repository:app:pull"),
        ("PUT", "/v2/app/manifests/1", "repository:app:pull,push"),
        ("DELETE", "/v2/app/manifests/1", "repository:app:delete"),
        ("DELETE", "/v2/app/blobs/sha256:0", "repository:app:delete"),
        ("POST", "/v2/app/blobs/uploads/", "repository:app:pull,push"),
        ("PATCH", "/v2/app/blobs/uploads/1", "repository:app:pull,push"),
        ("PUT", "/v2/app/blobs/uploads/1", "repository:app:pull,push"),
        # Status and cancel belong to a push, and ask for no other rights.
        ("GET", "/v2/app/blobs/uploads/1", "repository:app:pull,push"),
        ("DELETE", "/v2/app/blobs/uploads/1", "repository:app:pull,push"),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
        (
            "POST",
            "/v2/app/blobs/uploads/?mount=sha256:0&from=acme/base",
            "repository:app:pull,push repository:acme/base:pull",
        ),
    ],
)
def test_the_scope_is_what_the_request_needs(method: str, path: str, scope: str) -> None:
    assert challenge(method, path)["scope"] == scope


@pytest.mark.parametrize(
    "path",
    [
        "/v2/UPPER/manifests/1",
        "/v2/a%22,error=%22x/manifests/1",
        "/v2/a%0d%0aSet-Cookie:x/tags/list",
        "/v2/nowhere",
    ],
)
def test_what_is_no_repository_gets_no_scope(path: str) -> None:
    assert challenge("GET", path) == challenge()


@pytest.mark.parametrize("source", ["UPPER", 'a",error="x', "a%0d%0ab", "%ff", ""])
def test_a_mount_from_what_is_no_repository_asks_for_the_target_alone(source: str) -> None:
    path = f"/v2/app/blobs/uploads/?mount=sha256:0&from={source}"
    assert challenge("POST", path)["scope"] == "repository:app:pull,push"


@pytest.mark.parametrize(
    "fault,authorization,error",
    [
        # containerd stops retrying when it sees an error, so there is none at first.
        (MISSING, None, None),
        (LACKING, None, None),
        (MISSING, "Basic YTpi", "invalid_token"),
        (WRONG, "Bearer x", "invalid_token"),
        (LACKING, "Bearer x", "insufficient_scope"),
    ],
)
def test_the_error_tells_a_bad_token_from_a_narrow_one(
    fault: Fault, authorization: str | None, error: str | None
) -> None:
    assert challenge(fault=fault, authorization=authorization).get("error") == error


def test_what_is_lacking_is_described_as_docker_shows_nothing_else() -> None:
    fault = Fault(Code.UNAUTHORIZED, 'log in to push "é"\\ \n', {"permission": "x"})
    assert challenge(fault=fault).get("error_description") is None
    found = challenge(fault=fault, authorization="Bearer x")
    assert found["error_description"] == "log in to push '''' '"


@pytest.mark.parametrize(
    "host,realm",
    [
        ("registry.test", "http://registry.test"),
        ("localhost:5000", "http://localhost:5000"),
        ("my_host.local:80", "http://my_host.local:80"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_the_realm_is_at_the_host_that_the_client_used(host: str, realm: str) -> None:
    assert challenge(host=host)["realm"] == f"{realm}/service/token"


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        'a",error="x',
        "a\\",
        "a b",
        "a,b",
        # Where a password would go to another host than the one that was asked.
        "registry.test@evil.example",
        "evil.example/x?",
        "evil.example#",
        "a:b:c",
        "a:123456",
        "[::1",
        "\xe9.example",
        "a" * 300,
    ],
)
def test_a_host_that_is_none_never_gets_into_the_realm(host: str | None) -> None:
    assert challenge(host=host)["realm"] == "http://localhost/service/token"


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_whatever_the_host_says_the_challenge_can_be_read(host: str) -> None:
    realm = challenge(host=host)["realm"]
    assert re.fullmatch(r"http://([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?/service/token", realm, re.ASCII)


@given(
    st.sampled_from(("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")),
    st.text("ab/._-AZ0%2fé\"', \\:", max_size=30),
    st.sampled_from(("manifests/1", "blobs/uploads/", "tags/list", "blobs/x", "")),
    st.text("ab/._-A%2\"', ", max_size=10),
)
def test_whatever_the_path_says_the_challenge_can_be_read(
    method: str, name: str, rest: str, source: str
) -> None:
    path = f"/v2/{name}/{rest}?from={source}".encode("latin-1", "replace").decode("latin-1")
    for scope in challenge(method, path).get("scope", "").split():
        assert SCOPE.fullmatch(scope)
        if scope.startswith("repository:"):
            RepositoryName.parse(scope.split(":")[1])


def test_behind_a_proxy_the_realm_is_at_the_public_address() -> None:
    for url in ("https://registry.example", "https://registry.example/"):
        found = challenge(public_url=url, host="10.0.0.1:5000")
        assert found["realm"] == "https://registry.example/service/token"


def test_the_realm_has_the_scheme_of_the_connection() -> None:
    assert challenge(scheme="https")["realm"].startswith("https://registry.test:5000/")


@pytest.mark.parametrize("path", ["/v2/", "/v2/app/manifests/latest", "/v2/_catalog", "/v2/x/y"])
def test_with_a_realm_only_basic_is_offered_and_no_url_is_needed(path: str) -> None:
    scope = {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    response, request = Response(401), Request(scope, receive)
    challenger = Challenger("registry.test", "", basic_realm="Registry Realm")
    challenger.add(response, request, route(request.raw_path), MISSING)
    assert response.headers == [(b"WWW-Authenticate", b'Basic realm="Registry Realm"')]
