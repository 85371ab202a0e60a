"""Policies and repositories that anything may be asked about."""

from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.rules.retention.facts import Artifact, TagFact
from entrepot.rules.retention.model import (
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

DAY = 86400.0
NOW = 1_800_000_000.0


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def artifact(
    number: int,
    *names: str,
    pushed: float = 0.0,
    pulled: float | None = None,
    protected: str = "",
    labels: dict[str, str] | None = None,
    platforms: frozenset[str] = frozenset(),
    size: int = 1,
) -> Artifact:
    """Return an artifact with tags; `pushed` and `pulled` are days before `NOW`."""
    return Artifact(
        digest(number),
        NOW - pushed * DAY,
        None if pulled is None else NOW - pulled * DAY,
        tuple(
            TagFact(name, NOW - pushed * DAY, None, "rule" if name == protected else "")
            for name in names
        ),
        frozenset((labels or {}).items()),
        platforms,
        size,
    )


PATTERNS = st.sampled_from(("v*", "*", "**", "a*", "*-rc", "{v1,b}", "[a-b]*", "", 'q"\\\\', "\\*"))
_SECONDS = st.integers(0, 400).map(lambda days: days * 86400) | st.integers(0, 9999).map(
    lambda minutes: minutes * 60
)
_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8)
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(TagGlob, PATTERNS, st.booleans(), st.booleans()),
    st.sampled_from((Semver(), Tagged(), Untagged(), NeverPulled())),
    st.builds(Pushed, _SECONDS, st.booleans()),
    st.builds(Pulled, _SECONDS, st.booleans()),
    st.builds(Label, _TEXTS, st.none() | _TEXTS),
    st.builds(OnPlatform, st.sampled_from(("linux/amd64", "linux/arm/v7"))),
)
_WHERE = st.lists(CONDITIONS, max_size=3).map(tuple)
SCOPES = st.lists(st.builds(Scope, PATTERNS, st.booleans()), max_size=2).map(tuple)
KEEPS = st.one_of(
    st.builds(Rule, st.just(Verb.KEEP), _WHERE, scope=SCOPES, disabled=st.booleans()),
    st.builds(
        Rule, st.just(Verb.KEEP), _WHERE, st.integers(1, 4), st.sampled_from(Order), scope=SCOPES
    ),
    st.builds(Rule, st.just(Verb.KEEP), count=st.just(0), scope=SCOPES),
)
DELETES = st.builds(Rule, st.just(Verb.DELETE), _WHERE, scope=SCOPES, disabled=st.booleans())
POLICIES = st.lists(KEEPS | DELETES, max_size=4).map(lambda rules: Policy(tuple(rules)))

_TIMES = st.integers(0, 6).map(lambda steps: NOW - steps * 30 * DAY)
_NAMES = st.sampled_from(("v1", "v1.2.3", "a", "b", "v2-rc", "latest", "*"))
_TAGS = st.lists(
    st.builds(TagFact, _NAMES, _TIMES, st.none() | _TIMES, st.sampled_from(("", "", "rule"))),
    max_size=3,
    unique_by=lambda tag: tag.name,
).map(tuple)
ARTIFACTS = st.lists(
    st.builds(
        Artifact,
        st.integers(1, 20).map(digest),
        _TIMES,
        st.none() | _TIMES,
        _TAGS,
        st.frozensets(st.tuples(st.just("k"), st.sampled_from("xy")), max_size=1),
        st.frozensets(st.sampled_from(("linux/amd64", "linux/arm/v7")), max_size=2),
        st.integers(0, 9),
        st.sampled_from((None, None, None, digest(99))),
        st.sampled_from((None, None, None, digest(98))),
    ),
    max_size=10,
    unique_by=lambda one: one.digest,
)
