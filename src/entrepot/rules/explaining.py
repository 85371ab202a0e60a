"""Why somebody may or may not: the way of `rules.access`, told step by step."""

from dataclasses import dataclass
from enum import StrEnum

from .access import (
    Facts,
    Grant,
    Identity,
    Policy,
    anyone_may,
    decide,
    founding,
    giving,
    keeps_out,
    narrowing,
    of_account,
)
from .areas import Target, covers
from .permissions import Permission
from .roles import roles_with

GRANTS_TOLD_MAX = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at, and what it meant for the answer."""

    looked_at: str
    found: str


class Obstacle(StrEnum):
    """What stands in the way, for whoever wants it away."""

    NOTHING = ""
    ACCOUNT = "account"
    """They cannot log in at all."""
    ADDRESS = "address"
    GRANT = "grant"
    TOKEN = "token"  # noqa: S105  a word, not a secret
    SWITCHED_OFF = "switched off"
    """Nobody may."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer of `decide`, and the way to it."""

    allowed: bool
    reason: str
    steps: tuple[Step, ...]
    obstacle: Obstacle = Obstacle.NOTHING


def explain(
    identity: Identity, permission: Permission, target: Target, policy: Policy, facts: Facts
) -> Explanation:
    """Return what `decide` says, with everything that was looked at."""
    asked = target.at(permission.level)
    verdict = decide(identity, permission, target, policy, facts)
    steps = [
        Step("permission", f"{permission.value} on {asked.words}: {permission.about}"),
        Step("caller", _caller(identity)),
        Step("address", keeps_out(identity, asked, policy, facts) or "is allowed"),
        Step("without an account", _anyone(permission, asked, policy, facts)),
    ]
    account = (of_account(identity.role),) if identity.role is not None else ()
    told = (*account, *facts.grants)
    steps += [Step("grant", _grant(one, permission, asked)) for one in told[:GRANTS_TOLD_MAX]]
    if len(told) > GRANTS_TOLD_MAX:
        steps.append(Step("grant", f"and {len(told) - GRANTS_TOLD_MAX} more"))
    given = giving(identity, permission, asked, facts)
    if given is None and founding(identity, permission, asked, policy, facts):
        given = "a first push makes the project, by project.create"
    steps.append(Step("given by", given or f"nothing; {_who_has(permission)}"))
    if given is not None:
        steps.append(Step("narrowed by", narrowing(identity, permission, asked) or "nothing"))
    obstacle = Obstacle.NOTHING
    if not verdict.allowed and keeps_out(identity, asked, policy, facts):
        obstacle = Obstacle.ADDRESS
    elif not verdict.allowed:
        obstacle = Obstacle.GRANT if given is None else Obstacle.TOKEN
    return Explanation(verdict.allowed, verdict.reason or "allowed", tuple(steps), obstacle)


def _caller(identity: Identity) -> str:
    if not identity.name:
        return "anonymous"
    return f"{identity.kind.value} {identity.name}"


def _anyone(permission: Permission, target: Target, policy: Policy, facts: Facts) -> str:
    if anyone_may(permission, target, policy, facts):
        return "anyone may"
    if target.project and not facts.exists:
        return f"no; project {target.project} does not exist"
    return "no" if not target.project else f"no; project {target.project} is private"


def _grant(grant: Grant, permission: Permission, target: Target) -> str:
    if permission not in grant.permissions:
        why = f"does not hold {permission.value}"
    elif not covers(grant.area, target):
        why = f"does not reach {target.words}"
    else:
        why = "allows it"
    return f"{grant.source or 'grant'} ({grant.area}): {why}"


def _who_has(permission: Permission) -> str:
    roles = roles_with(permission)
    return f"roles {', '.join(roles)} have it" if roles else "only administrators have it"
