"""Token scopes: `repository:library/app:pull,push` (distribution, "Token Scope")."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName

from .access import NO_FACTS, Facts, Identity, Policy, TokenGrant, allowed_actions, decide
from .areas import REGISTRY
from .permissions import Permission

SCOPES_MAX = 64
"""Most scopes looked at in one token request."""
GRANTED_MAX_BYTES = 4096
"""Where the scopes of one token end: proxies take headers of 8 KiB, and a token is one."""

_JSON_BYTES = 48
"""What a claim has around the words of its scope."""
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
    request never fails for its scopes, nor for an action that only other registries know.
    """
    found = []
    for part in " ".join(texts).split()[:SCOPES_MAX]:
        type_, _, rest = part.partition(":")
        # A name may hold a port, so only the first and the last colon divide.
        name, _, actions = rest.rpartition(":")
        wanted = tuple(action for action in actions.split(",") if action)
        if name and wanted:
            found.append(Scope(_CLASS.sub("", type_), name, wanted))
    return tuple(found)


def granted(
    scopes: Iterable[Scope], identity: Identity, policy: Policy, facts: Mapping[str, Facts]
) -> tuple[Scope, ...]:
    """Return what of the wanted scopes the identity is allowed; never an error.

    Each resource and action stands there once, however often it was asked for. `facts` are those
    of each project that a scope is about, and of the registry under "".
    """
    found: dict[tuple[str, str], dict[str, None]] = {}
    for scope in scopes:
        for action in _allowed(scope, identity, policy, facts):
            found.setdefault((scope.type, scope.name), {})[action] = None
    size = 0
    fitting = []
    for (type_, name), actions in found.items():
        one = Scope(type_, name, tuple(actions))
        size += len(str(one)) + _JSON_BYTES
        if size <= GRANTED_MAX_BYTES:
            fitting.append(one)
    return tuple(fitting)


def to_grants(scopes: Iterable[Scope]) -> tuple[TokenGrant, ...]:
    """Return the repository grants that a token's scopes are."""
    grants = []
    for scope in scopes:
        try:
            name = RepositoryName.parse(scope.name)
        except Fault:
            continue
        if scope.type == "repository":
            grants.append(TokenGrant(name, frozenset(scope.actions)))
    return tuple(grants)


def _allowed(
    scope: Scope, identity: Identity, policy: Policy, facts: Mapping[str, Facts]
) -> tuple[str, ...]:
    if scope.type == "repository":
        return _of_repository(scope, identity, policy, facts)
    if (scope.type, scope.name) == ("registry", "catalog") and "*" in scope.actions:
        here = facts.get("", NO_FACTS)
        verdict = decide(identity, Permission.CATALOG, REGISTRY, policy, here)
        return ("*",) if verdict.allowed else ()
    return ()


def _of_repository(
    scope: Scope, identity: Identity, policy: Policy, facts: Mapping[str, Facts]
) -> tuple[str, ...]:
    try:
        name = RepositoryName.parse(scope.name)
    except Fault:
        return ()
    allowed = allowed_actions(identity, name, policy, facts.get(name.project, NO_FACTS))
    if "*" in scope.actions:
        return tuple(sorted(allowed))
    return tuple(action for action in scope.actions if action in allowed)
