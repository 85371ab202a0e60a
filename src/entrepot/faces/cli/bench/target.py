"""One registry to be measured: where it is, and how it lets us in."""

import base64
import http.client
import json
import re
import ssl
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from entrepot.faces.cli.messages import _

from .cpu import tree_cpu_seconds
from .request import Place

TIMEOUT_SECONDS = 30.0
ANSWER_MAX_BYTES = 1024 * 1024
PARAMETER = re.compile(r'(\w+)="([^"]*)"')

# What people read, in one place.
NOT_AN_ADDRESS = _("'{url}' is not an address: write it as http://HOST:PORT or https://HOST")
NO_ANSWER = _("{url} does not answer: {reason}")
NOT_A_REGISTRY = _("{url} is not a registry: it answered {status} for {path}")
NO_TOKEN = _("no token from {realm}: it answered {status}; is --user right, and ENTREPOT_PASSWORD?")
NEEDS_PASSWORD = _("{url} wants a password: name --user, and set ENTREPOT_PASSWORD")


class TargetError(Exception):
    """The registry cannot be measured; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A registry, the repository to use there, and the line of headers that lets us in.

    `process_id` is 0 where the server runs elsewhere.
    """

    name: str
    url: str
    repository: str
    user: str = ""
    password: str = ""
    authorization: str = ""
    process_id: int = 0

    @property
    def place(self) -> Place:
        """Where it listens."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        context = ssl.create_default_context() if secure else None
        return Place(parts.hostname or "", parts.port or (443 if secure else 80), context)

    def admitted(self) -> "Target":
        """Return this target with a fresh token, or whatever it asks for. Raises `TargetError`.

        A token is asked for before each piece of work, as some live for a minute only.
        """
        status, headers, _ = _get(self.url, "/v2/", {})
        challenge = headers.get("www-authenticate", "")
        if status not in (200, 401):
            raise TargetError(NOT_A_REGISTRY.format(url=self.url, status=status, path="/v2/"))
        if status == 200 and not self.user:
            return self
        if challenge.lower().startswith("bearer"):
            return replace(
                self, authorization=f"Authorization: Bearer {self._token(challenge)}\r\n"
            )
        if not self.user:
            raise TargetError(NEEDS_PASSWORD.format(url=self.url))
        return replace(self, authorization=f"Authorization: {self._basic()}\r\n")

    def head(self, method: str, target: str, headers: str = "") -> bytes:
        """Return the bytes of a request's head; `target` is a path below the repository's."""
        path = target if target.startswith("/") else f"/v2/{self.repository}/{target}"
        host = urlsplit(self.url).netloc
        lines = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{self.authorization}{headers}\r\n"
        return lines.encode("latin-1")

    def cpu_seconds(self) -> float | None:
        """Return the processor time that the server has used; None where it cannot be seen."""
        return tree_cpu_seconds(self.process_id) if self.process_id else None

    def _basic(self) -> str:
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def _token(self, challenge: str) -> str:
        parameters = dict(PARAMETER.findall(challenge))
        realm = parameters.get("realm", "")
        query = [("service", parameters["service"])] if "service" in parameters else []
        query += [("scope", f"repository:{self.repository}:pull,push")]
        parts = urlsplit(realm)
        path = f"{parts.path}?{parts.query + '&' if parts.query else ''}{urlencode(query)}"
        headers = {"Authorization": self._basic()} if self.user else {}
        status, _, value = _get(f"{parts.scheme}://{parts.netloc}", path, headers)
        found = (value.get("token") or value.get("access_token")) if status == 200 else None
        if not found:
            raise TargetError(NO_TOKEN.format(realm=realm, status=status))
        return str(found)


def named(url: str, repository: str, user: str, password: str) -> Target:
    """Return the target at a URL. Raises `TargetError`."""
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.path.rstrip("/"):
        raise TargetError(NOT_AN_ADDRESS.format(url=url))
    return Target(parts.netloc, f"{parts.scheme}://{parts.netloc}", repository, user, password)


def _get(
    url: str, path: str, headers: dict[str, str]
) -> tuple[int, dict[str, str], dict[str, Any]]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        raw = answer.read(ANSWER_MAX_BYTES)
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TargetError(NO_ANSWER.format(url=url, reason=error)) from error
    try:
        value = json.loads(raw) if raw else {}
    except ValueError:
        value = {}
    return answer.status, found, value if isinstance(value, dict) else {}
