import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.federation.patterns import (
    PATTERN_MAX,
    VALUE_MAX,
    WILDCARDS_MAX,
    check_pattern,
    fixed_start,
    is_fixed,
    matches,
)
from tests.oci.faults import code_of, fault_of

TEXT = st.text("ab/:@*?\\.", max_size=12)


@pytest.mark.parametrize(
    "pattern,value,expected",
    [
        ("acme/web", "acme/web", True),
        ("acme/web", "acme/web2", False),
        ("acme/web", "ACME/web", False),
        ("acme/*", "acme/web", True),
        ("acme/*", "acme/", True),
        ("acme/*", "acme", False),
        ("acme/*", "acme-evil/web", False),
        ("acme/*", "acme/group/web", False),
        ("acme/**", "acme/group/web", True),
        ("*/web", "evil/web", True),
        ("refs/heads/release-*", "refs/heads/release-1", True),
        ("refs/heads/release-*", "refs/heads/release-1/x", False),
        ("refs/heads/**", "refs/heads/feature/x", True),
        ("refs/heads/**", "refs/heads/a@b", False),
        ("refs/heads/**@**", "refs/heads/a@b", True),
        ("refs/tags/v?", "refs/tags/v1", True),
        ("refs/tags/v?", "refs/tags/v", False),
        ("refs/tags/v?", "refs/tags/v/", False),
        ("repo:acme/web:*", "repo:acme/web:environment:prod", False),
        ("repo:acme/web:*:*", "repo:acme/web:environment:prod", True),
        ("repo:acme/web:ref:**", "repo:acme/web:ref:refs/heads/main", True),
        ("repo:acme/**", "repo:acme/web:ref:refs/heads/main", False),
        ("*@example.com", "alice@example.com", True),
        ("*@example.com", "alice@evil.example@example.com", False),
        ("system:serviceaccount:ci:*", "system:serviceaccount:ci:builder", True),
        ("system:serviceaccount:*", "system:serviceaccount:kube-system:root", False),
        # The name of a branch is anybody's to choose, and so is a file's.
        (
            "acme/web/.github/workflows/*@refs/heads/main",
            "acme/web/.github/workflows/x.yml@refs/heads/evil@refs/heads/main",
            False,
        ),
        (
            "acme/web/.github/workflows/**@refs/heads/main",
            "acme/web/.github/workflows/x.yml@refs/heads/evil@refs/heads/main",
            False,
        ),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"a\\b", r"a\b", True),
        ("[ab]", "a", False),
        ("{a,b}", "{a,b}", True),
        ("**a*b", "xa/ab", True),
        ("a.c", "abc", False),
        ("***", "x", True),
        ("*", "", True),
        ("?", "", False),
        ("a", "a\n", False),
    ],
)
def test_examples(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


def _expression(pattern: str) -> str:
    """Return the same, in the slow and obvious way."""
    found = ""
    for piece in re.findall(r"\\.|\*\*|.", pattern, re.DOTALL):
        found += {"*": "[^/:@]*", "**": "[^:@]*", "?": "[^/:@]"}.get(piece, re.escape(piece[-1]))
    return found


@given(TEXT.filter(bool), TEXT)
def test_as_a_regular_expression(pattern: str, value: str) -> None:
    if fault_of(lambda: check_pattern(pattern)) is None:
        expected = re.fullmatch(_expression(pattern), value, re.DOTALL) is not None
        assert matches(pattern, value) is expected


@given(st.text("ab*?", min_size=1, max_size=8), TEXT)
def test_wildcards_never_reach_over_what_matters(pattern: str, value: str) -> None:
    if matches(pattern, value):
        assert not set(value) & set(":@")
        assert "**" in pattern or "/" not in value


@given(TEXT.filter(bool), TEXT)
def test_what_matches_starts_with_the_fixed_part(pattern: str, value: str) -> None:
    if fault_of(lambda: check_pattern(pattern)) is not None:
        return
    if matches(pattern, value):
        assert value.startswith(fixed_start(pattern))
        assert not is_fixed(pattern) or value == fixed_start(pattern)
    if is_fixed(pattern):
        assert matches(pattern, fixed_start(pattern))


@given(TEXT.filter(bool))
def test_escaped_it_matches_itself_alone(value: str) -> None:
    pattern = "".join(f"\\{char}" for char in value)
    assert matches(pattern, value)
    assert is_fixed(pattern)
    assert not matches(pattern, f"{value}x")


@pytest.mark.parametrize(
    "pattern",
    ["", "x" * (PATTERN_MAX + 1), "a\\", "a\nb", "a\x00", "*a" * (WILDCARDS_MAX + 1)],
)
def test_refused(pattern: str) -> None:
    assert code_of(lambda: check_pattern(pattern)) is Code.REQUEST_INVALID
    assert code_of(lambda: matches(pattern, "x")) is Code.REQUEST_INVALID


def test_long_values() -> None:
    assert matches("*", "x" * VALUE_MAX)
    assert not matches("*", "x" * (VALUE_MAX + 1))


def test_the_worst_case_takes_no_time() -> None:
    start = time.process_time()
    assert not matches("*a" * WILDCARDS_MAX + "b", "a" * VALUE_MAX)
    assert time.process_time() - start < 0.2
