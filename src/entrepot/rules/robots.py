"""Robot accounts' names, as Harbor has them: `robot$ci`, `robot$acme+ci`."""

import re

from entrepot.oci.errors import Code, Fault

from .areas import check_project_name

PREFIX = "robot$"

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_NAME_LENGTH_MAX = 64
DESCRIPTION_MAX = 200
PROJECT_ROBOTS_MAX = 100
"""Robots of one project."""
SYSTEM_ROBOTS_MAX = 1000
"""Robots of the registry."""
ROBOT_GRANTS_MAX = 64
"""Grants of one robot."""
OVERLAP_MAX_SECONDS = 7 * 86400.0
"""Longest time that a robot's old secret is good beside the new one."""


def robot_name(name: str, project: str = "") -> str:
    """Return the full name of a robot, of a project or of the registry."""
    return f"{PREFIX}{project}+{name}" if project else f"{PREFIX}{name}"


def is_robot(name: str) -> bool:
    """Whether a user name is that of a robot."""
    return name.startswith(PREFIX)


def project_of_robot(name: str) -> str:
    """Return the project of a robot by its full name; empty for one of the registry."""
    project, plus, _ = name.removeprefix(PREFIX).partition("+")
    return project if plus else ""


def check_robot_name(name: str, project: str) -> Fault | None:
    """Return why a robot cannot have that short name, or None."""
    if len(name) > _NAME_LENGTH_MAX or not _NAME.fullmatch(name):
        return Fault(
            Code.REQUEST_INVALID,
            f"{name[:80]!a} is not a robot's name: use up to {_NAME_LENGTH_MAX} lower-case "
            "letters, digits and single . _ or - between them, without robot$",
        )
    return check_project_name(project) if project else None
