"""Retention: policies as values, and their canonical text."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.rules.selectors import matches

DAY_SECONDS = 86400
RULES_MAX = 100
"""Most rules of a policy."""
CONDITIONS_MAX = 16
"""Most conditions of a rule, and most patterns of its scope."""
COUNT_MAX = 1_000_000
"""Most artifacts that `keep n:` may ask for."""
AGE_MAX_SECONDS = 36500 * DAY_SECONDS
"""Longest time a rule may name."""

_UNITS = (("d", DAY_SECONDS), ("h", 3600), ("m", 60))
_SEMVER = re.compile(
    r"v?(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


class Verb(StrEnum):
    """What a rule does with what it selects."""

    KEEP = "keep"
    DELETE = "delete"


class Order(StrEnum):
    """The time by which `keep n:` counts, newest first; never pulled is oldest."""

    PUSH = "push"
    PULL = "pull"
    ACTIVITY = "activity"
    """The later of push and pull."""


@dataclass(frozen=True, slots=True)
class TagGlob:
    """A tag that matches the glob, or does not; with `or_untagged`, no tag at all too."""

    pattern: str
    negated: bool = False
    or_untagged: bool = False

    def holds(self, name: str) -> bool:
        return matches(self.pattern, name) is not self.negated

    def __str__(self) -> str:
        text = f"tag {'!~' if self.negated else '~'} {quoted(self.pattern)}"
        return f"{text} or untagged" if self.or_untagged else text


@dataclass(frozen=True, slots=True)
class Semver:
    """A tag that is a semantic version, with or without a leading v."""

    def holds(self, name: str) -> bool:
        return _SEMVER.fullmatch(name) is not None

    def __str__(self) -> str:
        return "semver"


@dataclass(frozen=True, slots=True)
class Tagged:
    """Any tag at all."""

    def holds(self, name: str) -> bool:
        return bool(name)

    def __str__(self) -> str:
        return "tagged"


@dataclass(frozen=True, slots=True)
class Untagged:
    """No tag at all."""

    def __str__(self) -> str:
        return "untagged"


@dataclass(frozen=True, slots=True)
class Pushed:
    """Pushed, or a tag moved to it, at `now - seconds` or later; negated: before that."""

    seconds: int
    negated: bool = False

    def __str__(self) -> str:
        words = "older than" if self.negated else "pushed within"
        return f"{words} {duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Pulled:
    """Pulled at `now - seconds` or later; negated: before that, or never."""

    seconds: int
    negated: bool = False

    def __str__(self) -> str:
        words = "not pulled within" if self.negated else "pulled within"
        return f"{words} {duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class NeverPulled:
    """No pull is known."""

    def __str__(self) -> str:
        return "never pulled"


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the image's configuration; any value if `value` is None."""

    key: str
    value: str | None = None

    def __str__(self) -> str:
        text = f"label {quoted(self.key)}"
        return text if self.value is None else f"{text} = {quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class OnPlatform:
    """Runs on the platform, itself or one of its children; in canonical form (`linux/amd64`)."""

    platform: str

    def __str__(self) -> str:
        return f"platform = {quoted(self.platform)}"


TagCondition = TagGlob | Semver | Tagged
"""Conditions about one tag: all those of a rule have to hold for the same tag."""
Condition = TagCondition | Untagged | Pushed | Pulled | NeverPulled | Label | OnPlatform


@dataclass(frozen=True, slots=True)
class Scope:
    """Repositories by their path within the project."""

    pattern: str
    negated: bool = False

    def covers(self, path: str) -> bool:
        return matches(self.pattern, path) is not self.negated

    def __str__(self) -> str:
        return f"not {quoted(self.pattern)}" if self.negated else quoted(self.pattern)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. Scopes are ANDed, and so are conditions.

    `count` is for `keep`: the newest so many by `order`; None is all that is selected, and 0, which
    has no conditions, nothing. `line` is where the rule was written, from 1; it is no part of its
    identity.
    """

    verb: Verb
    conditions: tuple[Condition, ...] = ()
    count: int | None = None
    order: Order = Order.PUSH
    scope: tuple[Scope, ...] = ()
    disabled: bool = False
    line: int = field(default=0, compare=False)

    def covers(self, path: str) -> bool:
        """Whether the rule is about the repository at `path` within the project."""
        return not self.disabled and all(scope.covers(path) for scope in self.scope)

    @property
    def text(self) -> str:
        """The rule in one canonical line."""
        head = "off " if self.disabled else ""
        if self.scope:
            head += f"in {', '.join(map(str, self.scope))}: "
        where = f" where {' and '.join(map(str, self.conditions))}" if self.conditions else ""
        return f"{head}{self.verb}{self._what}{where}"

    @property
    def _what(self) -> str:
        if self.count is None:
            return "" if self.conditions else " all"
        if self.count == 0:
            return " nothing"
        return f" n: {self.count}" + ("" if self.order is Order.PUSH else f" by {self.order}")


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a project, in the order they were written."""

    rules: tuple[Rule, ...] = ()

    def text(self) -> str:
        """Return the canonical text, one rule a line; `language.parse` reads it back."""
        return "".join(f"{rule.text}\n" for rule in self.rules)

    @property
    def needs_config(self) -> bool:
        """Whether labels or platforms are asked for."""
        return any(isinstance(one, Label | OnPlatform) for one in self._asked())

    @property
    def needs_pulls(self) -> bool:
        """Whether times of pulls are asked for."""
        return any(isinstance(one, Pulled | NeverPulled) for one in self._asked()) or any(
            rule.order is not Order.PUSH for rule in self.rules if not rule.disabled
        )

    def _asked(self) -> list[Condition]:
        return [one for rule in self.rules if not rule.disabled for one in rule.conditions]


def duration(seconds: int) -> str:
    """Return the time in the largest unit that divides it: `90d`, `36h`, `30m`."""
    for unit, size in _UNITS:
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    raise ValueError(f"{seconds} seconds are not whole minutes")


def quoted(text: str) -> str:
    r"""Return the text in quotes, with `\"` and `\\` for the two that need it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
