"""Retention: Harbor's policies in JSON, read and written.

Time and order are Harbor's: `lastXDays` and `nDaysSinceLastPush` are the same and come back as the
latter. An `excludes` selector takes untagged artifacts unless its extras say `"untagged": true`,
a `matches` selector takes them unless they say `false`.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.rules.selectors import check_pattern

from .model import (
    AGE_MAX_SECONDS,
    CONDITIONS_MAX,
    COUNT_MAX,
    DAY_SECONDS,
    Condition,
    Order,
    Policy,
    Pulled,
    Pushed,
    Rule,
    Scope,
    Tagged,
    TagGlob,
    Verb,
)

HARBOR_RULES_MAX = 15
"""Most rules of a policy in Harbor."""
CRON_LENGTH_MAX = 128
"""Longest schedule that is passed on."""
EXTRAS_LENGTH_MAX = 256
"""Longest extras of a selector."""

_COUNTED = {
    "latestPushedK": Order.PUSH,
    "latestPulledN": Order.PULL,
    "latestActiveK": Order.ACTIVITY,
}
_AGED: dict[str, type[Pushed] | type[Pulled]] = {
    "nDaysSinceLastPush": Pushed,
    "nDaysSinceLastPull": Pulled,
    "lastXDays": Pushed,
}
_TEMPLATES = (*_COUNTED, *_AGED, "always", "nothing")
_ALL = ("", "*", "**")


@dataclass(frozen=True, slots=True)
class Imported:
    """A policy as Harbor has it: rules, the schedule as written, and its project's number."""

    policy: Policy
    cron: str = ""
    project_id: int = 0


def from_harbor(document: Any) -> Imported:
    """Return what a retention policy in JSON, already decoded, means.

    `Fault(REQUEST_INVALID)` names the field and the cure. Rules get lines from 1; fields that mean
    nothing here (id, priority) are dropped.
    """
    body = _object(document, "the policy")
    if body.get("algorithm", "or") != "or":
        raise _refused("algorithm", "has to be 'or'")
    scope = _object(body.get("scope") or {}, "scope")
    if scope.get("level", "project") != "project":
        raise _refused("scope.level", "has to be 'project'")
    rules = _list(body.get("rules") or [], "rules")
    if len(rules) > HARBOR_RULES_MAX:
        raise _refused("rules", f"has more than {HARBOR_RULES_MAX} entries: use fewer rules")
    read = tuple(_rule(rule, f"rules[{at}]", at + 1) for at, rule in enumerate(rules))
    reference = scope.get("ref", 0)
    if type(reference) is not int:
        raise _refused("scope.ref", "has to be the project's number")
    return Imported(Policy(read), _cron(body.get("trigger")), reference)


def to_harbor(imported: Imported) -> dict[str, Any]:
    """Return the policy in JSON; `Fault(REQUEST_INVALID)` if Harbor has no words for a rule."""
    return {
        "algorithm": "or",
        "rules": [_written(rule, at) for at, rule in enumerate(imported.policy.rules, 1)],
        "trigger": {"kind": "Schedule", "settings": {"cron": imported.cron}},
        "scope": {"level": "project", "ref": imported.project_id},
    }


def _refused(field: str, message: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, f"retention policy: {field} {message}", {"field": field})


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(field, "has to be an object")
    return value


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise _refused(field, "has to be a list")
    return value


def _cron(trigger: Any) -> str:
    if trigger is None:
        return ""
    settings = _object(trigger, "trigger").get("settings") or {}
    cron = _object(settings, "trigger.settings").get("cron", "")
    if not isinstance(cron, str) or len(cron) > CRON_LENGTH_MAX:
        raise _refused(
            "trigger.settings.cron", f"has to be a text of at most {CRON_LENGTH_MAX} characters"
        )
    return cron


def _rule(value: Any, field: str, line: int) -> Rule:
    body = _object(value, field)
    if body.get("action", "retain") != "retain":
        raise _refused(f"{field}.action", "has to be 'retain'")
    template = body.get("template")
    if not isinstance(template, str) or template not in _TEMPLATES:
        raise _refused(f"{field}.template", f"has to be one of {', '.join(_TEMPLATES)}")
    disabled = body.get("disabled") or False
    if not isinstance(disabled, bool):
        raise _refused(f"{field}.disabled", "has to be true or false")
    conditions = _tags(body.get("tag_selectors") or [], f"{field}.tag_selectors")
    scope = _scope(body.get("scope_selectors") or {}, f"{field}.scope_selectors")
    params = _object(body.get("params") or {}, f"{field}.params")
    count, order = None, Order.PUSH
    if template in _AGED:
        days = _number(params, template, field, AGE_MAX_SECONDS // DAY_SECONDS)
        conditions += (_AGED[template](days * DAY_SECONDS),)
    elif template in _COUNTED:
        count = _number(params, template, field, COUNT_MAX)
        order = _COUNTED[template]
    if template == "nothing" or count == 0:
        count, order, conditions = 0, Order.PUSH, ()
    return Rule(Verb.KEEP, conditions, count, order, scope, disabled, line)


def _number(params: dict[str, Any], name: str, field: str, number_max: int) -> int:
    value = params.get(name)
    # Programs that have but one kind of number write 10.0; true is no number.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= number_max:
        raise _refused(f"{field}.params.{name}", f"has to be a number from 0 to {number_max}")
    return value


def _selectors(value: Any, field: str, decorations: tuple[str, str]) -> list[tuple[bool, str, Any]]:
    """Return (negated, pattern, extras) of each selector."""
    found = []
    for at, entry in enumerate(_list(value, field)):
        here = f"{field}[{at}]"
        body = _object(entry, here)
        if body.get("kind", "doublestar") != "doublestar":
            raise _refused(f"{here}.kind", "has to be 'doublestar'")
        decoration = body.get("decoration")
        if decoration not in decorations:
            raise _refused(f"{here}.decoration", f"has to be '{decorations[0]}' or its opposite")
        pattern = body.get("pattern", "")
        if not isinstance(pattern, str):
            raise _refused(f"{here}.pattern", "has to be a text")
        check_pattern(pattern)
        found.append((decoration == decorations[1], pattern, body.get("extras")))
    return found


def _tags(value: Any, field: str) -> tuple[Condition, ...]:
    selectors = _selectors(value, field, ("matches", "excludes"))
    if len(selectors) > 1:
        raise _refused(
            field, "has more than one selector: use one pattern with {a,b}, or two rules"
        )
    for negated, pattern, extras in selectors:
        or_untagged = _flag(extras, f"{field}[0].extras", default=not negated) is not negated
        if negated or pattern not in _ALL:
            return (TagGlob(pattern, negated, or_untagged),)
        return () if or_untagged else (Tagged(),)
    return ()


def _flag(extras: Any, field: str, *, default: bool) -> bool:
    """Return what the extras, JSON in a text, say of untagged artifacts."""
    if extras is None or extras == "":
        return default
    try:
        read = extras
        if isinstance(extras, str):
            read = msgspec.json.decode(extras[:EXTRAS_LENGTH_MAX].encode("utf-8", "replace"))
    except msgspec.DecodeError as error:
        raise _refused(field, 'has to be JSON, as in {"untagged":true}') from error
    flag = _object(read, field).get("untagged", False)
    if not isinstance(flag, bool):
        raise _refused(f"{field}.untagged", "has to be true or false")
    return flag


def _scope(value: Any, field: str) -> tuple[Scope, ...]:
    entries = _object(value, field).get("repository") or []
    selectors = _selectors(entries, f"{field}.repository", ("repoMatches", "repoExcludes"))
    if len(selectors) > CONDITIONS_MAX:
        raise _refused(field, f"has more than {CONDITIONS_MAX} selectors: use fewer")
    return tuple(
        Scope(pattern, negated)
        for negated, pattern, _ in selectors
        if negated or pattern not in ("", "**")
    )


def _written(rule: Rule, number: int) -> dict[str, Any]:
    template, params, tag = _template(rule)
    negated = isinstance(tag, TagGlob) and tag.negated
    takes_untagged = tag is None or (isinstance(tag, TagGlob) and tag.or_untagged)
    return {
        "id": number,
        "priority": number,
        "disabled": rule.disabled,
        "action": "retain",
        "template": template,
        "params": params,
        "tag_selectors": [
            {
                "kind": "doublestar",
                "decoration": "excludes" if negated else "matches",
                "pattern": tag.pattern if isinstance(tag, TagGlob) else "**",
                "extras": f'{{"untagged":{str(takes_untagged is not negated).lower()}}}',
            }
        ],
        "scope_selectors": {
            "repository": [
                {
                    "kind": "doublestar",
                    "decoration": "repoExcludes" if one.negated else "repoMatches",
                    "pattern": one.pattern,
                }
                for one in rule.scope or (Scope("**"),)
            ]
        },
    }


def _template(rule: Rule) -> tuple[str, dict[str, int], TagGlob | Tagged | None]:
    """Return the template, its parameters and the condition about tags."""
    tags = [one for one in rule.conditions if isinstance(one, TagGlob | Tagged)]
    rest = [one for one in rule.conditions if not isinstance(one, TagGlob | Tagged)]
    tag = tags[0] if tags else None
    if rule.verb is Verb.KEEP and len(tags) <= 1:
        if not rest and rule.count is None:
            return "always", {}, tag
        if not rest and rule.count == 0:
            return "nothing", {}, tag
        if not rest:
            name = next(name for name, order in _COUNTED.items() if order is rule.order)
            return name, {name: rule.count or 0}, tag
        if rule.count is None and len(rest) == 1:
            for name, kind in _AGED.items():
                if isinstance(one := rest[0], Pushed | Pulled) and type(one) is kind:
                    days, over = divmod(one.seconds, DAY_SECONDS)
                    if not over and not one.negated:
                        return name, {name: days}, tag
    raise _refused(f"line {rule.line}", f"has no form in Harbor: {rule.text}")
