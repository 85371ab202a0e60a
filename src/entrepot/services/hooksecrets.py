"""What webhooks keep sealed: secrets that sign, and an authorization."""

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.clock import Random
from entrepot.ports.sealing import Sealer
from entrepot.rules.notifications.document import check_authorization
from entrepot.rules.notifications.signing import SECRET_MAX, SECRET_MIN

from .secrets import WEBHOOK

OVERLAP_MAX_SECONDS = 7 * 86400.0
"""Longest time that an old secret goes on signing beside the new one."""


class OldSecret(msgspec.Struct, frozen=True):
    """A secret that was exchanged, and signs until then."""

    text: str
    until: float


class HookSecrets(msgspec.Struct, frozen=True, omit_defaults=True):
    """The secrets of one webhook."""

    secret: str = ""
    """Empty where nothing is signed."""
    old: OldSecret | None = None
    authorization: str = ""

    def signing(self, now: float) -> tuple[str, ...]:
        """Return the secrets that sign now, the newest first."""
        if not self.secret:
            return ()
        return (self.secret, self.old.text) if self.old and now < self.old.until else (self.secret,)

    def rotated(self, secret: str, until: float) -> "HookSecrets":
        """Return them with another secret, beside which the one of now is good until then."""
        old = OldSecret(self.secret, until) if self.secret else None
        return msgspec.structs.replace(self, secret=secret, old=old)


_SECRETS = msgspec.json.Decoder(HookSecrets)


def seal(sealer: Sealer, webhook_id: int, secrets: HookSecrets) -> bytes:
    """Return the secrets of a webhook, sealed."""
    return sealer.seal(f"{WEBHOOK}:{webhook_id}", encode(secrets))


def unseal(sealer: Sealer, webhook_id: int, sealed: bytes) -> HookSecrets:
    """Return the secrets of a webhook. Raises `SealBroken`."""
    return _SECRETS.decode(sealer.open(f"{WEBHOOK}:{webhook_id}", sealed))


def new_secret(random: Random) -> str:
    """Return a secret that nobody can guess."""
    return random.token() + random.token()


def check_secret(secret: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what cannot sign."""
    if not SECRET_MIN <= len(secret) <= SECRET_MAX or not secret.isprintable():
        raise Fault(
            Code.REQUEST_INVALID,
            f"the secret cannot be used: give {SECRET_MIN} to {SECRET_MAX} printable characters, "
            "or leave it out and one is made",
        )


def check_secrets(secret: str | None, authorization: str | None) -> None:
    """Raise `Fault(REQUEST_INVALID)` for secrets that cannot be used; None and "" are none."""
    if secret:
        check_secret(secret)
    if authorization:
        check_authorization(authorization)
