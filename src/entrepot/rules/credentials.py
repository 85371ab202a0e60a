"""Secrets that the registry makes, told from passwords by how they begin.

A secret is a prefix that says what it is for, its public id (16 hex characters), 256 bits by
chance, and a check sum, by which those who search for leaked secrets know it without asking.
"""

import hashlib
import hmac
import re
import zlib
from enum import StrEnum

from entrepot.oci.errors import Code, Fault

from .passwords import PasswordPolicy, check_password

ID_CHARACTERS = 16
CHANCE_CHARACTERS = 64
"""Hex characters, so 256 bits."""


class Prefix(StrEnum):
    """What a secret is for."""

    ROBOT = "epr"
    TOKEN = "ept"  # noqa: S105  a prefix, not a secret
    CLI = "epc"


CHOSEN = PasswordPolicy(classes=True)
"""What a secret must be that somebody thought out: as Harbor asks."""

_FORM = re.compile(r"(epr|ept|epc)_([0-9a-f]{16})([0-9a-f]{64})([0-9a-f]{8})")


def make(prefix: Prefix, public_id: str, chance: str) -> str:
    """Return the secret; `public_id` and `chance` are hex of the lengths above."""
    body = f"{prefix.value}_{public_id}{chance}"
    return f"{body}{_sum(body)}"


def read(text: str) -> tuple[Prefix, str] | None:
    """Return what a secret is for, and its public id; None for what is no such secret."""
    found = _FORM.fullmatch(text)
    if found is None or not hmac.compare_digest(_sum(text[:-8]), found[4]):
        return None
    return Prefix(found[1]), found[2]


def chosen_id(owner: str) -> str:
    """Return the id of the one secret that somebody may have thought out for this robot."""
    return hashlib.sha256(f"chosen:{owner}".encode()).hexdigest()[:ID_CHARACTERS]


def check_chosen(secret: str, owner: str) -> Fault | None:
    """Return what is wrong with a secret that somebody thought out for a robot, or None."""
    if any(secret.startswith(f"{prefix.value}_") for prefix in Prefix):
        return Fault(
            Code.REQUEST_INVALID,
            "this secret looks like one that the registry made: choose another one, or leave it "
            "out and take that of the answer",
        )
    return check_password(secret, CHOSEN, name=owner)


def hash_of(secret: str) -> bytes:
    """Return what is kept of it: nobody guesses 256 bits, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(secret: str, kept: bytes) -> bool:
    """Whether that is the hash of this secret, in the same time for any."""
    return hmac.compare_digest(hash_of(secret), kept)


def _sum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
