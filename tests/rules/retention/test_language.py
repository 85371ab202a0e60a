import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.retention.language import TEXT_MAX_BYTES, parse
from entrepot.rules.retention.model import CONDITIONS_MAX, RULES_MAX, Policy
from tests.oci.faults import code_of, fault_of
from tests.rules.retention.policies import POLICIES

WORDS = (
    *("keep", "delete", "n", ":", "5", "30d", "where", "tag", "~", "!~", '"v*"', "and", "or"),
    *("untagged", "older", "than", ";", "#", "in", "not", "off", "all", "by", "pull", "label"),
    *("=", '"x', "platform", "\\", '"', "é"),
)


@pytest.mark.parametrize(
    "text,canonical",
    [
        ("keep 30d", "keep where pushed within 30d"),
        ("keep n: 5", "keep n: 5"),
        ("KEEP N:5", "keep n: 5"),
        ("keep n: 5 by push", "keep n: 5"),
        ('keep n: 3 where tag ~ "v*.*.*"', 'keep n: 3 where tag ~ "v*.*.*"'),
        ('keep n: 3 by pull where tag !~ "x"', 'keep n: 3 by pull where tag !~ "x"'),
        ("keep n: 3 by activity", "keep n: 3 by activity"),
        ("keep all", "keep all"),
        ("keep nothing", "keep nothing"),
        ('keep all where tag ~ "release-*"', 'keep where tag ~ "release-*"'),
        ("keep where pulled within 60d", "keep where pulled within 60d"),
        ("keep where pushed within 2w", "keep where pushed within 14d"),
        ("keep where not pulled within 36h", "keep where not pulled within 36h"),
        ("keep untagged 7d", "keep where untagged and pushed within 7d"),
        ("keep untagged", "keep where untagged"),
        ("keep untagged and never pulled", "keep where untagged and never pulled"),
        ('delete where tag ~ "*-beta.*"', 'delete where tag ~ "*-beta.*"'),
        (
            'delete where tag ~ "test-*" older than 90d',
            'delete where tag ~ "test-*" and older than 90d',
        ),
        ("delete untagged older than 7d", "delete where untagged and older than 7d"),
        ("delete all", "delete all"),
        ("delete all where older than 60m", "delete where older than 1h"),
        ("delete semver and tagged", "delete where semver and tagged"),
        ('delete label "a" = "b" label "c"', 'delete where label "a" = "b" and label "c"'),
        ('delete platform = "linux/aarch64"', 'delete where platform = "linux/arm64"'),
        ('keep tag ~ "a" or untagged', 'keep where tag ~ "a" or untagged'),
        ('in "team/*": keep n: 5', 'in "team/*": keep n: 5'),
        ('IN "a/**" , NOT "a/b" : keep 1d', 'in "a/**", not "a/b": keep where pushed within 1d'),
        ("off keep n: 5", "off keep n: 5"),
        (r'keep tag ~ "\*\""', r'keep where tag ~ "\\*\""'),
        ('keep label "a;#b"', 'keep where label "a;#b"'),
    ],
)
def test_forms(text: str, canonical: str) -> None:
    assert parse(text).text() == f"{canonical}\n"
    assert parse(canonical) == parse(text)


def test_lines_semicolons_and_comments() -> None:
    policy = parse("# all\n\nkeep 1d; keep n: 2 # some; not this\r\n\t;; delete untagged\n")
    assert [rule.line for rule in policy.rules] == [3, 3, 4]
    assert parse("") == parse("\n# nothing\n;") == Policy()


@pytest.mark.parametrize(
    "text,column,told",
    [
        ("retain 5", 1, "'retain', expected 'keep' or 'delete'"),
        ("keep", 5, "the end of the rule, expected a time"),
        ("keep n 5", 8, "':'"),
        ("keep n: 0", 9, "keep nothing"),
        ("keep n: five", 9, "a number"),
        ("keep n: 5d", 9, "a number"),
        ("keep n: 99999999999", 9, "a number"),
        ("keep n: 5 by size", 14, "'push', 'pull' or 'activity'"),
        ("keep 30", 6, "as in 30m"),
        ("keep 30y", 6, "as in 30m"),
        ("keep 999999999w", 6, "100 years"),
        ("keep nothing where tagged", 14, "end of the rule"),
        ("keep where", 11, "a condition"),
        ("keep where tagged and", 22, "a condition"),
        ("keep where size", 12, "a condition"),
        ('keep where tag = "x"', 16, "'~' or '!~'"),
        ("keep where tag ~ v*", 19, "in quotes"),
        ('keep where tag ~ "[a"', 18, "close it"),
        ('keep where tag ~ "a', 18, "close the quotes"),
        ('keep where tag ~ "a" or tag ~ "b"', 25, "two rules"),
        ("keep where not tagged", 16, "pulled within"),
        ("keep where older 5d", 18, "'than'"),
        ("delete", 7, "'all', or 'where'"),
        ('delete platform = "amd64"', 19, "linux/amd64"),
        ("delete label name", 14, "in quotes"),
        ("in team: keep n: 1", 4, "in quotes"),
        ('in "team" keep n: 1', 11, "':'"),
        ("keep v*", 7, "'*': put texts in quotes"),
        ("keep 1d é", 9, "put texts in quotes"),
        (
            "keep where " + "tagged " * (CONDITIONS_MAX + 1),
            12 + 7 * (CONDITIONS_MAX + 1),
            "several rules",
        ),
    ],
)
def test_errors_name_the_place_and_what_was_expected(text: str, column: int, told: str) -> None:
    fault = fault_of(lambda: parse(f"\n{text}"))
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert told in fault.message
    assert fault.detail == {"line": 2, "column": column}


def test_limits() -> None:
    assert len(parse("keep n: 1\n" * RULES_MAX).rules) == RULES_MAX
    fault = fault_of(lambda: parse("keep n: 1;" * (RULES_MAX + 1)))
    assert fault is not None
    assert f"more than {RULES_MAX} rules" in fault.message
    assert parse("#" * TEXT_MAX_BYTES) == Policy()
    assert code_of(lambda: parse("#" * (TEXT_MAX_BYTES + 1))) is Code.REQUEST_INVALID
    # What would be too long once it is written out is refused at once.
    long = "\n".join('keep tag ~ "' + "\\*" * 85 + '"' for _ in range(86))
    assert code_of(lambda: parse(long)) is Code.REQUEST_INVALID


def test_needs() -> None:
    assert not parse("keep n: 5; delete untagged").needs_config
    assert parse('keep label "a"').needs_config
    assert parse('keep platform = "linux/amd64"').needs_config
    assert not parse('off keep label "a"').needs_config
    assert not parse("keep n: 5; delete untagged").needs_pulls
    for text in ("keep n: 5 by pull", "keep n: 5 by activity", "keep never pulled"):
        assert parse(text).needs_pulls
        assert not parse(f"off {text}").needs_pulls


@given(POLICIES)
def test_what_is_printed_is_read_again(policy: Policy) -> None:
    assert parse(policy.text()) == policy


@given(POLICIES)
def test_on_one_line_too(policy: Policy) -> None:
    assert parse(policy.text().replace("\n", "; ")) == policy


@given(
    st.lists(
        st.sampled_from(WORDS),
        max_size=12,
    ).map(" ".join)
    | st.text(max_size=20)
)
def test_total(text: str) -> None:
    assert code_of(lambda: parse(text)) in (None, Code.REQUEST_INVALID)
