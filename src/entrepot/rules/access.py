"""Access: who may do what, decided from facts alone."""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.oci.name import RepositoryName

from .roles import Role


class Action(StrEnum):
    """What can be done with a repository, or with the registry as a whole."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    CATALOG = "catalog"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token carries for one repository; `*` stands for all actions on it."""

    repository: RepositoryName
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. Without a name it is an anonymous caller.

    `grants` is None for a caller who showed a password, and what the token carries for one who
    showed a token: a token never gives more than that, nor more than the role.
    """

    name: str = ""
    role: Role | None = None
    grants: tuple[Grant, ...] | None = None
    may_list: bool = False
    """Whether the token carries `registry:catalog:*`."""


ANONYMOUS = Identity()


@dataclass(frozen=True, slots=True)
class Policy:
    """What anyone may do without an account.

    `open` is for a registry on one's own machine. `anonymous_pull` holds names of repositories, or
    prefixes of names that end in `*` or `/`; `*` alone is every repository. A pattern with a slash
    is about full names (`library/*`), one without is about names as lists show them (`my*`).
    """

    open: bool = False
    anonymous_pull: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer with its reason; `login_helps` tells 401 from 403."""

    allowed: bool
    reason: str = ""
    login_helps: bool = False


ALLOWED = Verdict(allowed=True)

_OF_ROLE: dict[Role, frozenset[Action]] = {
    Role.GUEST: frozenset({Action.PULL, Action.CATALOG}),
    Role.DEVELOPER: frozenset({Action.PULL, Action.PUSH, Action.CATALOG}),
    Role.MAINTAINER: frozenset({Action.PULL, Action.PUSH, Action.DELETE, Action.CATALOG}),
    Role.ADMIN: frozenset(Action),
}
_ANYONE_WHEN_OPEN = frozenset({Action.PULL, Action.PUSH, Action.DELETE, Action.CATALOG})


def decide(
    identity: Identity, action: Action, repository: RepositoryName | None, policy: Policy
) -> Verdict:
    """Return whether `identity` may do `action`, on `repository` where it is about one."""
    if _anyone_may(action, repository, policy):
        return ALLOWED
    what = f"{action.value} {repository.wire}" if repository else f"use {action.value}"
    if identity.role is None:
        return _refused(f"log in to {what}: docker login asks for user and password", login=True)
    if action not in _OF_ROLE[identity.role]:
        needed = _least_role(action)
        return _refused(
            f"{identity.name} has role {identity.role.value} and may not {what}: "
            f"role {needed.value} is needed, which an administrator can give",
        )
    if identity.grants is not None and not _granted(identity, action, repository):
        return _refused(f"the token does not allow to {what}: ask for that scope", login=True)
    return ALLOWED


def allowed_actions(
    identity: Identity, repository: RepositoryName, policy: Policy
) -> frozenset[Action]:
    """Return all that `identity` may do with a repository."""
    return frozenset(
        action
        for action in (Action.PULL, Action.PUSH, Action.DELETE)
        if decide(identity, action, repository, policy).allowed
    )


def _refused(reason: str, *, login: bool = False) -> Verdict:
    return Verdict(allowed=False, reason=reason, login_helps=login)


def _anyone_may(action: Action, repository: RepositoryName | None, policy: Policy) -> bool:
    if policy.open and action in _ANYONE_WHEN_OPEN:
        return True
    if action is not Action.PULL or repository is None:
        return False
    return any(_matches(pattern, repository) for pattern in policy.anonymous_pull)


def _matches(pattern: str, repository: RepositoryName) -> bool:
    # Never both names at once: `lib*` must not open all that lies in the project `library`.
    name = repository if "/" in pattern else repository.wire
    if pattern.endswith(("*", "/")):
        return name.startswith(pattern.removesuffix("*"))
    return name == pattern


def _granted(identity: Identity, action: Action, repository: RepositoryName | None) -> bool:
    if repository is None:
        return action is Action.CATALOG and identity.may_list
    return any(
        grant.repository == repository and not grant.actions.isdisjoint((action.value, "*"))
        for grant in identity.grants or ()
    )


def _least_role(action: Action) -> Role:
    return next(role for role in reversed(Role) if action in _OF_ROLE[role])
