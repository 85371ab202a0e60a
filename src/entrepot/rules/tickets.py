"""Upload ids that prove themselves, so that a session without bytes needs no row.

An id is 32 hex characters: when it was issued (seconds, 8), chance (12) and a keyed digest of
these and of the repository (12). It cannot be guessed or made up, and holds for one repository.
"""

import hmac
from dataclasses import dataclass

from entrepot.oci.name import RepositoryName

KEY_BYTES = 32
CHANCE_CHARACTERS = 12

_TIME_CHARACTERS = 8
_HEAD_CHARACTERS = _TIME_CHARACTERS + CHANCE_CHARACTERS
_SEAL_CHARACTERS = 12
_LENGTH = _HEAD_CHARACTERS + _SEAL_CHARACTERS
_TIME_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class Tickets:
    """Issues and reads upload ids under one key, of `KEY_BYTES` bytes."""

    key: bytes

    def issue(self, name: RepositoryName, now: float, chance: str) -> str:
        """Return an id; `chance` is hex that nobody can foresee, `CHANCE_CHARACTERS` or more."""
        head = f"{int(now) % _TIME_MODULUS:08x}{chance[-CHANCE_CHARACTERS:]}"
        return head + self._seal(name, head)

    def issued_at(self, name: RepositoryName, upload_id: str) -> float | None:
        """Return when the id was issued for the repository, or None if it never was."""
        if len(upload_id) != _LENGTH or not upload_id.isascii():
            return None
        head = upload_id[:_HEAD_CHARACTERS]
        if not hmac.compare_digest(self._seal(name, head), upload_id[_HEAD_CHARACTERS:]):
            return None
        return float(int(head[:_TIME_CHARACTERS], 16))

    def _seal(self, name: RepositoryName, head: str) -> str:
        message = f"{head}\n{name}".encode()
        return hmac.digest(self.key, message, "sha256").hex()[:_SEAL_CHARACTERS]
