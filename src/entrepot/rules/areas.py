"""Where a grant holds: the registry, a project, or a pattern of repositories.

An area is a text: `*` is the registry, `acme` a project with all its repositories, `acme/web/**`
the repositories whose full names match the pattern (`rules.selectors`). Its project is written out,
so that what concerns a project can be found by the project's name.
"""

import re
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import NAME_LENGTH_MAX, RepositoryName

from .permissions import Level
from .selectors import check_pattern, matches

REGISTRY_AREA = "*"

_PROJECT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LITERAL = re.compile(r"[a-z0-9._/-]+")


@dataclass(frozen=True, slots=True)
class Target:
    """What something is done to: a repository, a project, or with neither the registry."""

    project: str = ""
    repository: RepositoryName | None = None

    @classmethod
    def of(cls, repository: RepositoryName) -> "Target":
        """Return the target that is a repository."""
        return cls(repository.project, repository)

    @property
    def words(self) -> str:
        """The target as people are told of it."""
        if self.repository is not None:
            return self.repository.wire
        return f"project {self.project}" if self.project else "the registry"

    def at(self, level: Level) -> "Target":
        """Return what of the target a permission of this level is about."""
        if level is Level.REGISTRY:
            return REGISTRY
        if level is Level.PROJECT and self.repository is not None:
            return Target(self.project)
        return self


REGISTRY = Target()


def check_project_name(name: str) -> Fault | None:
    """Return why a project cannot have that name, or None.

    Look-alikes cannot be told apart by those who read them, so it is ASCII and lower case alone.
    """
    if len(name) <= NAME_LENGTH_MAX - 2 and _PROJECT.fullmatch(name):
        return None
    return Fault(
        Code.NAME_INVALID,
        f"{name[:80]!a} is not a project name: use lower-case letters, digits and single . _ "
        "or - between them",
        {"name": name[:80]},
    )


def check_area(area: str) -> Fault | None:
    """Return why a text is no area, or None."""
    if area == REGISTRY_AREA:
        return None
    project, slash, rest = area.partition("/")
    wrong = check_project_name(project)
    if wrong is not None:
        return Fault(
            Code.REQUEST_INVALID,
            f"{area[:80]!a} is not where a grant can hold: write *, a project, or a project "
            "with a pattern of repositories such as acme/web/**",
            {"scope": area[:80]},
        )
    if not slash:
        return None
    if not rest:
        return Fault(
            Code.REQUEST_INVALID,
            f"{area[:80]} names no repository: write the project alone, or {area[:80]}**",
            {"scope": area[:80]},
        )
    try:
        check_pattern(area)
    except Fault as fault:
        return fault
    return None


def project_of(area: str) -> str:
    """Return the area's project, or `*`."""
    return area.partition("/")[0]


def covers(area: str, target: Target) -> bool:
    """Whether a target lies in an area."""
    if area == REGISTRY_AREA:
        return True
    if "/" not in area:
        return bool(target.project) and area == target.project
    return (
        target.repository is not None
        and project_of(area) == target.project
        and matches(area, target.repository)
    )


def contains(outer: str, inner: str) -> bool:
    """Whether all targets of one area surely lie in another.

    Of two patterns that are not the same it says no, unless the inner one is a plain name: nobody
    gives what they only perhaps have.
    """
    if outer in (REGISTRY_AREA, inner):
        return True
    if inner == REGISTRY_AREA or project_of(outer) != project_of(inner):
        return False
    if "/" not in outer:
        return True
    # A pattern that ends in `/**` holds whatever begins as it does, another pattern too.
    head = outer.removesuffix("**")
    if head != outer and head.endswith("/") and _LITERAL.fullmatch(head):
        return inner.startswith(head) and inner != head
    return "/" in inner and _LITERAL.fullmatch(inner) is not None and matches(outer, inner)
