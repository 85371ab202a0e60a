"""Client certificates: where in them the name is by which somebody is known here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NAME_LENGTH_MAX = 255

# As all names of users and robots are written; which of them there are, the catalog knows.
_NAME = re.compile(rf"[!-~]{{1,{NAME_LENGTH_MAX}}}")


class NameIn(StrEnum):
    """The field of a certificate that holds the name."""

    CN = "cn"
    DNS = "dns"
    EMAIL = "email"


_FIELDS = {
    NameIn.CN: "common name (CN)",
    NameIn.DNS: "alternative DNS name",
    NameIn.EMAIL: "alternative e-mail address",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of whoever proved to have its key.

    Either `name` is one that somebody may have, or `problem` says why there is none.
    """

    name: str
    problem: str = ""


def unusable(problem: str) -> Certificate:
    """Return the certificate of nobody: who shows it is refused, and not taken for a stranger."""
    return Certificate("", problem)


def read_certificate(values: Sequence[object], where: NameIn) -> Certificate:
    """Return what a certificate says that has these values in the field for the name.

    Of several none is chosen: authority and registry might not choose the same.
    """
    field = _FIELDS[where]
    if not values:
        return unusable(f"it has no {field}")
    if len(values) > 1:
        return unusable(f"it has more than one {field}")
    name = values[0]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return unusable(f"its {field} is no name that a user or robot can have")
    return Certificate(name)
