"""The lines of an htpasswd file."""

import re
from dataclasses import dataclass, field

NAME_MAX = 255
COST_MAX = 15
"""Cost of bcrypt: 15 takes seconds for a login, and each step above doubles it."""

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_OTHER_KINDS = re.compile(r"\$[156]\$|\$apr1\$|\$y\$|\$argon2|\{SHA|[./0-9A-Za-z]{13}$")


@dataclass(frozen=True, slots=True)
class Users:
    """What a file holds: hashes by name, and what is wrong with other lines.

    `torn` says that a line is none at all, as when a file is read while it is written.
    """

    hashes: dict[str, str] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()
    torn: bool = False


def parse(data: bytes) -> Users:
    """Return the users of a file: `name:$2y$...` lines; blank lines and `#` are passed over.

    Of a name that stands there twice the last line counts. A complaint never shows a hash.
    """
    hashes: dict[str, str] = {}
    complaints: list[str] = []
    torn = False
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        line = line.strip()  # noqa: PLW2901 - as registry:2 does
        if not line or line.startswith("#"):
            continue
        name, _, password_hash = line.partition(":")
        complaint, is_torn = _complaint(name, password_hash)
        torn = torn or is_torn
        if complaint:
            complaints.append(f"line {number}: {complaint}")
            hashes.pop(name, None)
        else:
            hashes[name] = password_hash
    return Users(hashes, tuple(complaints), torn)


def _complaint(name: str, password_hash: str) -> tuple[str, bool]:
    """Return what is wrong with a line, or nothing; and whether it is no line of such a file."""
    if not name or len(name) > NAME_MAX or not name.isprintable() or "\ufffd" in name:
        return "it does not begin with a user's name and a colon", True
    if _HASH.fullmatch(password_hash):
        if cost(password_hash) > COST_MAX:
            return f"{name} has a bcrypt hash of a cost above {COST_MAX}", False
        return "", False
    if _OTHER_KINDS.match(password_hash):
        return f"{name} has no bcrypt hash: make it again with htpasswd -B", False
    return f"{name} has no whole bcrypt hash: make it again with htpasswd -B", True


def cost(password_hash: str) -> int:
    """Return the cost of a bcrypt hash: the logarithm of how often it was gone over."""
    return int(password_hash[4:6])
