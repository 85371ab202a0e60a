"""Sealing with AES-256-GCM (NIST SP 800-38D) under master keys of the operator's.

A sealed value is one byte of version, one of the key id's length, the id, a nonce of 96 bits by
chance, and the ciphertext with its tag. All before the nonce, and the purpose, are associated data.
A key may seal some 2^32 values; a registry seals a few thousand.

Master keys are lines `id:base64` of 32 bytes each. The first one seals, all of them open.
"""

import base64
import binascii
import contextlib
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from entrepot.ports.sealing import SealBroken

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
ID_MAX_CHARACTERS = 32
KEYS_MAX = 64
KEYS_MAX_BYTES = 16 * 1024
"""Longest text of master keys."""
PURPOSE_MAX_BYTES = 1024
PLAIN_MAX_BYTES = 64 * 1024
COMMAND_SECONDS = 30.0
"""How long a command may take to say the keys; the server starts only then."""
VARIABLE = "ENTREPOT_MASTER_KEYS"
"""The environment variable that may hold the keys."""

_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{ID_MAX_CHARACTERS - 1}}}")
_FORM = "write one key a line as ID:BASE64, of 32 bytes by chance (openssl rand -base64 32)"


def new_master_keys() -> bytes:
    """Return the text of one new master key, named after the day."""
    name = datetime.now(UTC).strftime("%Y%m%d") + "-" + os.urandom(2).hex()
    key = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    return f"{name}:{key}\n".encode()


class Keyring:
    """Keeps `ports.sealing.Sealer` over some master keys."""

    def __init__(self, keys: Mapping[str, bytes], *, origin: str = "the keyring") -> None:
        """The first of `keys` seals; `origin` is where they are from, for messages."""
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = next(iter(self._ciphers))
        self._origin = origin

    @classmethod
    def of_text(cls, text: bytes, *, origin: str) -> "Keyring":
        """Return the keyring of lines `id:base64`. Raises `SealBroken`.

        Empty lines and those that begin with # say nothing.
        """
        if len(text) > KEYS_MAX_BYTES:
            raise SealBroken(f"{origin}: the master keys are longer than {KEYS_MAX_BYTES} bytes")
        keys: dict[str, bytes] = {}
        # Numbers of lines only: a line that cannot be read may be a key all the same.
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith(b"#"):
                continue
            name, key = _parsed(line, f"{origin}, line {number}")
            if name in keys:
                raise SealBroken(f"{origin}, line {number}: the id {name} is there twice")
            keys[name] = key
        if not keys:
            raise SealBroken(f"{origin}: there is no master key in it; {_FORM}")
        if len(keys) > KEYS_MAX:
            raise SealBroken(f"{origin}: {len(keys)} master keys are more than {KEYS_MAX}")
        return cls(keys, origin=origin)

    @property
    def current(self) -> str:
        return self._current

    def seal(self, purpose: str, plain: bytes) -> bytes:
        if len(plain) > PLAIN_MAX_BYTES:
            raise ValueError(f"{len(plain)} bytes are more than a secret may have")
        head = _head(self._current)
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return head + nonce + cipher.encrypt(nonce, plain, _bound(head, purpose))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        name = self.key_id(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealBroken(
                f"{purpose} was sealed with the master key {name}, which is not in {self._origin}: "
                "add its line there again, or say where it is kept (secrets.keys_file, "
                f"secrets.keys_command, {VARIABLE}); there are {', '.join(self._ciphers)}"
            )
        head = _head(name)
        nonce, code = sealed[len(head) :][:NONCE_BYTES], sealed[len(head) + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, code, _bound(head, purpose))
        except InvalidTag as error:
            raise SealBroken(
                f"{purpose} does not open with the master key {name}: it was changed, or the line "
                f"of that id in {self._origin} has another key; restore the row or the line"
            ) from error

    def key_id(self, sealed: bytes) -> str:
        length = sealed[1] if len(sealed) > 1 else 0
        least = 2 + length + NONCE_BYTES + TAG_BYTES
        name = sealed[2 : 2 + length].decode("ascii", "replace")
        if len(sealed) < least or sealed[0] != VERSION or not _ID.fullmatch(name):
            raise SealBroken(
                "this is no sealed value, or one of a later version of Entrepot: restore the row "
                "from a backup, or run the version that wrote it"
            )
        return name


def given_keys(file: str, command: Sequence[str]) -> tuple[bytes, str] | None:
    """Return the text of the master keys and where it is from; None where nothing was said.

    `file` and `command` are the settings; the variable is looked at beside. Raises `SealBroken`
    or OSError.
    """
    variable = os.environ.get(VARIABLE)
    if variable is not None and (file or command):
        raise SealBroken(
            f"{VARIABLE} is set, and so is secrets.keys_file or secrets.keys_command: one of them "
            "must say the master keys"
        )
    if variable is not None:
        return variable.encode(), f"the variable {VARIABLE}"
    if command:
        return _printed(command), origin_of(command)
    return (_read(Path(file)), file) if file else None


def origin_of(command: Sequence[str]) -> str:
    """Return what messages call a command."""
    return f"the command {command[0]} (secrets.keys_command)"


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(KEYS_MAX_BYTES + 1)


def _printed(words: Sequence[str]) -> bytes:
    """Return what a program prints, run without a shell; its standard error is ours.

    What it prints is never told to anybody.
    """
    origin = origin_of(words)
    try:
        with subprocess.Popen(  # noqa: S603 - the operator's own words
            [*words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None,
            start_new_session=True,
        ) as process:
            text = _output(process, origin)
            status = process.returncode
    except OSError as error:
        raise SealBroken(f"{origin} cannot be run: {error.strerror}") from error
    if status != 0:
        raise SealBroken(
            f"{origin} ended with status {status}: run it by hand as the user of the server"
        )
    return text


def _output(process: "subprocess.Popen[bytes]", origin: str) -> bytes:
    """Return what it prints, while it is neither too much nor too late."""
    if process.stdout is None:
        raise AssertionError("its output is a pipe")
    until = time.monotonic() + COMMAND_SECONDS
    text = b""
    try:
        while len(text) <= KEYS_MAX_BYTES:
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise subprocess.TimeoutExpired(process.args, COMMAND_SECONDS)
            piece = os.read(process.stdout.fileno(), KEYS_MAX_BYTES)
            if not piece:
                process.wait(max(until - time.monotonic(), 0.1))
                return text
            text += piece
    except subprocess.TimeoutExpired as error:
        raise SealBroken(
            f"{origin} did not end within {COMMAND_SECONDS:.0f} seconds: run it by hand as the "
            "user of the server"
        ) from error
    finally:
        if process.returncode is None:
            # It has a group of its own: what it started goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    raise SealBroken(f"{origin} prints more than {KEYS_MAX_BYTES} bytes: it should print the keys")


def _parsed(line: bytes, where: str) -> tuple[str, bytes]:
    name, colon, code = line.decode("ascii", "replace").strip().partition(":")
    try:
        key = base64.b64decode(code.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealBroken(f"{where}: this is no master key; {_FORM}") from error
    if not colon or not _ID.fullmatch(name):
        raise SealBroken(
            f"{where}: a key's id has up to {ID_MAX_CHARACTERS} letters, digits, . _ or -; {_FORM}"
        )
    if len(key) != KEY_BYTES:
        raise SealBroken(f"{where}: the key {name} has {len(key)} bytes instead of 32; {_FORM}")
    return name, key


def _head(name: str) -> bytes:
    return bytes((VERSION, len(name))) + name.encode("ascii")


def _bound(head: bytes, purpose: str) -> bytes:
    """Return the associated data: the head says its own length, so that nothing is ambiguous."""
    text = purpose.encode()
    if len(text) > PURPOSE_MAX_BYTES:
        raise ValueError(f"the purpose of a secret has at most {PURPOSE_MAX_BYTES} bytes")
    return head + text
