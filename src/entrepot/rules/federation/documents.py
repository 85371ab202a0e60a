"""Rules of trust in workloads as they are kept and sent: JSON documents."""

from typing import Any

import msgspec

from entrepot.rules.documents import read, refused

from .presets import PRESETS
from .workloads import WorkloadRule, check_rule

GRANTS_MAX = 32
"""Most grants of one rule."""
SCOPE_MAX = 512
DESCRIPTION_MAX = 256
_WHAT = "workload rule"


class WorkloadGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What workloads of a rule may do, where: a role or permissions, and a scope of grants."""

    scope: str
    role: str = ""
    permissions: tuple[str, ...] = ()


class WorkloadDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as it is written; without `issuer`, it is the usual one of its kind.

    `{"kind": "github", "audience": URL, "conditions": {CLAIM: PATTERN or [PATTERN]},
    "grants": [{"scope": "acme/web", "role": "developer"}]}`
    """

    audience: str
    conditions: dict[str, str | tuple[str, ...]]
    kind: str = "other"
    issuer: str = ""
    grants: tuple[WorkloadGrant, ...] = ()
    description: str = ""


def parse(name: str, document: object) -> tuple[WorkloadRule, tuple[WorkloadGrant, ...]]:
    """Return the rule of a decoded JSON value, and what it grants; scopes are not looked into.

    `Fault(REQUEST_INVALID)` says what cannot be used, or would let strangers in.
    """
    given = read(document, WorkloadDocument, _WHAT)
    preset = PRESETS.get(given.kind)
    rule = WorkloadRule(
        name,
        given.issuer or (preset.issuer if preset else ""),
        given.audience,
        {
            claim: (patterns,) if isinstance(patterns, str) else patterns
            for claim, patterns in given.conditions.items()
        },
        given.kind,
    )
    check_rule(rule)
    if len(given.grants) > GRANTS_MAX:
        raise refused(_WHAT, f"it has more than {GRANTS_MAX} grants; make two rules")
    for grant in given.grants:
        if bool(grant.role) == bool(grant.permissions) or not 0 < len(grant.scope) <= SCOPE_MAX:
            raise refused(_WHAT, "each grant needs a scope, and either a role or permissions")
    if len(given.description) > DESCRIPTION_MAX:
        raise refused(_WHAT, f"its description has more than {DESCRIPTION_MAX} characters")
    return rule, given.grants


def as_document(rule: WorkloadRule, grants: tuple[WorkloadGrant, ...] = ()) -> dict[str, Any]:
    """Return the document of a rule, every field spelled out."""
    return {
        "kind": rule.kind,
        "issuer": rule.issuer,
        "audience": rule.audience,
        "conditions": {claim: list(patterns) for claim, patterns in rule.conditions.items()},
        "grants": [msgspec.to_builtins(grant) for grant in grants],
    }
