"""Rules that let workloads in by the claims of their token, with no stored secret."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from entrepot.oci.errors import Code, Fault

from .claims import NAME_MAX, Claims, claim, shown, texts
from .patterns import check_pattern, matches
from .people import SUBJECT_MAX
from .presets import PRESETS, preset_of

CONDITIONS_MAX = 16
"""Most conditions of one rule."""
PATTERNS_MAX = 32
"""Most patterns of one condition."""
ISSUER_MAX = 512
AUDIENCE_MAX = 256
AUDIENCES_SHOWN_MAX = 3

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_LOCAL = re.compile(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:/.*)?")


@dataclass(frozen=True, slots=True)
class WorkloadRule:
    """Which tokens of an issuer are let in.

    Every condition must hold: a claim (`claims.claim`: a name or a JSON pointer) with patterns
    (`patterns`) of which one must match its value, or one of its values if it is a list.
    """

    name: str
    issuer: str
    audience: str
    """What the token must have been made for; its `aud` may name others too."""
    conditions: Mapping[str, tuple[str, ...]]
    kind: str = "other"
    """The preset, see `presets.PRESETS`."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a rule does not match.

    For logs and administrators only. Who showed the token could be anybody on GitHub, and is not
    to learn what would have been let in.
    """

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """The rules that let a workload in, in the order given, and why each other one does not."""

    rules: tuple[WorkloadRule, ...] = ()
    misses: tuple[Miss, ...] = field(default=())


def match(rules: Iterable[WorkloadRule], claims: Claims) -> Matched:
    """Hold claims of a verified token against rules; without a usable `sub` none matches."""
    found: list[WorkloadRule] = []
    misses: list[Miss] = []
    for rule in rules:
        reason = _objection(rule, claims)
        if reason is None:
            found.append(rule)
        else:
            misses.append(Miss(rule.name, reason))
    return Matched(tuple(found), tuple(misses))


def subject_of(rule: WorkloadRule, claims: Claims) -> str:
    """Return the name by which a workload that the rule lets in is known here."""
    return f"workload:{rule.name}:{claims['sub']}"


def _objection(rule: WorkloadRule, claims: Claims) -> str | None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
        return f"the token has no 'sub' of 1 to {SUBJECT_MAX} characters"
    if not subject.isprintable():
        return "the token's 'sub' holds control characters"
    if claims.get("iss") != rule.issuer:
        return f"the token is of {shown(claims.get('iss'))}, and the rule for {rule.issuer}"
    if rule.audience not in texts(claims.get("aud")):
        return f"the token is made for {shown(claims.get('aud'))}, and not for {rule.audience}"
    if not rule.conditions:
        return "the rule has no condition"
    for name, patterns in rule.conditions.items():
        values = texts(claim(claims, name))
        if not values:
            return f"the token has no claim '{name}'"
        if not any(matches(pattern, value) for pattern in patterns for value in values):
            wanted = " or ".join(patterns[:AUDIENCES_SHOWN_MAX])
            return f"claim '{name}' is {', '.join(map(shown, values[:3]))}, and not {wanted}"
    return None


def check_rule(rule: WorkloadRule) -> None:
    """Raise `Fault(REQUEST_INVALID, "cause: cure")` unless the rule can be used, and is safe."""
    if not _NAME.fullmatch(rule.name):
        raise _refused(
            rule,
            "the name of a workload rule is not right",
            "use up to 64 small letters, digits, . _ and -, with a letter or digit at both ends",
        )
    preset = preset_of(rule.kind, rule.issuer)
    if preset is None:
        raise _refused(rule, f"its kind '{shown(rule.kind)}' is none", f"say {', '.join(PRESETS)}")
    _check_issuer(rule)
    if not 0 < len(rule.audience) <= AUDIENCE_MAX or not rule.audience.isprintable():
        raise _refused(
            rule,
            "it names no audience that a token can be made for",
            "name this registry, as https://registry.example.com, and ask for tokens for that",
        )
    _check_conditions(rule)
    if not preset.narrows(rule.conditions):
        known = ", ".join(preset.narrowing) or "sub"
        example = "; ".join(f"{name} = {each[0]}" for name, each in preset.example.items())
        raise _refused(
            rule,
            f"it would let in workloads of strangers, as any of {preset.title} could match",
            f"say whose they must be by fixed text in {known}, such as {example}",
        )


def _check_issuer(rule: WorkloadRule) -> None:
    issuer = rule.issuer
    is_url = issuer.startswith("https://") or _LOCAL.fullmatch(issuer) is not None
    if (
        not is_url
        or len(issuer) > ISSUER_MAX
        or not issuer.isprintable()
        or set(issuer) & set(" ?#")
    ):
        raise _refused(
            rule,
            f"its issuer '{shown(issuer)}' is none",
            "write the 'iss' of its tokens as it stands there, an https:// URL",
        )


def _check_conditions(rule: WorkloadRule) -> None:
    if len(rule.conditions) > CONDITIONS_MAX:
        raise _refused(rule, f"it has more than {CONDITIONS_MAX} conditions", "make two rules")
    for name, patterns in rule.conditions.items():
        if not 0 < len(name) <= NAME_MAX or not name.isprintable():
            raise _refused(rule, "it names a claim that cannot be", "name one of the token's")
        if not 0 < len(patterns) <= PATTERNS_MAX:
            raise _refused(
                rule, f"claim '{name}' needs 1 to {PATTERNS_MAX} patterns", "make several rules"
            )
        for pattern in patterns:
            check_pattern(pattern)


def _refused(rule: WorkloadRule, cause: str, cure: str) -> Fault:
    name = shown(rule.name)
    return Fault(Code.REQUEST_INVALID, f"workload rule '{name}': {cause}: {cure}", {"rule": name})
