"""References: a tag or a digest after a repository's name."""

import re
from typing import Self

from .digest import Digest
from .errors import Code, Fault

TAG_LENGTH_MAX = 128

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_FALLBACK = re.compile(r"sha(?:256-[a-f0-9]{64}|512-[a-f0-9]{64,128})(?:\.[a-z]+)?")


class Tag(str):
    """A valid tag (distribution-spec, "Pulling manifests")."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` as a tag, or raise `Fault(TAG_INVALID)`."""
        if not _TAG.fullmatch(text):
            raise Fault(
                Code.TAG_INVALID,
                f"'{text[:TAG_LENGTH_MAX]}' is not a tag: use up to {TAG_LENGTH_MAX} letters, "
                "digits, _ . and -, not starting with . or -",
                {"tag": text[:TAG_LENGTH_MAX]},
            )
        return cls(text)

    @property
    def is_system(self) -> bool:
        """Whether clients made it to hang something on a digest (`sha256-<hex>[.sig]`)."""
        return _FALLBACK.fullmatch(self) is not None


Reference = Tag | Digest


def parse_reference(text: str) -> Reference:
    """Return the digest or tag that `text` is; a colon makes it a digest, never a tag."""
    return Digest.parse(text) if ":" in text else Tag.parse(text)


def fallback_tag(digest: Digest) -> Tag:
    """Return the referrers tag of `digest` (distribution-spec, "Referrers Tag Schema")."""
    return Tag(f"{digest.algorithm[:32]}-{digest.encoded[:64]}")
