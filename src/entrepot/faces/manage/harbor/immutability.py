"""Immutable tags: a project's rules, one by one under numbers that they keep."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from entrepot.faces.asgi import Response
from entrepot.faces.manage.about import About
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.rules.immutability import Rule, document, harbor_document, parse_rule
from entrepot.rules.permissions import Permission
from entrepot.services.numbers import IMMUTABILITY, NumberService
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService

from .answers import created, done
from .api import Call, Route
from .integers import Int64

TAG = "Immutable tags"
ATTEMPTS_MAX = 3
"""How often a change is made anew when another one came in between."""


class ImmutableSelector(msgspec.Struct, omit_defaults=True):
    """What a rule is about: tags or repositories."""

    kind: str | None = None
    decoration: str | None = None
    pattern: str | None = None
    extras: str | None = None


class ImmutableRule(msgspec.Struct, omit_defaults=True):
    """One rule: tags that cannot move or go once they are there."""

    id: Int64 = 0
    priority: Int64 | None = None
    disabled: bool | None = None
    action: str | None = None
    template: str | None = None
    params: dict[str, Any] | None = None
    tag_selectors: list[ImmutableSelector] | None = None
    scope_selectors: dict[str, list[ImmutableSelector] | None] | None = None


Numbered = list[tuple[int, Rule]]


class ImmutableRules:
    """A project's rules with their numbers.

    A rule's number is that of what it says, unless it was changed under the number that it had:
    then the document says so.
    """

    def __init__(self, policies: PolicyService, numbers: NumberService) -> None:
        self._policies = policies
        self._numbers = numbers

    async def read(self, project: str) -> tuple[Numbered, str]:
        """Return the rules, and the text that they are from."""
        rows = await self._policies.all(project)
        text = next((row.document for row in rows if row.kind == IMMUTABILITY), "")
        found: Numbered = []
        for entry in msgspec.json.decode(text) if text else ():
            rule, own = parse_rule(entry), entry.get("id")
            taken = {number for number, _ in found}
            number = own if type(own) is int and own > 0 else await self.free(project, rule, taken)
            found.append((number, rule))
        return found, text

    async def free(self, project: str, rule: Rule, taken: set[int]) -> int:
        """Return a number for a rule that no other one of the project has."""
        said = encode(document([replace(rule, disabled=False)])[0]).decode()
        for more in range(len(taken) + 1):
            name = f"{project} {said}{more or ''}"
            number = await self._numbers.one(IMMUTABILITY, name)
            if number not in taken:
                return number
        raise AssertionError("one more name than there are numbers")

    async def write(self, call: Call, rules: Numbered, seen: str) -> None:
        """Keep these rules instead of those that were read as `seen`; `Fault(CONFLICT)`."""
        entries = [harbor_document(rule, number) for number, rule in rules]
        project = call.parts["project"]
        await self._policies.put(project, IMMUTABILITY, entries, call.caller, seen=seen)


def immutability_routes(
    policies: PolicyService, numbers: NumberService, projects: ProjectService
) -> list[Route]:
    """Return what is served of rules."""
    kept = ImmutableRules(policies, numbers)

    async def list_all(call: Call) -> Response:
        page_size, offset = call.page_size, call.offset
        found, _ = await kept.read((await projects.find(call.parts["project"])).name)
        items = [_shown(rule, number) for number, rule in found]
        return call.listed(items[offset : offset + page_size], len(items))

    async def create(call: Call) -> Response:
        rule = _parsed(await call.fields(ImmutableRule))
        project = (await projects.find(call.parts["project"])).name
        for last in _attempts():
            found, seen = await kept.read(project)
            if any(_alike(rule, other) for _, other in found):
                raise Fault(Code.CONFLICT, "the project has this immutable tag rule already")
            number = await kept.free(project, rule, {number for number, _ in found})
            if await _is_written(kept, call, [*found, (number, rule)], seen, last=last):
                break
        return created(f"{call.place}/{number}")

    async def update(call: Call) -> Response:
        given, number = await call.fields(ImmutableRule), call.id("rule")
        if given.id not in (0, number):
            raise Fault(
                Code.REQUEST_INVALID,
                "the immutable_rule_id doesn't match the id in the payload body of ImmutableRule",
            )
        await change(call, number, _parsed(given))
        return done()

    async def remove(call: Call) -> Response:
        await change(call, call.id("rule"), None)
        return done()

    async def change(call: Call, number: int, rule: Rule | None) -> None:
        for last in _attempts():
            found, seen = await kept.read(call.parts["project"])
            if all(one != number for one, _ in found):
                raise Fault(Code.NOT_FOUND, f"immutable tag rule {number} not found: list them")
            pairs = [(n, rule if n == number else old) for n, old in found]
            left = [(n, one) for n, one in pairs if one is not None]
            if await _is_written(kept, call, left, seen, last=last):
                return

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    base, one = "/projects/{project_id}/immutabletagrules", ImmutableRule
    reads, manages = Permission.POLICY_READ, Permission.POLICY_MANAGE
    listed = about("List immutable tag rules", gives=list[ImmutableRule])
    made = about("Create an immutable tag rule", takes=one, status=201, errors=(400, 409))
    changed = about("Update an immutable tag rule", takes=one, errors=(400, 404))
    removed = about("Delete an immutable tag rule", errors=(404,))
    return [
        Route("GET", base, list_all, reads, listed),
        Route("POST", base, create, manages, made),
        Route("PUT", f"{base}/{{rule}}", update, manages, changed),
        Route("DELETE", f"{base}/{{rule}}", remove, manages, removed),
    ]


def _attempts() -> Iterable[bool]:
    """Yield for each attempt whether it is the last."""
    return (at == ATTEMPTS_MAX for at in range(1, ATTEMPTS_MAX + 1))


async def _is_written(
    kept: ImmutableRules, call: Call, rules: Numbered, seen: str, *, last: bool
) -> bool:
    """Whether the rules are kept; False where it is worth another attempt."""
    try:
        await kept.write(call, rules, seen)
    except Fault as fault:
        if fault.code is not Code.CONFLICT or last:
            raise
        return False
    return True


def _parsed(given: ImmutableRule) -> Rule:
    """Return what a body says, or raise `Fault(REQUEST_INVALID)`."""
    if not given.tag_selectors or not (given.scope_selectors or {}).get("repository"):
        raise Fault(
            Code.REQUEST_INVALID,
            "tag_selectors or scope_selectors.repository is empty: say which tags of which "
            "repositories the rule is about, ** for all",
        )
    said = msgspec.to_builtins(given)
    wanted = {key: said[key] for key in ("tag_selectors", "scope_selectors")}
    return parse_rule({**wanted, "disabled": bool(given.disabled)})


def _alike(one: Rule, other: Rule) -> bool:
    return replace(one, disabled=False) == replace(other, disabled=False)


def _shown(rule: Rule, number: int) -> ImmutableRule:
    shown = msgspec.convert(harbor_document(rule, number), ImmutableRule)
    shown.priority = shown.priority or None
    shown.disabled = shown.disabled or None
    return shown
