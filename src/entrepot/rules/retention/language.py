"""Retention: the text of policies, one rule a line (docs/retention.md)."""

from collections.abc import Callable

from entrepot.oci.errors import Code, Fault
from entrepot.oci.platform import parse_platform

from .model import (
    COUNT_MAX,
    RULES_MAX,
    Condition,
    Label,
    NeverPulled,
    OnPlatform,
    Order,
    Policy,
    Pulled,
    Pushed,
    Rule,
    Scope,
    Semver,
    Tagged,
    TagGlob,
    Untagged,
    Verb,
)
from .pieces import Cursor, fault, statements

TEXT_MAX_BYTES = 16 * 1024
"""Longest text of a policy, in UTF-8, as written and in its canonical form."""
LABEL_LENGTH_MAX = 256
"""Longest key or value of a label."""

_CONDITION = "a condition (tag, tagged, untagged, semver, pushed, older, pulled, label, platform)"


def parse(text: str) -> Policy:
    """Return the policy that `text` is; rules are divided by line ends and semicolons.

    `Fault(REQUEST_INVALID)` names line, column, what stands there and what was expected; its detail
    is `{"line", "column"}`. No text at all is a policy without rules, which touches nothing.
    """
    _check_size(text)
    rules: list[Rule] = []
    for number, line in enumerate(text.split("\n"), 1):
        for pieces in statements(line, number):
            if len(rules) == RULES_MAX:
                message = f"the policy has more than {RULES_MAX} rules: use more general ones"
                raise fault(number, pieces[0].column, message)
            rules.append(_rule(Cursor(pieces, number)))
    policy = Policy(tuple(rules))
    # What is kept is the canonical text, and that has to be readable too.
    _check_size(policy.text())
    return policy


def _check_size(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_MAX_BYTES:
        raise Fault(
            Code.REQUEST_INVALID,
            f"the policy is longer than {TEXT_MAX_BYTES} bytes: use fewer, more general rules",
        )


def _rule(at: Cursor) -> Rule:
    disabled = at.took("off")
    scope = _scope(at) if at.took("in") else ()
    count, order = None, Order.PUSH
    conditions: tuple[Condition, ...] = ()
    if at.took("keep"):
        verb = Verb.KEEP
        count, order, conditions = _kept(at)
    elif at.took("delete"):
        verb = Verb.DELETE
        if not at.took("all") and at.at_end:
            raise at.expected("'all', or 'where' and conditions")
    else:
        raise at.expected("'keep' or 'delete'")
    conditions += _conditions(at)
    at.bounded(len(conditions), "conditions")
    return Rule(verb, conditions, count, order, scope, disabled, at.line)


def _scope(at: Cursor) -> tuple[Scope, ...]:
    found: list[Scope] = []
    while not found or at.took(","):
        negated = at.took("not")
        found.append(Scope(at.pattern("a pattern of repositories"), negated))
        at.bounded(len(found), "patterns")
    at.need(":", "':' after the repositories")
    return tuple(found)


def _kept(at: Cursor) -> tuple[int | None, Order, tuple[Condition, ...]]:
    """Read what stands between `keep` and its conditions."""
    if at.took("n"):
        at.need(":", "':' and a number, as in keep n: 5")
        return at.count(COUNT_MAX), _order(at), ()
    if at.took("nothing"):
        if not at.at_end:
            raise at.expected("the end of the rule")
        return 0, Order.PUSH, ()
    if at.here.kind == "number":
        return None, Order.PUSH, (Pushed(at.seconds()),)
    if at.took("untagged"):
        # `and` before the time would make it a condition, which has other words.
        aged = (Pushed(at.seconds()),) if at.here.kind == "number" else ()
        at.took("and")
        return None, Order.PUSH, (Untagged(), *aged)
    if not at.took("all") and at.at_end:
        raise at.expected("a time as in keep 30d, a number as in keep n: 5, or 'all'")
    return None, Order.PUSH, ()


def _order(at: Cursor) -> Order:
    if not at.took("by"):
        return Order.PUSH
    for order in Order:
        if at.took(order):
            return order
    raise at.expected("'push', 'pull' or 'activity'")


def _conditions(at: Cursor) -> tuple[Condition, ...]:
    found: list[Condition] = []
    more = at.took("where")
    while more or not at.at_end:
        found.append(_condition(at))
        at.bounded(len(found), "conditions")
        more = at.took("and")
    return tuple(found)


def _condition(at: Cursor) -> Condition:
    for word, read in _READERS.items():
        if at.took(word):
            return read(at)
    raise at.expected(_CONDITION)


def _tag(at: Cursor) -> TagGlob:
    negated = at.took("!~")
    if not negated:
        at.need("~", "'~' or '!~' and a pattern, as in tag ~ \"v*\"")
    pattern = at.pattern("a pattern of tags")
    or_untagged = at.took("or")
    if or_untagged:
        at.need("untagged", "'untagged' (for any other 'or' write two rules)")
    return TagGlob(pattern, negated, or_untagged)


def _label(at: Cursor) -> Label:
    key = at.quoted("a label's key", LABEL_LENGTH_MAX)
    return Label(key, at.quoted("a label's value", LABEL_LENGTH_MAX) if at.took("=") else None)


def _platform(at: Cursor) -> OnPlatform:
    at.need("=", "'=' and a platform, as in platform = \"linux/arm64\"")
    piece = at.here
    try:
        return OnPlatform(str(parse_platform(at.quoted("a platform", LABEL_LENGTH_MAX))))
    except ValueError as error:
        raise fault(at.line, piece.column, str(error)) from error


def _pushed(at: Cursor) -> Pushed:
    at.need("within")
    return Pushed(at.seconds())


def _older(at: Cursor) -> Pushed:
    at.need("than")
    return Pushed(at.seconds(), negated=True)


def _pulled(at: Cursor) -> Pulled:
    at.need("within")
    return Pulled(at.seconds())


def _not(at: Cursor) -> Pulled:
    at.need("pulled", "'pulled within' and a time")
    at.need("within")
    return Pulled(at.seconds(), negated=True)


def _never(at: Cursor) -> NeverPulled:
    at.need("pulled")
    return NeverPulled()


_READERS: dict[str, Callable[[Cursor], Condition]] = {
    "tag": _tag,
    "tagged": lambda _: Tagged(),
    "untagged": lambda _: Untagged(),
    "semver": lambda _: Semver(),
    "pushed": _pushed,
    "older": _older,
    "pulled": _pulled,
    "not": _not,
    "never": _never,
    "label": _label,
    "platform": _platform,
}
