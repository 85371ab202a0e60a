"""A login at a registry, as docker does it (distribution, "Token Authentication").

GET /v2/ says where tokens are had; a token is asked for with user and password, and GET /v2/ must
take it. What came back is kept: an identity token where the server gives one, else the password.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from entrepot.faces.cli.messages import _

from .dockerconfig import Credentials
from .names import HUB, CredentialError, docker_key, shown
from .web import IS_PLAIN, Answer, SpeaksPlainly, Unreachable, Web

CLIENT = "entrepot"
MESSAGE_MAX_CHARACTERS = 300
HUB_HOST = "registry-1.docker.io"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"

_SCHEME = re.compile(r"\s*([A-Za-z]+)(?:\s+|\Z)")
_PARAMETER = re.compile(r'([A-Za-z_]+)="([^"]*)"')

# What people read, in one place.
NOT_A_REGISTRY = _("{host} is not a container registry: it answered {status} at /v2/")
MOVED = _("{host} is somewhere else: it sends clients to {where}")
NO_CHALLENGE = _("{host} wants a login, but none that is known here: {challenge}")
BAD_REALM = _(
    "{host} sends passwords to {realm}, which is not safe: it must be https, as the registry is"
)
WRONG = _("{host} does not take this user name and password{said}")
WRONG_TOKEN = _("{host} does not take this token: it is wrong, or was revoked, or is too old{said}")
IN_SECONDS, LATER = _("in {seconds} seconds"), _("later")
TOO_MANY = _("{host} was asked too often, and refuses for now: try again {when}{said}")
REFUSED = _("{host} refused the login with status {status}{said}")
NO_TOKEN = _("{host} gave no token: its answer is none of a registry")
NOT_TAKEN = _(
    "{host} gave a token and then did not take it (status {status}): are its clocks right?"
)
TOKEN_IMPOSSIBLE = _(
    "{host} has no tokens of its own: log in with user name and password, without --token"
)


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that answered: its URL, and what it asks of whom it does not know."""

    host: str
    base: str
    scheme: str = ""
    """`bearer`, `basic`, or empty where nobody is asked for anything."""
    realm: str = ""
    service: str = ""


def reach(server: str, web: Web) -> Registry:
    """Return the registry at a server's address, by HTTPS where there is that.

    Plain HTTP is spoken on loopback, or if that was asked for. Raises `CredentialError`.
    """
    host = docker_key(server)
    host = HUB_HOST if host == HUB else host
    plain = web.may_speak_plainly(urlsplit(f"//{host}").hostname or "")
    if server.lower().startswith("http://"):
        if not plain:
            raise CredentialError(IS_PLAIN.format(host=host))
        return _asked(host, f"http://{host}", web)
    try:
        return _asked(host, f"https://{host}", web)
    except (SpeaksPlainly, Unreachable):
        if not plain or server.lower().startswith("https://"):
            raise
        return _asked(host, f"http://{host}", web)


def log_in(registry: Registry, credentials: Credentials, web: Web) -> Credentials:
    """Return what to keep for credentials that the registry takes. Raises `CredentialError`."""
    if registry.scheme == "":
        return credentials
    if registry.scheme == "basic":
        if credentials.is_token:
            raise CredentialError(TOKEN_IMPOSSIBLE.format(host=registry.host))
        _accepted(registry, _basic(credentials), credentials, web)
        return credentials
    answer = _token_answer(registry, credentials, web)
    if answer.status != 200:
        raise _refusal(registry.host, answer, credentials)
    value = _object(answer)
    token = value.get("token") or value.get("access_token")
    if not isinstance(token, str) or not _is_plain(token):
        raise CredentialError(NO_TOKEN.format(host=registry.host))
    _accepted(registry, f"Bearer {token}", None, web)
    refresh = value.get("refresh_token")
    if isinstance(refresh, str) and _is_plain(refresh):
        return Credentials(credentials.username, refresh, is_token=True)
    return credentials


def exchange(registry: Registry, id_token: str, web: Web) -> int:
    """Show that the registry takes a workload's ID token; return the seconds its token lasts.

    RFC 8693. Raises `CredentialError`.
    """
    form = {
        "grant_type": EXCHANGE,
        "subject_token": id_token,
        "subject_token_type": JWT,
        "service": registry.service,
        "client_id": CLIENT,
    }
    if registry.scheme != "bearer":
        raise CredentialError(NO_TOKEN.format(host=registry.host))
    answer = web.post(registry.realm, form)
    secret = Credentials("", id_token, is_token=True)
    if answer.status != 200:
        raise _refusal(registry.host, answer, secret)
    value = _object(answer)
    token = value.get("access_token")
    if not isinstance(token, str) or not _is_plain(token) or "issued_token_type" not in value:
        raise CredentialError(NO_TOKEN.format(host=registry.host))
    _accepted(registry, f"Bearer {token}", None, web)
    lasts = value.get("expires_in")
    return lasts if isinstance(lasts, int) else 0


def _asked(host: str, base: str, web: Web) -> Registry:
    answer = web.get(f"{base}/v2/", {})
    is_registry = "Docker-Distribution-Api-Version" in answer.headers
    if answer.status == 200 and (is_registry or answer.body.strip() == b"{}"):
        return Registry(host, base)
    if 300 <= answer.status < 400:
        where = shown(answer.headers.get("Location") or "")
        raise CredentialError(MOVED.format(host=host, where=where))
    if answer.status == 429:
        raise _refusal(host, answer, None)
    challenges = answer.headers.get_all("WWW-Authenticate") or []
    if answer.status != 401 or not challenges:
        raise CredentialError(NOT_A_REGISTRY.format(host=host, status=answer.status))
    for wanted in ("bearer", "basic"):
        for challenge in challenges:
            found = _SCHEME.match(challenge)
            if found and found[1].lower() == wanted:
                return _challenged(Registry(host, base, wanted), challenge[found.end() :], web)
    raise CredentialError(NO_CHALLENGE.format(host=host, challenge=shown(challenges[0])))


def _challenged(registry: Registry, text: str, web: Web) -> Registry:
    if registry.scheme == "basic":
        return registry
    values = {name.lower(): value for name, value in _PARAMETER.findall(text)}
    realm = values.get("realm", "")
    try:
        parts = urlsplit(realm)
        host = parts.hostname or ""
        # A password that came in by TLS must not leave without: anyone could write the challenge.
        good = parts.scheme == "https" or (
            parts.scheme == "http"
            and (web.insecure or registry.base.startswith("http://"))
            and web.may_speak_plainly(host)
        )
        good = good and bool(host) and "@" not in parts.netloc and _is_plain(realm)
    except ValueError:
        good = False
    if not good:
        raise CredentialError(BAD_REALM.format(host=registry.host, realm=shown(realm)))
    return Registry(registry.host, registry.base, "bearer", realm, values.get("service", ""))


def _token_answer(registry: Registry, credentials: Credentials, web: Web) -> Answer:
    if credentials.is_token:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credentials.secret,
            "service": registry.service,
            "client_id": CLIENT,
            "scope": "",
        }
        return web.post(registry.realm, form)
    query = {"account": credentials.username, "client_id": CLIENT, "offline_token": "true"}
    if registry.service:
        query["service"] = registry.service
    joint = "&" if urlsplit(registry.realm).query else "?"
    url = f"{registry.realm.partition('#')[0]}{joint}{urlencode(query)}"
    return web.get(url, {"Authorization": _basic(credentials)})


def _accepted(
    registry: Registry, authorization: str, credentials: Credentials | None, web: Web
) -> None:
    answer = web.get(f"{registry.base}/v2/", {"Authorization": authorization})
    if answer.status == 200:
        return
    if credentials is None and answer.status == 401:
        raise CredentialError(NOT_TAKEN.format(host=registry.host, status=answer.status))
    raise _refusal(registry.host, answer, credentials)


def _refusal(host: str, answer: Answer, credentials: Credentials | None) -> CredentialError:
    said = _said(answer, credentials.secret if credentials else "")
    if answer.status == 429:
        after = answer.headers.get("Retry-After") or ""
        is_told = after.isascii() and after.isdigit()
        when = IN_SECONDS.format(seconds=after) if is_told else LATER
        return CredentialError(TOO_MANY.format(host=host, when=when, said=said))
    is_token = credentials is not None and credentials.is_token
    if answer.status in (400, 401) and is_token:
        return CredentialError(WRONG_TOKEN.format(host=host, said=said))
    if answer.status == 401:
        return CredentialError(WRONG.format(host=host, said=said))
    return CredentialError(REFUSED.format(host=host, status=answer.status, said=said))


def _said(answer: Answer, secret: str) -> str:
    """Return the server's own reason, as the end of a sentence."""
    value = _object(answer)
    errors = value.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else value
    fields = first if isinstance(first, dict) else {}
    names = ("message", "error_description", "details")
    text = next((fields[name] for name in names if fields.get(name)), "")
    if not isinstance(text, str) or not text:
        return ""
    # A server might say what it was told.
    text = text.replace(secret, "***") if secret else text
    return f": {shown(text, MESSAGE_MAX_CHARACTERS)}"


def _object(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _is_plain(text: str) -> bool:
    """Whether text may stand in a header or a URL."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
