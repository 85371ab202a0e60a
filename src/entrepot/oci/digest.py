"""Digests: content identifiers, `algorithm:encoded` (OCI image-spec, descriptor)."""

import hashlib
import re
from typing import Protocol, Self

from .errors import Code, Fault

ENCODED_LENGTH = {"sha256": 64, "sha512": 128}
"""Registered algorithms that Entrepot stores, with the length of their hex text."""

DEFAULT_ALGORITHM = "sha256"

_GRAMMAR = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+")
_HEX = re.compile(r"[a-f0-9]+")


class Hasher(Protocol):
    """What `hashlib.new` returns, as far as digests need it."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class Digest(str):
    """A valid digest of a registered algorithm; equal, hashable and stored as its text."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` as a digest, or raise `Fault(DIGEST_INVALID)` naming what is wrong."""
        algorithm, _, encoded = text.partition(":")
        length = ENCODED_LENGTH.get(algorithm)
        if length is not None and len(encoded) == length and _HEX.fullmatch(encoded):
            return cls(text)
        shown = text[:160]
        if not _GRAMMAR.fullmatch(text):
            raise Fault(
                Code.DIGEST_INVALID,
                f"'{shown}' is not a digest: write it as algorithm:hex, for example sha256:…",
                {"digest": shown},
            )
        if length is None:
            raise Fault(
                Code.DIGEST_INVALID,
                f"digest algorithm '{algorithm[:40]}' is not supported: use sha256 or sha512",
                {"digest": shown},
            )
        raise Fault(
            Code.DIGEST_INVALID,
            f"'{shown}' is cut or misspelt: a {algorithm} digest has {length} lower-case hex "
            "characters after the colon",
            {"digest": shown},
        )

    @classmethod
    def of(cls, data: bytes | memoryview, algorithm: str = DEFAULT_ALGORITHM) -> Self:
        """Return the digest of `data`; `Fault(DIGEST_INVALID)` for an unknown algorithm."""
        hasher = new_hasher(algorithm)
        hasher.update(data)
        return cls(f"{algorithm}:{hasher.hexdigest()}")

    @property
    def algorithm(self) -> str:
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        return self.partition(":")[2]


def new_hasher(algorithm: str) -> Hasher:
    """Return an empty hasher; `Fault(DIGEST_INVALID)` for an algorithm we do not store."""
    if algorithm not in ENCODED_LENGTH:
        raise Fault(
            Code.DIGEST_INVALID,
            f"digest algorithm '{algorithm[:40]}' is not supported: use sha256 or sha512",
            {"algorithm": algorithm[:40]},
        )
    return hashlib.new(algorithm)


def finished(hasher: Hasher, algorithm: str) -> Digest:
    """Return the digest that `hasher`, made for `algorithm`, stands at."""
    return Digest(f"{algorithm}:{hasher.hexdigest()}")
