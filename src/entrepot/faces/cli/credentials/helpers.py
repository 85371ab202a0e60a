"""Calls of docker's credential helpers, the programs docker-credential-NAME."""

import json
import os
import selectors
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

from entrepot.faces.cli.messages import _

from .dockerconfig import Credentials
from .names import CredentialError, shown

PREFIX = "docker-credential-"
CALL_SECONDS = 60.0
"""A helper may ask somebody to unlock a keychain."""
ANSWER_MAX_BYTES = 1024 * 1024
INPUT_MAX_BYTES = 60 * 1024
"""Fits into a pipe, so that a helper that reads nothing holds nobody up."""
CHUNK_BYTES = 64 * 1024
MESSAGE_MAX_CHARACTERS = 300
TOKEN_USER = "<token>"  # noqa: S105 - a user name by which helpers mark an identity token
NOT_FOUND = "credentials not found in native keychain"

# What people read, in one place.
MISSING = _(
    "the credential helper {program} is not installed, or not on PATH: install it, or take "
    "'{name}' out of docker's config.json"
)
FAILED = _("{program} failed: {said}")
TOO_SLOW = _("{program} did not answer within {seconds:.0f} seconds")
TOO_MUCH = _("{program} answered with more than {most} bytes")
TOO_LONG = _("the secret is too long to be kept: {most} bytes are the most")
NOT_UNDERSTOOD = _("{program} gave an answer that is none of a credential helper")


@dataclass(frozen=True, slots=True)
class Helper:
    """One helper, by the NAME of its program; a call takes at most `seconds`."""

    name: str
    seconds: float = CALL_SECONDS

    @property
    def program(self) -> str:
        """The program's name."""
        return PREFIX + self.name

    def find(self, server: str) -> Credentials | None:
        """Return what it keeps for a server. Raises `CredentialError`."""
        status, said = self._call("get", server.encode())
        if status != 0:
            if said.strip() == NOT_FOUND:
                return None
            raise self._failure(said)
        try:
            value = json.loads(said)
            username, secret = value["Username"], value["Secret"]
        except (ValueError, TypeError, KeyError) as error:
            raise CredentialError(NOT_UNDERSTOOD.format(program=self.program)) from error
        is_token = username == TOKEN_USER
        return Credentials("" if is_token else str(username), str(secret), is_token=is_token)

    def keep(self, server: str, credentials: Credentials) -> None:
        """Let it keep credentials. Raises `CredentialError`."""
        username = TOKEN_USER if credentials.is_token else credentials.username
        entry = {"ServerURL": server, "Username": username, "Secret": credentials.secret}
        status, said = self._call("store", json.dumps(entry).encode())
        if status != 0:
            raise self._failure(said.replace(credentials.secret, "***"))

    def drop(self, server: str) -> bool:
        """Let it forget a server; return whether it knew one. Raises `CredentialError`."""
        if self.find(server) is None:
            return False
        status, said = self._call("erase", server.encode())
        if status != 0 and said.strip() != NOT_FOUND:
            raise self._failure(said)
        return True

    def _failure(self, said: str) -> CredentialError:
        text = shown(said.strip(), MESSAGE_MAX_CHARACTERS) or "it said nothing"
        return CredentialError(FAILED.format(program=self.program, said=text))

    def _call(self, action: str, given: bytes) -> tuple[int, str]:
        if len(given) > INPUT_MAX_BYTES:
            raise CredentialError(TOO_LONG.format(most=INPUT_MAX_BYTES))
        path = shutil.which(self.program)
        if path is None:
            raise CredentialError(MISSING.format(program=self.program, name=self.name))
        try:
            process = subprocess.Popen(  # noqa: S603 - the name was checked, the path is PATH's
                [path, action], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise self._failure(error.strerror or "") from error
        with process:
            try:
                answer = self._spoken(process, given)
                return process.wait(self.seconds), answer
            except subprocess.TimeoutExpired as error:
                raise CredentialError(self._slow()) from error
            finally:
                process.kill()

    def _spoken(self, process: "subprocess.Popen[bytes]", given: bytes) -> str:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - asked for above
        deadline = time.monotonic() + self.seconds
        with suppress(BrokenPipeError):
            process.stdin.write(given)
            process.stdin.close()
        found = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    raise CredentialError(self._slow())
                chunk = os.read(process.stdout.fileno(), CHUNK_BYTES)
                if not chunk:
                    return found.decode(errors="replace")
                found += chunk
                if len(found) > ANSWER_MAX_BYTES:
                    raise CredentialError(
                        TOO_MUCH.format(program=self.program, most=ANSWER_MAX_BYTES)
                    )

    def _slow(self) -> str:
        return TOO_SLOW.format(program=self.program, seconds=self.seconds)
