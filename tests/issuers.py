"""Issuers on loopback: keys, and tokens with the claims of the real ones.

For any test: `with issuer() as github: github.sign(github_claims(github.url, ...))`. It is also a
small OpenID provider that checks what a careful one does (code used once, PKCE, client, redirect
URI); `Issuer.authorize` is the browser.
"""

import base64
import contextlib
import hashlib
import http.server
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

Key = RSAKey | ECKey | OKPKey
Answer = tuple[int, Mapping[str, str], bytes]


def new_key(algorithm: str = "ES256", kid: str = "") -> Key:
    """Return a new private key; RSA ones take a while to make."""
    if algorithm.startswith(("RS", "PS")):
        made: Key = RSAKey.generate_key(2048)
    elif algorithm.startswith("Ed"):
        made = OKPKey.generate_key("Ed25519")
    else:
        made = ECKey.generate_key({"ES256": "P-256", "ES384": "P-384"}[algorithm])
    named = {**made.as_dict(private=True), "kid": kid or made.thumbprint(), "use": "sig"}
    return type(made).import_key(named)


@dataclass
class Grant:
    """What a code stands for."""

    asked: Mapping[str, str]
    claims: Mapping[str, Any]


class Issuer:
    """One issuer. Tests change what it holds as they like; `instead` replaces answers by path."""

    def __init__(self, url: str, key: Key, algorithm: str) -> None:
        self.url = url
        self.key = key
        self.algorithm = algorithm
        self.published: list[Mapping[str, Any]] = [dict(key.as_dict(private=False))]
        self.metadata: dict[str, Any] = {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "userinfo_endpoint": f"{url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "code_challenge_methods_supported": ["S256"],
        }
        self.instead: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.secret = "s3cret/+ %"  # a test's
        self.id_token_claims: dict[str, Any] = {}
        """Claims that replace those of each ID token; None leaves one out."""
        self.userinfo: dict[str, Any] = {}
        self.hash_access_tokens = False
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, str] = {}
        self._ids = itertools.count(1)

    def rotate(self, algorithm: str = "ES256", *, keep: bool = False) -> None:
        """Sign with a new key, and publish it alone or besides the others."""
        self.key, self.algorithm = new_key(algorithm), algorithm
        public = dict(self.key.as_dict(private=False))
        self.published = [*self.published, public] if keep else [public]

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a token; `header` replaces what stands there, None leaves it out."""
        full = {"typ": "JWT", "alg": self.algorithm, "kid": self.key.kid, **header}
        return signed(claims, self.key, {k: v for k, v in full.items() if v is not None})

    def authorize(self, url: str, claims: Mapping[str, Any]) -> dict[str, str]:
        """Log somebody in as a browser would; return the parameters that come back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query, True).items()}
        assert url.startswith(self.metadata["authorization_endpoint"])
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{next(self._ids)}"
        self._codes[code] = Grant(asked, claims)
        back = {"code": code, "state": asked["state"]}
        if self.metadata.get("authorization_response_iss_parameter_supported"):
            back["iss"] = self.metadata["issuer"]
        return back

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        self.asked.append(path)
        if path in self.instead:
            return self.instead[path]()
        if path == "/.well-known/openid-configuration":
            return said(self.metadata)
        if path == "/jwks":
            return said({"keys": self.published})
        if path == "/token":
            return self._token(headers, body)
        if path == "/userinfo":
            subject = self._access.get(headers.get("authorization", "").removeprefix("Bearer "))
            return said(
                {"sub": subject, **self.userinfo} if subject else {}, 200 if subject else 401
            )
        return said({}, 404)

    def _token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            name, _, word = base64.b64decode(value).decode().partition(":")
            client, secret = unquote_plus(name), unquote_plus(word)
        grant = self._codes.pop(form.get("code", ""), None)
        if secret != self.secret:
            return said({"error": "invalid_client"}, 401)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if grant is None or (client, form["redirect_uri"], challenge) != (
            grant.asked["client_id"],
            grant.asked["redirect_uri"],
            grant.asked["code_challenge"],
        ):
            return said({"error": "invalid_grant"}, 400)
        access = f"access-{next(self._ids)}"
        self._access[access] = grant.claims["sub"]
        claims = times() | {"iss": self.url, "aud": client, "nonce": grant.asked["nonce"]}
        if self.hash_access_tokens:
            name = {"256": "sha256", "384": "sha384"}.get(self.algorithm[-3:], "sha512")
            digest = hashlib.new(name, access.encode()).digest()
            claims["at_hash"] = _base64(digest[: len(digest) // 2])
        claims |= {**grant.claims, **self.id_token_claims}
        token = self.sign({name: one for name, one in claims.items() if one is not None})
        return said({"access_token": access, "token_type": "Bearer", "id_token": token})


@contextlib.contextmanager
def issuer(algorithm: str = "ES256", *, key: Key | None = None, path: str = "") -> Iterator[Issuer]:
    """Serve a new issuer on loopback, in a thread."""
    found: list[Issuer] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            target = urlsplit(self.path).path.removeprefix(path)
            status, named, body = found[0].answer(target, headers, self.rfile.read(size))
            with contextlib.suppress(OSError):  # whoever asked has heard enough
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **named}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    found.append(Issuer(url, key or new_key(algorithm), algorithm))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


def signed(claims: Mapping[str, Any], key: Any, header: Mapping[str, Any]) -> str:
    """Return a token with just this header; an attacker's may hold anything."""
    start = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
    name = {"EdDSA": "Ed25519"}.get(header["alg"], header["alg"])
    model = jws.JWSRegistry.algorithms[name]
    return f"{start}.{_base64(model.sign(start.encode(), key))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def current() -> float:
    """Return the time by which issuers go; tests with a clock of their own replace it."""
    return time.time()


def times(now: float | None = None, seconds: int = 300) -> dict[str, Any]:
    """Return when a token is valid: from now on."""
    at = int(current() if now is None else now)
    return {"iat": at, "nbf": at, "exp": at + seconds}


def login_url(redirect_uri: str, back: Mapping[str, str]) -> str:
    """Return where the provider sends the browser back to."""
    return f"{redirect_uri}?{urlencode(back)}"


def github_claims(
    url: str,
    *,
    audience: str,
    repository: str = "acme/web",
    ref: str = "refs/heads/main",
    **more: Any,
) -> dict[str, Any]:
    """Return what GitHub Actions says of a job, as its documentation shows it."""
    owner = repository.partition("/")[0]
    claims = times() | {
        "jti": "example-id",
        "sub": f"repo:{repository}:ref:{ref}",
        "aud": audience,
        "ref": ref,
        "sha": "example-sha",
        "repository": repository,
        "repository_owner": owner,
        "actor_id": "12",
        "repository_visibility": "private",
        "repository_id": "74",
        "repository_owner_id": "65",
        "run_id": "example-run-id",
        "run_number": "10",
        "run_attempt": "2",
        "runner_environment": "github-hosted",
        "actor": "octocat",
        "workflow": "example-workflow",
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "ref_protected": "true",
        "job_workflow_ref": f"{repository}/.github/workflows/release.yml@{ref}",
        "iss": url,
    }
    return claims | more


def gitlab_claims(
    url: str, *, audience: str, project: str = "acme/web", ref: str = "main", **more: Any
) -> dict[str, Any]:
    """Return what GitLab CI says of a job (`id_tokens:`)."""
    claims = times() | {
        "namespace_id": "72",
        "namespace_path": project.rpartition("/")[0],
        "project_id": "20",
        "project_path": project,
        "user_id": "1",
        "user_login": "sample-user",
        "user_email": "sample-user@example.com",
        "user_access_level": "developer",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": ref,
        "ref_type": "branch",
        "ref_path": f"refs/heads/{ref}",
        "ref_protected": "true",
        "groups_direct": ["acme", "acme/ops"],
        "environment": "production",
        "environment_protected": "true",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "project_visibility": "private",
        "ci_config_ref_uri": f"gitlab.example.com/{project}//.gitlab-ci.yml@refs/heads/{ref}",
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "iss": url,
        "sub": f"project_path:{project}:ref_type:branch:ref:{ref}",
        "aud": audience,
    }
    return claims | more


def kubernetes_claims(
    url: str, *, audience: str, namespace: str = "ci", account: str = "builder", **more: Any
) -> dict[str, Any]:
    """Return what a cluster says of a pod with a projected service account token."""
    claims = times() | {
        "aud": [audience],
        "iss": url,
        "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
        "kubernetes.io": {
            "namespace": namespace,
            "node": {"name": "node-1", "uid": "58456cb0-dd00-45ed-b797-5578fdceaced"},
            "pod": {
                "name": "build-69cbfb9798-jv9gn",
                "uid": "778a530c-b3f4-47c0-9cd5-ab018fb64f33",
            },
            "serviceaccount": {"name": account, "uid": "a087d5a0-e1dd-43ec-93ac-f13d89cd13af"},
            "warnafter": int(time.time()) + 3607,
        },
        "sub": f"system:serviceaccount:{namespace}:{account}",
    }
    return claims | more
