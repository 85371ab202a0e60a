"""What user names and passwords may be, and how fast they may be guessed."""

import re

from entrepot.oci.errors import Code, Fault

PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 128
FREE_FAILURES = 5
"""Wrong passwords in a row before a pause; people mistype, and clients retry."""
PAUSE_MAX_SECONDS = 60.0
FORGET_SECONDS = 900.0
"""After so long without one, wrong passwords are counted from the start."""

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


def check_password(password: str) -> Fault | None:
    """Return what is wrong with a new password, or None."""
    if PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return None
    return Fault(
        Code.REQUEST_INVALID,
        f"this cannot be a password: use {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters",
        {"least": PASSWORD_LENGTH_MIN, "most": PASSWORD_LENGTH_MAX},
    )


def throttle_seconds(failures: int) -> float:
    """Return how long a name must wait after so many wrong passwords in a row."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(PAUSE_MAX_SECONDS, 2.0 ** min(failures - FREE_FAILURES, 16)))
