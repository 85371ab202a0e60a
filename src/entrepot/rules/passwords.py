"""What user names and passwords may be, and how fast they may be guessed."""

import ipaddress
import re
import string
from dataclasses import dataclass
from itertools import pairwise

from entrepot.oci.errors import Code, Fault

from .common_passwords import COMMON

PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 128
FREE_FAILURES = 5
"""Wrong passwords in a row before a pause; people mistype, and clients retry."""
PAUSE_MAX_SECONDS = 60.0
FORGET_SECONDS = 900.0
"""After so long without one, wrong passwords are counted from the start."""
PACE_FREE_FAILURES = 50
"""Wrong passwords for one name, from wherever, before more of them are made to wait."""
PACE_SECONDS = 0.25
PACE_MAX_SECONDS = 5.0
"""What a login waits at most because others guess at its name: it is slowed, never refused."""
ADDRESS_LENGTH_MAX = 64

_IPV6_CUSTOMER_BITS = 56
"""What one customer is given (RFC 6177): fewer bits, and guesses come from ever new addresses."""
_PERIOD_MAX = 3
_AROUND = string.digits + string.punctuation + string.whitespace
RESERVED = frozenset({"anonymous", "everyone", "operator", "workload", "me"})
"""Names that no user is given, for they mean something already."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def check_name(name: str) -> Fault | None:
    """Return what is wrong with a new user's name, or None."""
    if _NAME.fullmatch(name):
        return None
    return Fault(
        Code.REQUEST_INVALID,
        "this cannot be a user name: use up to 64 letters, digits, . _ @ or -, and start with a "
        "letter or digit",
    )


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What new passwords must be (NIST SP 800-63B 5.1.1.2: long, and none that is tried first)."""

    length_min: int = PASSWORD_LENGTH_MIN
    classes: bool = False
    """Whether upper and lower case and a digit must be there, as Harbor asks."""
    words: tuple[str, ...] = ("entrepot",)
    """What anybody would try here: the registry's own names."""


DEFAULT_POLICY = PasswordPolicy()


def check_new_name(name: str) -> Fault | None:
    """Return what is wrong with the name of an account to be made, or None."""
    if name.lower() in RESERVED:
        return Fault(
            Code.REQUEST_INVALID,
            f"{name} stands for somebody else in commands and in the audit log: use another name",
        )
    return check_name(name)


def check_password(
    password: str, policy: PasswordPolicy = DEFAULT_POLICY, *, name: str = ""
) -> Fault | None:
    """Return what is wrong with a new password of the user `name`, or None."""
    if not policy.length_min <= len(password) <= PASSWORD_LENGTH_MAX:
        return Fault(
            Code.REQUEST_INVALID,
            f"this cannot be a password: use {policy.length_min} to {PASSWORD_LENGTH_MAX} "
            "characters",
            {"least": policy.length_min, "most": PASSWORD_LENGTH_MAX},
        )
    if policy.classes and not _has_classes(password):
        return Fault(
            Code.REQUEST_INVALID,
            "this cannot be a password: use an upper-case letter, a lower-case one and a digit",
        )
    if _is_guessable(password, (name, *policy.words)):
        return Fault(
            Code.REQUEST_INVALID,
            "this password is one of the first that are tried: use several words that do not "
            "belong together, or let a password manager make one",
        )
    return None


def throttle_seconds(failures: int) -> float:
    """Return how long a name must wait after so many wrong passwords in a row."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(PAUSE_MAX_SECONDS, 2.0 ** min(failures - FREE_FAILURES, 16)))


def address_class(address: str) -> str:
    """Return what counts as one place that guesses come from: an IPv4 address, an IPv6 /56."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:ADDRESS_LENGTH_MAX]  # a Unix socket, or nobody knows
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _IPV6_CUSTOMER_BITS), strict=False))


def _has_classes(password: str) -> bool:
    return all(
        any(test(character) for character in password)
        for test in (str.isupper, str.islower, str.isdigit)
    )


def _is_guessable(password: str, words: tuple[str, ...]) -> bool:
    lowered = password.casefold()
    # Digits and marks around a word are what everybody adds.
    core = lowered.strip(_AROUND)
    names = {word.casefold() for word in words if word}
    if {lowered, core, lowered[::-1]} & (COMMON | names):
        return True
    # The shortest piece that makes the whole when repeated: `aaaaaaaa`, `abcabcabc`.
    if (lowered + lowered).find(lowered, 1) <= _PERIOD_MAX:
        return True
    steps = {ord(after) - ord(before) for before, after in pairwise(lowered)}
    return steps in ({1}, {-1})
