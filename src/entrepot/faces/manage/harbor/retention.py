"""Retention: Harbor's policies by number, one of a project, kept as they were put."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.retention.document import WHAT, parse_document
from entrepot.rules.retention.templates import Imported, to_harbor
from entrepot.services.numbers import PROJECT, RETENTION, NumberService
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService

from .answers import created, done
from .api import Call, Route
from .integers import Int64

RULES_MAX = 15
TAG = "Retention"


class RetentionSelector(msgspec.Struct, omit_defaults=True):
    """What a rule is about: tags or repositories."""

    kind: str | None = None
    decoration: str | None = None
    pattern: str | None = None
    extras: str | None = None


class RetentionRule(msgspec.Struct, omit_defaults=True):
    """One rule, which says what stays."""

    id: Int64 | None = None
    priority: Int64 | None = None
    disabled: bool | None = None
    action: str | None = None
    template: str | None = None
    params: dict[str, Any] | None = None
    tag_selectors: list[RetentionSelector] | None = None
    scope_selectors: dict[str, list[RetentionSelector] | None] | None = None


class RetentionRuleTrigger(msgspec.Struct, omit_defaults=True):
    """When it runs: a `cron` among the settings, empty for never by itself."""

    kind: str | None = None
    settings: dict[str, Any] | None = None
    references: dict[str, Any] | None = None


class RetentionPolicyScope(msgspec.Struct, omit_defaults=True):
    """Whose policy it is: a project's, by its number."""

    level: str | None = None
    ref: Int64 | None = None


class RetentionPolicy(msgspec.Struct, omit_defaults=True):
    """A project's policy."""

    id: Int64 | None = None
    algorithm: str | None = None
    rules: list[RetentionRule] | None = None
    trigger: RetentionRuleTrigger | None = None
    scope: RetentionPolicyScope | None = None


class RetentionPolicies:
    """Finds and keeps a project's policy in Harbor's words."""

    def __init__(
        self, policies: PolicyService, numbers: NumberService, projects: ProjectService
    ) -> None:
        self._policies = policies
        self._numbers = numbers
        self._projects = projects

    async def project_of(self, call: Call, permission: Permission) -> str:
        """Return whose policy the path names; NOT_FOUND, DENIED or UNAUTHORIZED."""
        number = call.id("id")
        project = await self._numbers.name(RETENTION, number)
        if project is None:
            raise _nothing(number)
        await call.require(permission, Target(project))
        if not await self.is_there(project):
            raise _nothing(number)
        return project

    async def is_there(self, project: str) -> bool:
        """Whether the project has a policy."""
        return any(row.kind == WHAT for row in await self._policies.all(project))

    async def number(self, project: str) -> int:
        """Return the number of the project's policy."""
        return await self._numbers.one(RETENTION, project)

    async def shown(self, project: str) -> RetentionPolicy:
        """Return the policy: as it was put, or made of ours.

        `Fault(PRECONDITION)` for one that Harbor has no words for.
        """
        row = await self._policies.get(project, WHAT)
        document = msgspec.json.decode(row.document)
        if not (isinstance(document, dict) and "rules" in document):
            made = parse_document(document)
            try:
                document = to_harbor(Imported(made.policy, made.schedule))
            except Fault as fault:
                raise Fault(
                    Code.PRECONDITION,
                    f"{fault.message}: look at it at /api/entrepot/v1/projects/{project}/policies/"
                    f"{WHAT}",
                ) from fault
        policy = msgspec.convert(document, RetentionPolicy)
        policy.id = await self.number(project)
        policy.scope = RetentionPolicyScope("project", await self._numbers.one(PROJECT, project))
        return policy

    async def put(self, call: Call, project: str, given: RetentionPolicy) -> None:
        """Keep a policy; REQUEST_INVALID, or CONFLICT for two rules alike."""
        rules = given.rules or []
        if len(rules) > RULES_MAX:
            raise Fault(Code.REQUEST_INVALID, f"only {RULES_MAX} rules are allowed at most")
        _check_conflict(rules)
        kept = RetentionPolicy(
            algorithm=given.algorithm or "or", rules=rules, trigger=given.trigger
        )
        await self._policies.put(project, WHAT, msgspec.to_builtins(kept), call.caller)

    async def remove(self, call: Call, project: str) -> None:
        """Remove a policy."""
        await self._policies.remove(project, WHAT, call.caller)

    async def project_named(self, given: RetentionPolicy) -> str:
        """Return whose policy a body says to be, or raise `Fault(REQUEST_INVALID)`."""
        scope = given.scope or RetentionPolicyScope()
        if scope.level != "project":
            raise Fault(Code.REQUEST_INVALID, f"scope {(scope.level or '')[:40]} is not support")
        number = scope.ref or 0
        project = await self._numbers.name(PROJECT, number) if number > 0 else None
        try:
            return (await self._projects.find(project or "-")).name
        except Fault:
            raise Fault(Code.REQUEST_INVALID, f"invalid Project id {number}") from None


def retention_routes(kept: RetentionPolicies) -> list[Route]:
    """Return what is served of retention policies; `retentionruns` has their executions."""

    async def get(call: Call) -> Response:
        project = await kept.project_of(call, Permission.POLICY_READ)
        return json_response(200, await kept.shown(project))

    async def create(call: Call) -> Response:
        given = await call.fields(RetentionPolicy)
        project = await kept.project_named(given)
        await call.require(Permission.POLICY_MANAGE, Target(project))
        number = await kept.number(project)
        if await kept.is_there(project):
            raise Fault(
                Code.REQUEST_INVALID,
                f"project {project} already has retention policy {number}: update that one",
            )
        await kept.put(call, project, given)
        return created(f"/retentions/{number}")

    async def update(call: Call) -> Response:
        given = await call.fields(RetentionPolicy)
        project = await kept.project_of(call, Permission.POLICY_MANAGE)
        if given.scope is not None and await kept.project_named(given) != project:
            raise _nothing(call.id("id"))
        await kept.put(call, project, given)
        return done()

    async def remove(call: Call) -> Response:
        project = await kept.project_of(call, Permission.POLICY_MANAGE)
        await kept.remove(call, project)
        return done()

    async def metadatas(_: Call) -> Response:
        return json_response(200, METADATA)

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    policy, one, needs = RetentionPolicy, "/retentions/{id}", Need.LOGIN
    words = about("Get what retention rules can say", gives=dict[str, Any])
    made = about("Create a retention policy", takes=policy, status=201, errors=(400, 403, 409))
    got = about("Get a retention policy", gives=policy, errors=(404, 412))
    changed = about("Update a retention policy", takes=policy, errors=(400, 404, 409))
    removed = about("Delete a retention policy", errors=(404,))
    return [
        Route("GET", "/retentions/metadatas", metadatas, needs, words),
        Route("POST", "/retentions", create, needs, made),
        Route("GET", one, get, needs, got),
        Route("PUT", one, update, needs, changed),
        Route("DELETE", one, remove, needs, removed),
    ]


def _check_conflict(rules: list[RetentionRule]) -> None:
    """Number the rules, and raise `Fault(CONFLICT)` for two that say the same."""
    seen: dict[bytes, int] = {}
    for at, rule in enumerate(rules):
        rule.id = None
        text = msgspec.json.encode(rule)
        if text in seen:
            raise Fault(Code.CONFLICT, f"rule {at} is conflict with rule {seen[text]}")
        seen[text] = at
        rule.id = at or None


def _nothing(number: int) -> Fault:
    return Fault(Code.NOT_FOUND, f"no such Retention policy with id {number}")


def _template(name: str, words: str, unit: str = "") -> dict[str, Any]:
    params = [{"required": True, "type": "int", "unit": unit}] if unit else []
    return {"action": "retain", "display_text": words, "params": params, "rule_template": name}


def _selector(words: str, *decorations: str) -> dict[str, Any]:
    return {"decorations": [*decorations], "display_text": words, "kind": "doublestar"}


METADATA = {
    "templates": [
        _template("latestPushedK", "the most recently pushed # artifacts", "COUNT"),
        _template("latestPulledN", "the most recently pulled # artifacts", "COUNT"),
        _template("nDaysSinceLastPush", "pushed within the last # days", "DAYS"),
        _template("nDaysSinceLastPull", "pulled within the last # days", "DAYS"),
        _template("always", "always"),
    ],
    "scope_selectors": [_selector("Repositories", "repoMatches", "repoExcludes")],
    "tag_selectors": [_selector("Tags", "matches", "excludes")],
}
"""What rules can say, for those who draw forms."""
