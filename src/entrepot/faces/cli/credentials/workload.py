"""The ID token that a CI job or a pod has, an identity without a stored secret.

GitLab puts one into `ENTREPOT_ID_TOKEN` (`id_tokens:` of the job), Kubernetes into a file that
`ENTREPOT_ID_TOKEN_FILE` names (a projected volume), and GitHub Actions gives one to a job with
`id-token: write` at `ACTIONS_ID_TOKEN_REQUEST_URL`.

It is as good as a password, so it goes only to the server that it is for: to one named by
`ENTREPOT_SERVER` or logged in to as a workload, or, for a token that is there already, to the one
that its audience names. Docker asks helpers for every server it meets, hostile ones too.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from entrepot.faces.cli.messages import _

from .names import CredentialError, is_loopback, server_key, shown

USER = "workload"
"""The user name whose password is an ID token."""
TOKEN_MAX_BYTES = 16 * 1024

VALUE = "ENTREPOT_ID_TOKEN"
FILE = "ENTREPOT_ID_TOKEN_FILE"
AUDIENCE = "ENTREPOT_ID_TOKEN_AUDIENCE"
SERVER = "ENTREPOT_SERVER"
GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 - the name of a variable

# What people read, in one place.
NO_FILE = _("the ID token cannot be read from {path}, which ENTREPOT_ID_TOKEN_FILE names: {reason}")
NOT_A_JWT = _("what {source} holds is not an ID token: it must be a JWT, in three parts with dots")
EXPIRED = _("the ID token of {source} is too old: it was good until {until} UTC; ask for a new one")
BAD_ADDRESS = _("ACTIONS_ID_TOKEN_REQUEST_URL is not an https address")
GITHUB_REFUSED = _("GitHub gave no ID token: it answered {status}")

Fetch = Callable[[str, dict[str, str]], tuple[int, bytes]]
"""GET of a URL with headers: (status, body)."""


def find_id_token(
    server: str, env: Mapping[str, str], fetch: Fetch, *, is_named: bool
) -> str | None:
    """Return the ID token of this environment for a server, or None where there is none for it.

    `is_named`: the server was logged in to as a workload. Raises `CredentialError` where there is
    a token that cannot be used.
    """
    trusted = is_named or _is_configured(server, env)
    if value := env.get(VALUE, "").strip():
        return _checked(value, VALUE, server, trusted=trusted)
    if path := env.get(FILE):
        return _checked(_read(Path(path)), path, server, trusted=trusted)
    if trusted and env.get(GITHUB_URL) and env.get(GITHUB_TOKEN):
        return _of_github(server, env, fetch)
    return None


def _is_configured(server: str, env: Mapping[str, str]) -> bool:
    try:
        return server_key(env.get(SERVER, "")) == server_key(server)
    except CredentialError:
        return False


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(TOKEN_MAX_BYTES + 1).decode().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise CredentialError(NO_FILE.format(path=path, reason=reason)) from error


def _checked(token: str, source: str, server: str, *, trusted: bool) -> str | None:
    claims = _claims(token)
    if claims is None:
        raise CredentialError(NOT_A_JWT.format(source=shown(source)))
    if not trusted and not _is_audience(claims.get("aud"), server):
        return None
    until = claims.get("exp")
    if isinstance(until, (int, float)) and 0 < until < min(time.time(), 2**33):
        told = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(until))
        raise CredentialError(EXPIRED.format(source=shown(source), until=told))
    return token


def _claims(token: str) -> dict[str, Any] | None:
    """Return what a JWT says, unverified: that is the server's business."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_MAX_BYTES or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_audience(audience: Any, server: str) -> bool:
    for name in audience if isinstance(audience, list) else [audience]:
        try:
            if isinstance(name, str) and server_key(name) == server_key(server):
                return True
        except CredentialError:
            continue
    return False


def _of_github(server: str, env: Mapping[str, str], fetch: Fetch) -> str:
    url = env[GITHUB_URL]
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )
    except ValueError:
        good = False
    if not good:
        raise CredentialError(BAD_ADDRESS)
    audience = env.get(AUDIENCE) or server_key(server)
    joint = "&" if "?" in url else "?"
    headers = {"Authorization": f"Bearer {env[GITHUB_TOKEN]}", "Accept": "application/json"}
    status, body = fetch(f"{url}{joint}audience={quote(audience, safe='')}", headers)
    try:
        token = json.loads(body)["value"] if status == 200 else None
    except (ValueError, TypeError, KeyError, RecursionError):
        token = None
    if not isinstance(token, str) or _claims(token) is None:
        raise CredentialError(GITHUB_REFUSED.format(status=status))
    return token
