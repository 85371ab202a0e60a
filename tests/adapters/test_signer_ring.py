"""A ring of keys signs with one and believes several."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from entrepot.adapters.signer import (
    ChainUnusable,
    Es256Mint,
    Es256Signer,
    RingSigner,
    load_chain,
    new_key,
    reader,
)
from entrepot.ports.keys import RingKey
from entrepot.rules.keyring import (
    ACCESS_MAX_SECONDS,
    LEEWAY_SECONDS,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    KeyTimes,
    rotated,
)
from tests.chains import ec_key, rsa_key, write_chain
from tests.services.house import HandClock

MINT = Es256Mint()
OLD, NEW = new_key(), new_key()
CLAIMS = {"sub": "alice"}


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def kid_of(token: str) -> str:
    return str(decoded(token.split(".", maxsplit=1)[0])["kid"])


class Turn:
    """A ring that is about to turn from one key to the next."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.start = self.clock.now()
        first = KeyTimes(MINT.kid(OLD), self.start, self.start)
        self.old, self.new = rotated([first], MINT.kid(NEW), self.start)
        self.ring = RingSigner(self.clock)
        self.ring.use([RingKey(self.old, OLD), RingKey(self.new, NEW)])

    def after(self, seconds: float) -> None:
        """Go to so long after the turn."""
        self.clock.seconds = self.start + PUBLISHED_SECONDS + seconds


def test_the_next_key_is_published_before_it_signs() -> None:
    turn = Turn()
    assert {key["kid"] for key in turn.ring.jwks()["keys"]} == {turn.old.kid, turn.new.kid}
    turn.after(-0.001)
    assert kid_of(turn.ring.sign(CLAIMS)) == turn.old.kid
    turn.after(0)
    assert kid_of(turn.ring.sign(CLAIMS)) == turn.new.kid


def test_a_token_signed_a_moment_before_is_accepted_to_its_end() -> None:
    turn = Turn()
    turn.after(-0.001)
    token, refresh = turn.ring.sign(CLAIMS), turn.ring.sign(CLAIMS, long_lived=True)
    turn.after(ACCESS_MAX_SECONDS + LEEWAY_SECONDS)
    assert turn.ring.verify(token) == CLAIMS
    turn.after(ACCESS_MAX_SECONDS + LEEWAY_SECONDS + 1)
    assert turn.ring.verify(token) is None
    assert turn.ring.verify(refresh, long_lived=True) == CLAIMS
    turn.after(REFRESH_SECONDS + LEEWAY_SECONDS + 1)
    assert turn.ring.verify(refresh, long_lived=True) is None
    assert [key["kid"] for key in turn.ring.jwks()["keys"]] == [turn.new.kid]


def test_a_public_half_reads_and_never_signs() -> None:
    turn = Turn()
    token = turn.ring.sign(CLAIMS)
    turn.ring.use([RingKey(turn.old, MINT.public(OLD)), RingKey(turn.new, NEW)])
    assert turn.ring.verify(token) == CLAIMS
    assert b"PRIVATE" not in MINT.public(OLD)
    assert kid_of(turn.ring.sign(CLAIMS)) == turn.new.kid


def test_a_dropped_key_is_believed_no_more_and_the_epoch_tells() -> None:
    turn = Turn()
    token, before = turn.ring.sign(CLAIMS), turn.ring.epoch
    turn.ring.use([RingKey(turn.old, OLD), RingKey(turn.new, NEW)])
    assert turn.ring.epoch == before
    turn.ring.use([RingKey(turn.new, NEW)])
    assert turn.ring.epoch != before
    assert turn.ring.verify(token) is None


def test_a_ring_without_keys_signs_nothing() -> None:
    with pytest.raises(RuntimeError, match="never filled"):
        RingSigner(HandClock()).sign(CLAIMS)


def test_a_key_under_another_id_is_refused() -> None:
    times = KeyTimes(MINT.kid(OLD), 0.0, 0.0)
    with pytest.raises(ValueError, match="another one"):
        RingSigner(HandClock()).use([RingKey(times, NEW)])


def test_no_header_but_ours_is_believed() -> None:
    """One key of the ring does not vouch for the header of the other, nor for any other one."""
    turn = Turn()
    old, new = (Es256Signer(pem).sign(CLAIMS) for pem in (OLD, NEW))
    for mixed in (
        f"{old.split('.')[0]}.{'.'.join(new.split('.')[1:])}",
        f"{new.split('.')[0]}.{'.'.join(old.split('.')[1:])}",
    ):
        assert turn.ring.verify(mixed) is None
    key = ECKey.import_key(OLD)
    for more in ({"jku": "https://evil.example"}, {"jwk": key.as_dict(private=False)}, {"x": 1}):
        header = {"typ": "JWT", "alg": "ES256", "kid": turn.old.kid, **more}
        registry = jws.JWSRegistry(strict_check_header=False)
        forged = jws.serialize_compact(header, json.dumps(CLAIMS), key, registry=registry)
        assert turn.ring.verify(forged) is None
    reordered = {"kid": turn.old.kid, "alg": "ES256", "typ": "JWT"}
    forged = jws.serialize_compact(reordered, json.dumps(CLAIMS), key, algorithms=["ES256"])
    assert turn.ring.verify(forged) is None


def test_the_published_keys_are_enough_to_read() -> None:
    turn = Turn()
    read = reader(json.loads(json.dumps(turn.ring.jwks())))
    turn.after(1)
    assert read(turn.ring.sign(CLAIMS)) == CLAIMS


def test_only_keys_on_p256_are_ours() -> None:
    other = ECKey.generate_key("P-384").as_pem(private=True)
    with pytest.raises(ValueError, match="P-384"):
        MINT.kid(other)


class TestChain:
    @pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
    def test_access_tokens_carry_the_chain(self, tmp_path: Path, algorithm: str) -> None:
        files = write_chain(tmp_path, ec_key() if algorithm == "ES256" else rsa_key())
        clock = HandClock(datetime.now(UTC).timestamp())
        ring = RingSigner(clock, load_chain(files.key, files.certs, clock.now()))
        ring.use([RingKey(KeyTimes(MINT.kid(OLD), 0.0, 0.0), OLD)])
        token = ring.sign(CLAIMS)
        header = decoded(token.split(".")[0])
        certs = x509.load_pem_x509_certificates(files.certs.read_bytes())
        assert header["alg"] == algorithm
        assert [base64.b64decode(one) for one in header["x5c"]] == [
            one.public_bytes(Encoding.DER) for one in certs
        ]
        groups = header["kid"].split(":")
        assert (len(groups), {len(group) for group in groups}) == (12, {4})
        assert ring.verify(token) == CLAIMS
        assert ring.verify(token, long_lived=True) is None
        (public, _) = ring.jwks()["keys"]
        assert public["kid"] == header["kid"]
        assert not {"d", "p", "q"} & public.keys()
        kind = ECKey if algorithm == "ES256" else RSAKey
        jws.deserialize_compact(
            token,
            kind.import_key(public),
            registry=_Long(algorithms=[algorithm]),
        )

    def test_what_lives_long_is_signed_by_the_ring(self, tmp_path: Path) -> None:
        files = write_chain(tmp_path, ec_key())
        clock = HandClock(datetime.now(UTC).timestamp())
        ring = RingSigner(clock, load_chain(files.key, files.certs, clock.now()))
        ring.use([RingKey(KeyTimes(MINT.kid(OLD), 0.0, 0.0), OLD)])
        refresh = ring.sign(CLAIMS, long_lived=True)
        assert kid_of(refresh) == MINT.kid(OLD)
        assert ring.verify(refresh, long_lived=True) == CLAIMS

    def test_a_certificate_of_another_key_is_refused(self, tmp_path: Path) -> None:
        files = write_chain(tmp_path, ec_key())
        files.key.write_bytes(new_key())
        with pytest.raises(ChainUnusable, match="not that of the key"):
            load_chain(files.key, files.certs, datetime.now(UTC).timestamp())

    def test_a_certificate_that_is_over_is_refused(self, tmp_path: Path) -> None:
        files = write_chain(tmp_path, ec_key(), at=datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(ChainUnusable, match="renew it"):
            load_chain(files.key, files.certs, datetime.now(UTC).timestamp())

    @pytest.mark.parametrize("bad", ["short", "P-384", "nonsense", "encrypted"])
    def test_keys_that_others_would_not_trust_are_refused(self, tmp_path: Path, bad: str) -> None:
        files = write_chain(tmp_path, ec_key())
        plain = PrivateFormat.PKCS8, NoEncryption()
        match bad:
            case "short":
                text = rsa_key(1024).private_bytes(Encoding.PEM, *plain)
            case "P-384":
                key = ec.generate_private_key(ec.SECP384R1())
                text = key.private_bytes(Encoding.PEM, *plain)
            case "nonsense":
                text = b"no key"
            case _:
                text = ECKey.import_key(new_key()).as_pem(private=True, password="x")
                load_pem_private_key(text, b"x")
        files.key.write_bytes(text)
        with pytest.raises(ChainUnusable, match=r"auth\.token_key"):
            load_chain(files.key, files.certs, datetime.now(UTC).timestamp())

    def test_i13_a_chain_has_limits(self, tmp_path: Path) -> None:
        files = write_chain(tmp_path, ec_key())
        files.certs.write_bytes(files.certs.read_bytes() * 3)
        with pytest.raises(ChainUnusable, match="6 certificates"):
            load_chain(files.key, files.certs, datetime.now(UTC).timestamp())
        files.certs.write_bytes(b"nothing")
        with pytest.raises(ChainUnusable, match="no certificates"):
            load_chain(files.key, files.certs, datetime.now(UTC).timestamp())


class _Long(jws.JWSRegistry):
    max_header_length = 16 * 1024
