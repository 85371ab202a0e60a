import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.selectors import ALTERNATIVES_MAX, PATTERN_MAX, check_pattern, matches
from tests.oci.faults import code_of, fault_of


@pytest.mark.parametrize(
    "pattern,text,expected",
    [
        ("", "anything/at all", True),
        ("*", "", True),
        ("*", "abc", True),
        ("*", "a/b", False),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("*x", "xxx", True),
        ("*ab", "aab", True),
        ("v*.*.*", "v1.2.3", True),
        ("v*.*.*", "v1.2", False),
        ("V*", "v1", False),
        # One character.
        ("a?b", "a☺b", True),
        ("a?b", "a/b", False),
        ("a?b", "ab", False),
        # Sets.
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^b-d]", "abc", False),
        ("ab[!b-d]", "abx", True),
        ("[0-9].[0-9]*", "1.25", True),
        ("[\\]a]", "]", True),
        ("[x\\-]", "-", True),
        ("[x\\-z]", "y", False),
        ("a[^x]b", "a/b", False),
        ("a[+-9]b", "a/b", False),
        ("[[]", "[", True),
        ("[a&&b]", "&", True),
        # A backslash makes a character of what follows.
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("\\{a,b\\}", "{a,b}", True),
        # Any number of segments.
        ("**", "a/b/c", True),
        ("**", "", True),
        ("a/**", "a", False),
        ("a/**", "a/b", True),
        ("a/**", "a/b/c", True),
        ("**/c", "c", True),
        ("**/c", "a/b/c", True),
        ("**/c", "a/abc", False),
        ("a/**/b", "a/b", True),
        ("a/**/d", "a/b/c/d", True),
        ("**/a/**/b/c", "x/a/b/x/b/c", True),
        ("**/a/**/b/c", "x/b/x/b/c", False),
        ("a/**/**/b", "a/b", True),
        ("abc**", "abc/b", False),
        ("abc**", "abcd", True),
        # Either.
        ("ab{c,d}", "abd", True),
        ("ab{c,d}", "abe", False),
        ("ab{c,d,*}", "abcde", True),
        ("a{,bc}", "a", True),
        ("a{,bc}", "abc", True),
        ("a/{b/c,c/b}", "a/c/b", True),
        ("{a/{b,c},abc}", "a/c", True),
        ("{a/{b,c},abc}", "abc", True),
        ("{a/{b,c},abc}", "a/b/c", False),
        ("{1,2}.{3,4}", "2.3", True),
        ("{a,[,]}", ",", True),
        # What looks like syntax and is not.
        ("a,b", "a,b", True),
        ("a}", "a}", True),
        ("a]", "a]", True),
        ("a.b", "axb", False),
        ("a+", "aa", False),
        ("(a|b)", "a", False),
    ],
)
def test_doublestar(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_only_the_whole_text_matches() -> None:
    assert not matches("a|b", "a")
    assert not matches("{a,b}", "ab")
    assert not matches("a", "a\n")


@pytest.mark.parametrize(
    "pattern,told",
    [
        ("{a,b", "close it"),
        ("[a-z", "close it"),
        ("[", "close it"),
        ("[]", "close it"),
        ("a\\", "backslash"),
        ("[z-a]", "backwards"),
        ("a\nb", "control character"),
        ("x" * (PATTERN_MAX + 1), f"{PATTERN_MAX} characters"),
        ("{a,b}" * 7, f"{ALTERNATIVES_MAX} patterns"),
        ("{" + "," * ALTERNATIVES_MAX + "}", f"{ALTERNATIVES_MAX} patterns"),
    ],
)
def test_refused_with_cause_and_cure(pattern: str, told: str) -> None:
    fault = fault_of(lambda: check_pattern(pattern))
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert told in fault.message


def test_limits_are_reachable() -> None:
    check_pattern("x" * PATTERN_MAX)
    check_pattern("{a,b}" * 6)
    assert matches("{" + "," * (ALTERNATIVES_MAX - 1) + "}", "")


@given(st.text(max_size=12), st.text(max_size=8))
def test_total(pattern: str, text: str) -> None:
    refused = code_of(lambda: check_pattern(pattern))
    assert refused in (None, Code.REQUEST_INVALID)
    assert code_of(lambda: matches(pattern, text)) is refused


@given(st.text("ab*?/", max_size=9), st.text("ab/", max_size=9))
def test_same_as_a_slow_matcher(pattern: str, text: str) -> None:
    assert matches(pattern, text) is slowly(pattern, text)


@given(
    st.lists(st.text("ab*/", max_size=3), min_size=1, max_size=3),
    st.text("ab/", max_size=3),
    st.text("ab/", max_size=6),
)
def test_braces_are_their_alternatives(choices: list[str], tail: str, text: str) -> None:
    # `{}` is an empty text; only a pattern that is empty itself matches all.
    plain = [choice + tail for choice in choices]
    expected = any(matches(one, text) if one else not text for one in plain)
    assert matches("{" + ",".join(choices) + "}" + tail, text) is expected


@pytest.mark.parametrize(
    "pattern,text",
    [
        ("*a" * 127 + "b", "a" * 255),
        ("a*" * 127 + "b", "a" * 255),
        ("**/a/" * 51 + "b", "a/" * 127 + "c"),
        ("**/*a*/" * 36 + "b", "aaa/" * 63 + "c"),
        ("{*a,*aa}" * 6 + "*a" * 60 + "b", "a" * 255),
        ("?*" * 127 + "b", "a" * 255),
    ],
)
def test_no_pattern_is_slow(pattern: str, text: str) -> None:
    check_pattern(pattern)
    start = time.process_time()
    assert not matches(pattern, text)
    assert time.process_time() - start < 0.25


def slowly(pattern: str, text: str) -> bool:
    """Match as the definition reads, segment by segment."""
    if not pattern:
        return True
    return _segments(tuple(pattern.split("/")), tuple(text.split("/")))


@cache
def _segments(patterns: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    if not patterns:
        return not texts
    first, rest = patterns[0], patterns[1:]
    if first == "**":
        if not rest:
            return bool(texts)
        return any(_segments(rest, texts[at:]) for at in range(len(texts)))
    return bool(texts) and _characters(first, texts[0]) and _segments(rest, texts[1:])


@cache
def _characters(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_characters(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return text[:1] != "" and pattern[0] in ("?", text[0]) and _characters(pattern[1:], text[1:])
