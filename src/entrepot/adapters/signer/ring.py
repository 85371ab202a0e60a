"""A signer over several keys, of which each has its time."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.ports.clock import Clock
from entrepot.ports.keys import RingKey
from entrepot.rules.keyring import KeyTimes, believes, published, signing

from .certificate import Chain
from .jose import TOKEN_MAX_BYTES, JoseKey, es256_key


class RingSigner:
    """Keeps `ports.secrets.TokenSigner` and `ports.keys.SigningRing`.

    With a `chain`, its key signs what others read too: access tokens. What only we read, and for
    long, is always signed with a key of the ring.
    """

    def __init__(self, clock: Clock, chain: Chain | None = None) -> None:
        self._clock = clock
        self._chain = chain
        self._ring: dict[str, tuple[KeyTimes, JoseKey]] = {}
        self._by_start: dict[str, tuple[KeyTimes, JoseKey]] = {}
        self.epoch = 0
        """Another number once what a key signed is not believed any more, before its time."""

    def use(self, keys: Sequence[RingKey]) -> None:
        """Sign and verify with these from now on."""
        ring: dict[str, tuple[KeyTimes, JoseKey]] = {}
        for one in keys:
            jose = es256_key(one.pem)
            if jose.public["kid"] != one.times.kid:
                raise ValueError(f"the key of {one.times.kid} is another one")
            ring[one.times.kid] = (one.times, jose)
        if self._ring.keys() - ring.keys():
            self.epoch += 1
        self._ring = ring
        self._by_start = {found[1].start: found for found in ring.values()}

    def sign(self, claims: Mapping[str, Any], *, long_lived: bool = False) -> str:
        if self._chain is not None and not long_lived:
            return self._chain.key.sign(claims)
        able = [times for times, key in self._ring.values() if key.can_sign]
        chosen = signing(able, self._clock.now())
        if chosen is None:
            raise RuntimeError("no key signs: the ring was never filled")
        return self._ring[chosen.kid][1].sign(claims)

    def verify(self, token: str, *, long_lived: bool = False) -> dict[str, Any] | None:
        """Return the claims of a token that a key signed which is still believed, or None.

        Its header is byte for byte one that we write: no algorithm, key or URL in it is looked at.
        """
        if len(token) > TOKEN_MAX_BYTES:
            return None
        start = token.partition(".")[0]
        if self._chain is not None and start == self._chain.key.start:
            return None if long_lived else self._chain.key.read(token)
        found = self._by_start.get(start)
        if found is None or not believes(found[0], self._clock.now(), long_lived=long_lived):
            return None
        return found[1].read(token)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys that are believed, or will be: the next one too."""
        now = self._clock.now()
        keys = [key.public for times, key in self._ring.values() if published(times, now)]
        return {"keys": [*([self._chain.key.public] if self._chain else ()), *keys]}
