"""Where an issuer is reached, if not simply at its name."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    """What is special about reaching one issuer.

    `ca_file` has the authorities of its certificate, in PEM. `keys_file` is a JWK set to use in
    place of its address, for one that cannot be reached from here.
    """

    issuer: str
    ca_file: Path | None = None
    keys_file: Path | None = None
