"""Names of servers, as docker writes them into files and sends them to helpers."""

import re

from entrepot.faces.cli.messages import _

NAME_MAX_CHARACTERS = 512
SHOWN_MAX_CHARACTERS = 80
HUB = "https://index.docker.io/v1/"
"""What docker calls Docker Hub."""
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")

_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?)"
_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_NAME = re.compile(rf"(?P<host>{_HOST}(?::[0-9]{{1,5}})?)(?P<path>(?:/{_PART})*)/?")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_API = re.compile(r"(?:/v[12])+\Z")

# What people read, in one place.
NOT_A_SERVER = _("{name} is not the name of a server: write it as HOST or HOST:PORT")


class CredentialError(Exception):
    """It cannot be done; the message says why and what to do, and holds no secret."""


def server_key(name: str) -> str:
    """Return what names one server, however it was written: `host[:port]` in lower case.

    A path stays, but for that of an API (`/v1/`): docker keeps Hub's tokens below paths of their
    own. Raises `CredentialError` for what cannot name a server.
    """
    if len(name) <= NAME_MAX_CHARACTERS:
        found = _NAME.fullmatch(_SCHEME.sub("", name, count=1))
        if found is not None:
            return found["host"].lower() + _API.sub("", found["path"])
    raise CredentialError(NOT_A_SERVER.format(name=shown(name)))


def docker_key(name: str) -> str:
    """Return the key under which docker keeps a server's entry. Raises `CredentialError`."""
    key = server_key(name)
    if "/" in key:
        raise CredentialError(NOT_A_SERVER.format(name=shown(name)))
    return HUB if key in HUB_NAMES else key


def is_loopback(host: str) -> bool:
    """Whether `host`, without a port, is this machine by its very name."""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def shown(text: str, most: int = SHOWN_MAX_CHARACTERS) -> str:
    """Return foreign text for a message: on one line, printable, not too long."""
    cut = text[:most] + ("..." if len(text) > most else "")
    return "".join(letter if letter.isprintable() else "?" for letter in cut)
