"""Secrets by chance: made, told once, and kept as a hash."""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Random
from entrepot.ports.robots import Credential, CredentialKind
from entrepot.rules import credentials
from entrepot.rules.access import Identity
from entrepot.rules.credentials import ID_CHARACTERS, Prefix
from entrepot.rules.networks import Networks

_PREFIXES = {
    CredentialKind.ROBOT: Prefix.ROBOT,
    CredentialKind.TOKEN: Prefix.TOKEN,
    CredentialKind.CLI: Prefix.CLI,
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a secret is for, and how long it is good."""

    kind: CredentialKind
    owner: str
    label: str = ""
    limits: str = ""
    networks: tuple[str, ...] = ()
    expires_at: float | None = None


def mint(random: Random, purpose: Purpose, now: float) -> tuple[Credential, str]:
    """Return a new credential, and its secret, which nobody can tell again."""
    public_id = random.token()[-ID_CHARACTERS:]
    secret = credentials.make(
        _PREFIXES[purpose.kind], public_id, f"{random.token()}{random.token()}"
    )
    made = Credential(
        public_id,
        purpose.kind,
        purpose.owner,
        purpose.label,
        credentials.hash_of(secret),
        purpose.limits,
        purpose.networks,
        now,
        purpose.expires_at,
        None,
    )
    return made, secret


def networks_within(by: Identity, networks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the networks that something made by `by` is taken from: not from more than `by` is.

    Without any, those of `by`. Raises `Fault`: REQUEST_INVALID, or DENIED for wider ones.
    """
    wanted = Networks.parse(networks)
    if not wanted and by.networks:
        return by.networks[-1].texts
    if all(wanted.lies_in(own) for own in by.networks):
        return wanted.texts
    raise Fault(
        Code.DENIED,
        f"{by.name} is taken from some networks only, and cannot make what is taken from others: "
        "name networks within those",
    )
