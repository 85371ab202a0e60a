"""Signatures: ours, and those of the chats.

By ours a receiver knows who sent a request.
Ours is `t=TIME,v1=HEX`: HMAC-SHA256 (RFC 2104) over the time in seconds, a full stop and the body.
While a secret is exchanged for another one there are two, and one that is right is enough.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from urllib.parse import urlencode

SIGNATURE = "X-Entrepot-Signature"
DELIVERY = "X-Entrepot-Delivery"
EVENT = "X-Entrepot-Event"
SEQUENCE = "X-Entrepot-Sequence"

SECRETS_MAX = 2
"""Secrets that are good at once."""
SECRET_MIN = 16
SECRET_MAX = 256
"""Characters of a secret of our own kind."""
TOLERANCE_SECONDS = 300.0
"""How old a signature may be for `verify`, and how far ahead."""
HEADER_MAX = 1024

_PART = re.compile(r"(t|v1)=([0-9a-f]{1,64})")


def sign(secrets: Collection[str], body: bytes, now: float) -> str:
    """Return the header's value."""
    at = int(now)
    return ",".join([f"t={at}", *(f"v1={_mac(secret, at, body)}" for secret in secrets)])


def verify(
    header: str,
    secrets: Collection[str],
    body: bytes,
    now: float,
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> bool:
    """Whether a header proves that somebody with one of the secrets sent this body just now."""
    found = [_PART.fullmatch(part.strip()) for part in header[:HEADER_MAX].split(",")]
    times = [one[2] for one in found if one is not None and one[1] == "t"]
    codes = [one[2] for one in found if one is not None and one[1] == "v1"]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > 12:
        return False
    at = int(times[0])
    if abs(now - at) > tolerance_seconds:
        return False
    wanted = [_mac(secret, at, body) for secret in secrets]
    return any(hmac.compare_digest(code, one) for code in codes for one in wanted)


def dingtalk_query(secret: str, now: float) -> str:
    """Return what DingTalk wants behind the URL: HMAC-SHA256 of time and secret, by the secret."""
    at = str(round(now * 1000))
    code = _base64_mac(secret.encode(), f"{at}\n{secret}".encode())
    return urlencode({"timestamp": at, "sign": code})


def feishu_fields(secret: str, now: float) -> dict[str, str]:
    """Return what Feishu wants in the body: HMAC-SHA256 of nothing, by time and secret."""
    at = str(int(now))
    return {"timestamp": at, "sign": _base64_mac(f"{at}\n{secret}".encode(), b"")}


def _mac(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def _base64_mac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
