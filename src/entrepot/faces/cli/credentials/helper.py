"""`docker-credential-entrepot`: keeps what docker, podman and others log in with.

Each runs it with get, store, erase or list; input and answer are on stdin and stdout, and a
refusal is status 1 with its reason on stdout (docker-credential-helpers, "Development").
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from entrepot import __version__

from .box import Box, Entry, box_path
from .names import CredentialError, server_key
from .workload import USER, find_id_token

INPUT_MAX_BYTES = 128 * 1024
SECRET_MAX_BYTES = 32 * 1024
EXIT_FAILED = 1

# What other programs compare, byte for byte.
NOT_FOUND = "credentials not found in native keychain"
NO_SERVER = "no credentials server URL"
NO_USER = "no credentials username"

# What people read, in one place.
USAGE = """Usage: docker-credential-entrepot get|store|erase|list|version

Docker, podman and others run this program to keep what they log in with. To have docker use it for
a server, run: entrepot login --helper SERVER

get      reads a server's name, prints the user name and the secret for it as JSON
store    reads JSON with ServerURL, Username and Secret, and keeps it
erase    reads a server's name, and forgets it
list     prints the servers and user names as JSON
version  prints the version
"""
TOO_MUCH = "more than {most} bytes were sent"
NOT_JSON = "what was sent is not a JSON object with ServerURL, Username and Secret"
TOO_LONG = "the secret is too long to be kept: {most} bytes are the most"
NO_IDENTITY = (
    "docker-credential-entrepot: {server} is logged in to as a workload, but this environment has "
    "no ID token: set ENTREPOT_ID_TOKEN or ENTREPOT_ID_TOKEN_FILE, or, for GitHub Actions, give "
    "the job the permission 'id-token: write'"
)


def main() -> None:
    """Do what the first argument says."""
    action = sys.argv[1] if len(sys.argv) == 2 else ""
    if action in {"-h", "--help", "help"}:
        print(USAGE, end="")
        return
    if action in {"version", "--version"}:
        print(f"docker-credential-entrepot (entrepot) v{__version__}")
        return
    try:
        sys.exit(_done(action, os.environ))
    except CredentialError as error:
        print(error)
        sys.exit(EXIT_FAILED)


def _done(action: str, env: Mapping[str, str]) -> int:
    box = Box(box_path(env))
    if action == "list":
        found = {entry.url: USER if entry.is_workload else entry.username for entry in box.all()}
        print(json.dumps(found))
    elif action == "store":
        box.keep(_entry(_read()))
    elif action == "erase":
        # It is gone, whether or not it was there.
        box.drop(_server(_read()))
    elif action == "get":
        return _get(box, _server(_read()), env)
    else:
        print(USAGE, end="")
        return EXIT_FAILED
    return 0


def _get(box: Box, server: str, env: Mapping[str, str]) -> int:
    entry = box.find(server)
    if entry is not None and not entry.is_workload:
        username, secret = entry.username, entry.secret
    else:
        token = find_id_token(server, env, _fetch, is_named=entry is not None)
        if token is None:
            if entry is not None:
                # Docker shows it, and goes on without a password, as for a public image.
                print(NO_IDENTITY.format(server=server), file=sys.stderr)
            print(NOT_FOUND)
            return EXIT_FAILED
        username, secret = USER, token
    print(json.dumps({"ServerURL": server, "Username": username, "Secret": secret}))
    return 0


def _fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    # HTTP and TLS would double the time of each call; only GitHub's jobs need them.
    from .web import Web

    answer = Web().get(url, headers)
    return answer.status, answer.body


def _read() -> bytes:
    given = sys.stdin.buffer.read(INPUT_MAX_BYTES + 1)
    if len(given) > INPUT_MAX_BYTES:
        raise CredentialError(TOO_MUCH.format(most=INPUT_MAX_BYTES))
    return given


def _server(given: bytes) -> str:
    name = given.decode(errors="replace").strip()
    if not name:
        raise CredentialError(NO_SERVER)
    server_key(name)
    return name


def _entry(given: bytes) -> Entry:
    try:
        value: Any = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise CredentialError(NOT_JSON) from error
    if not isinstance(value, dict):
        raise CredentialError(NOT_JSON)
    url, username, secret = (value.get(name) or "" for name in ("ServerURL", "Username", "Secret"))
    if not all(isinstance(text, str) for text in (url, username, secret)):
        raise CredentialError(NOT_JSON)
    if not url:
        raise CredentialError(NO_SERVER)
    if not username:
        raise CredentialError(NO_USER)
    if len(secret.encode(errors="replace")) > SECRET_MAX_BYTES:
        raise CredentialError(TOO_LONG.format(most=SECRET_MAX_BYTES))
    return Entry(_server(url.encode(errors="replace")), username, secret)
