import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot.oci.digest import ENCODED_LENGTH, Digest, finished, new_hasher
from entrepot.oci.errors import Code
from tests.oci.faults import code_of, fault_of, value_of

ALGORITHMS = st.sampled_from(sorted(ENCODED_LENGTH))
SHA256 = "sha256:" + hashlib.sha256(b"").hexdigest()


@given(st.binary(), ALGORITHMS)
def test_of_is_what_hashlib_says(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm)
    assert digest.algorithm == algorithm
    assert digest.encoded == hashlib.new(algorithm, data).hexdigest()
    assert digest == f"{algorithm}:{digest.encoded}"
    assert Digest.of(memoryview(data), algorithm) == digest


@given(st.binary(), ALGORITHMS)
def test_parse_keeps_what_is_one(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm)
    parsed = Digest.parse(str(digest))
    assert type(parsed) is Digest
    assert parsed == digest
    assert hash(parsed) == hash(str(digest))
    assert {digest: 1}[parsed] == 1


@given(st.lists(st.binary()), ALGORITHMS)
def test_a_hasher_in_pieces(pieces: list[bytes], algorithm: str) -> None:
    hasher = new_hasher(algorithm)
    for piece in pieces:
        hasher.update(piece)
    assert finished(hasher, algorithm) == Digest.of(b"".join(pieces), algorithm)


@given(st.one_of(st.text(), st.from_regex(r"[a-z0-9]{1,8}:[A-Fa-f0-9=_-]{1,130}", fullmatch=True)))
@example(SHA256 + "\n")
@example(SHA256.replace("sha256", "sha512"))
def test_parse_faults_or_returns_its_text(text: str) -> None:
    parsed = value_of(lambda: Digest.parse(text))
    if parsed is not None:
        assert parsed == text
        assert len(parsed.encoded) == ENCODED_LENGTH[parsed.algorithm]
        assert set(parsed.encoded) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "not a digest"),
        ("sha256", "not a digest"),
        ("sha256:", "not a digest"),
        (":" + "0" * 64, "not a digest"),
        ("SHA256:" + "0" * 64, "not a digest"),
        ("sha256:" + "0" * 63 + "/", "not a digest"),
        ("sha256:" + "0" * 64 + "\n", "not a digest"),
        ("sha256:../../etc/passwd", "not a digest"),
        ("sha256:" + "0" * 63, "64 lower-case hex"),
        ("sha256:" + "0" * 65, "64 lower-case hex"),
        ("sha256:" + "A" * 64, "64 lower-case hex"),
        ("sha256:" + "g" * 64, "64 lower-case hex"),
        ("sha512:" + "0" * 64, "128 lower-case hex"),
        ("md5:" + "0" * 32, "use sha256 or sha512"),
        ("blake3:" + "0" * 64, "use sha256 or sha512"),
        ("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", "use sha256 or sha512"),
    ],
)
def test_a_fault_names_what_is_wrong(text: str, why: str) -> None:
    fault = fault_of(lambda: Digest.parse(text))
    assert fault is not None
    assert fault.code is Code.DIGEST_INVALID
    assert why in fault.message
    assert fault.detail == {"digest": text}


def test_a_fault_repeats_only_the_start() -> None:
    fault = fault_of(lambda: Digest.parse("x" * 10_000_000))
    assert fault is not None
    assert len(fault.message) + len(str(fault.detail)) < 1000


@pytest.mark.parametrize("algorithm", ["", "md5", "sha1", "SHA256", "nonsense", "x" * 100])
def test_other_algorithms(algorithm: str) -> None:
    assert code_of(lambda: new_hasher(algorithm)) is Code.DIGEST_INVALID
    assert code_of(lambda: Digest.of(b"", algorithm)) is Code.DIGEST_INVALID


def test_a_digest_has_no_room_for_more() -> None:
    with pytest.raises(AttributeError):
        Digest.of(b"").note = "x"  # type: ignore[attr-defined]
