"""Token scopes: `repository:library/app:pull,push` (distribution, "Token Scope")."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName

from .access import Action, Grant, Identity, Policy, allowed_actions, decide

SCOPES_MAX = 64
"""Most scopes looked at in one token request."""

_ACTIONS = re.compile(r"(?:[a-z]+|\*)(?:,(?:[a-z]+|\*))*")
_CLASS = re.compile(r"\([a-z0-9]+\)$")


@dataclass(frozen=True, slots=True)
class Scope:
    """One resource and what is wanted of it; `name` is as the client wrote it."""

    type: str
    name: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.type}:{self.name}:{','.join(self.actions)}"


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """Return the scopes of `scope` parameters; each may hold several, split by spaces.

    What cannot be read is dropped, and so is a class such as `repository(plugin)`: a token
    request never fails for its scopes.
    """
    found = []
    for part in " ".join(texts).split()[:SCOPES_MAX]:
        type_, _, rest = part.partition(":")
        # A name may hold a port, so only the first and the last colon divide.
        name, colon, actions = rest.rpartition(":")
        if colon and name and _ACTIONS.fullmatch(actions):
            found.append(Scope(_CLASS.sub("", type_), name, (*actions.split(","),)))
    return tuple(found)


def granted(scopes: Iterable[Scope], identity: Identity, policy: Policy) -> tuple[Scope, ...]:
    """Return what of the wanted scopes the identity is allowed; never an error."""
    found = []
    for scope in scopes:
        actions: tuple[str, ...] = ()
        if scope.type == "repository":
            actions = _of_repository(scope, identity, policy)
        elif (scope.type, scope.name) == ("registry", "catalog"):
            verdict = decide(identity, Action.CATALOG, None, policy)
            actions = ("*",) if verdict.allowed else ()
        if actions:
            found.append(Scope(scope.type, scope.name, actions))
    return tuple(found)


def to_grants(scopes: Iterable[Scope]) -> tuple[Grant, ...]:
    """Return the repository grants that a token's scopes are."""
    grants = []
    for scope in scopes:
        try:
            name = RepositoryName.parse(scope.name)
        except Fault:
            continue
        if scope.type == "repository":
            grants.append(Grant(name, frozenset(scope.actions)))
    return tuple(grants)


def _of_repository(scope: Scope, identity: Identity, policy: Policy) -> tuple[str, ...]:
    try:
        name = RepositoryName.parse(scope.name)
    except Fault:
        return ()
    allowed = {action.value for action in allowed_actions(identity, name, policy)}
    if "*" in scope.actions:
        return tuple(sorted(allowed))
    return tuple(action for action in scope.actions if action in allowed)
