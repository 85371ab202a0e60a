"""Tokens of others: signature and claims (RFC 7515, 7519, 8725; OIDC Core).

Of a header only `alg`, `kid`, `typ` and `crit` are read. Keys come from the issuer alone: what a
header names or brings along (`jku`, `jwk`, `x5u`, `x5c`) is never looked at.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from entrepot.ports.federation import Claims, Refusal, TokenRefused
from entrepot.rules.federation.claims import TOKEN_MAX_CHARACTERS, shown, texts

from .keys import ALGORITHMS, KID_MAX, IssuerKeys

LEEWAY_SECONDS = 60.0
"""How far the clocks of the issuer and of this machine may differ."""

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing of it is proved."""

    algorithm: str
    kid: str | None
    signed: bytes
    signature: bytes
    payload: bytes


def take_apart(text: str) -> Token:
    """Return the parts of a token in compact form. Raises `TokenRefused`."""
    if len(text) > TOKEN_MAX_CHARACTERS:
        raise _malformed(f"it has more than {TOKEN_MAX_CHARACTERS} characters")
    found = _COMPACT.fullmatch(text)
    if found is None:
        raise _malformed("it is not three parts of base64url")
    try:
        header = msgspec.json.decode(_decoded(found[1]), type=dict[str, Any])
        payload, signature = _decoded(found[2]), _decoded(found[3])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("its header cannot be read") from None
    if "crit" in header or "b64" in header:
        raise _malformed("its header asks for an extension")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in ("jwt", "application/jwt"):
        # RFC 8725, 3.11: an access token or a logout token is no ID token.
        raise _malformed(f"it is of type '{shown(kind)}'")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused(
            Refusal.ALGORITHM,
            f"the token is signed with '{shown(algorithm)}', which is not taken: have the issuer "
            "sign with RS256 or ES256",
        )
    if not (kid is None or (isinstance(kid, str) and len(kid) <= KID_MAX)):
        raise _malformed("its 'kid' is no short text")
    return Token(algorithm, kid, f"{found[1]}.{found[2]}".encode(), signature, payload)


def is_signed(token: Token, keys: IssuerKeys) -> bool | None:
    """Whether one of the keys signed it; None if none of them could have."""
    candidates = keys.candidates(token.algorithm, token.kid)
    if not candidates:
        return None
    # EdDSA with Ed25519 is Ed25519 (RFC 9864), which joserfc warns about by its older name.
    name = "Ed25519" if token.algorithm == "EdDSA" else token.algorithm
    model = JWSRegistry.algorithms[name]
    for candidate in candidates:
        try:
            if model.verify(token.signed, token.signature, candidate.key):
                return True
        except (JoseError, ValueError):
            continue  # a signature that cannot be one of this key
    return False


def read_claims(token: Token) -> dict[str, Any]:
    """Return the claims. Raises `TokenRefused`."""
    try:
        return msgspec.json.decode(token.payload, type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("its claims are no JSON object") from None


def check_claims(claims: Claims, *, issuer: str, audiences: Collection[str], now: float) -> None:
    """Raise `TokenRefused` unless the token is the issuer's, for one of the audiences, and now."""
    if claims.get("iss") != issuer:
        raise TokenRefused(
            Refusal.ISSUER,
            f"the token is of '{shown(claims.get('iss'))}', and not of {issuer}: use one of that",
        )
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _malformed("it has no 'sub'")
    audience = claims.get("aud")
    named = texts(audience) if isinstance(audience, str | list) else ()
    if not {*named} & {*audiences}:
        raise TokenRefused(
            Refusal.AUDIENCE,
            f"the token was made for '{shown(', '.join(named))}': ask for one for "
            + " or ".join(audiences),
        )
    _check_times(claims, now)


def _check_times(claims: Claims, now: float) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    starts = _time(claims, "nbf") if "nbf" in claims else issued
    if now >= expires + LEEWAY_SECONDS:
        raise TokenRefused(
            Refusal.EXPIRED,
            f"the token expired {int(now - expires)} seconds ago: get a new one, or set the clocks",
        )
    if max(starts, issued) > now + LEEWAY_SECONDS:
        ahead = int(max(starts, issued) - now)
        raise TokenRefused(
            Refusal.NOT_YET_VALID,
            f"the token is valid in {ahead} seconds only: set the clocks here and there",
        )


def _time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
        raise _malformed(f"its '{name}' is no time")
    return float(value)


def check_login(claims: Claims, *, client_id: str, nonce: str) -> None:
    """Raise `TokenRefused` unless an ID token answers this login of this client."""
    party = claims.get("azp")
    others = [one for one in texts(claims.get("aud")) if one != client_id]
    if party != client_id and (party is not None or others):
        raise TokenRefused(
            Refusal.AUDIENCE,
            f"the ID token was made for the client '{shown(party)}': log in again, or give the "
            "provider's client an audience of its own",
        )
    found = claims.get("nonce")
    if not isinstance(found, str) or not nonce or not _is_same(found, nonce):
        raise TokenRefused(Refusal.NONCE, "the ID token does not answer this login: log in again")


def check_access_token(claims: Claims, token: Token, access_token: str) -> None:
    """Raise `TokenRefused` if `at_hash` is there and is another access token's (3.1.3.6)."""
    expected = claims.get("at_hash")
    if expected is None:
        return
    # Ed25519 hashes with SHA-512.
    name = _HASHES.get(token.algorithm[-3:], "sha512")
    digest = hashlib.new(name, access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(expected, str) or not _is_same(expected.rstrip("="), half):
        raise TokenRefused(
            Refusal.BINDING, "the access token is not that of the ID token: log in again"
        )


def merged(claims: Claims, userinfo: Mapping[str, Any]) -> Claims:
    """Return the claims with those that only userinfo has. Raises `TokenRefused` (5.3.2)."""
    if userinfo.get("sub") != claims["sub"]:
        raise TokenRefused(
            Refusal.BINDING, "the provider's userinfo is about somebody else: log in again"
        )
    return {**userinfo, **claims}


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _malformed(cause: str) -> TokenRefused:
    return TokenRefused(
        Refusal.MALFORMED, f"the token cannot be used, {cause}: send a JWT as the issuer made it"
    )
