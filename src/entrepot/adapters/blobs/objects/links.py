"""URLs by which anybody reads an object for a while: S3's or CloudFront's."""

import base64
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

REMEMBERED_MAX = 4096
"""URLs in memory; one is given to all who ask within half of its life."""
REMEMBERED_SECONDS = 300.0
"""But no longer: what a role's credentials signed ends with them, and they are renewed only
10 minutes before."""

_CLOUDFRONT_BASE64 = str.maketrans("+=/", "-_~")

Sign = Callable[[str, float], Awaitable[str | None]]
"""Makes a URL of a key that is good for so many seconds."""


class Links:
    """Makes URLs, and remembers them: signing takes up to a millisecond."""

    def __init__(self, sign: Sign, seconds: float, now: Callable[[], float] = time.time) -> None:
        self._sign = sign
        self._seconds = seconds
        self._now = now
        self._made: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def of(self, key: str) -> str | None:
        """Return a URL that is good for half of the seconds at least; None if there is none.

        If the credentials last so long, that is: of some it is good for 5 minutes at least.
        """
        now = self._now()
        url, made_at = self._made.get(key, ("", 0.0))
        if url and 0 <= now - made_at <= min(self._seconds / 2, REMEMBERED_SECONDS):
            return url
        made = await self._sign(key, self._seconds)
        if made is not None:
            self._made[key] = (made, now)
            self._made.move_to_end(key)
            if len(self._made) > REMEMBERED_MAX:
                self._made.popitem(last=False)
        return made


class CloudFront:
    """Signs with a key of a CloudFront key group: RSA, SHA-1, a canned policy, as it wants it."""

    def __init__(
        self,
        url: str,
        prefix: str,
        *,
        key_id: str,
        key_file: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read the key; OSError if that cannot be, ValueError if it is no RSA key."""
        self._base = f"{url.rstrip('/')}/{quote(prefix)}/" if prefix else f"{url.rstrip('/')}/"
        self._key_id = key_id
        self._now = now
        try:
            key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(
                f"objects.cdn_key: {key_file} is no private key in PEM without a password"
            ) from error
        if not isinstance(key, RSAPrivateKey):
            raise ValueError(f"objects.cdn_key: {key_file} is not an RSA key")  # noqa: TRY004
        self._key = key

    async def sign(self, key: str, seconds: float) -> str:
        """Return a URL of the distribution that is good for so many seconds."""
        resource = self._base + quote(key)
        expires = int(self._now() + seconds)
        policy = (
            f'{{"Statement":[{{"Resource":"{resource}",'
            f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
        )
        signed = self._key.sign(policy.encode(), PKCS1v15(), SHA1())  # noqa: S303 - what it checks
        text = base64.b64encode(signed).decode().translate(_CLOUDFRONT_BASE64)
        return f"{resource}?Expires={expires}&Signature={text}&Key-Pair-Id={quote(self._key_id)}"
