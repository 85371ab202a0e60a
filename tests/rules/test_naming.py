"""Naming rules, and the warning on `latest`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import TAG_LENGTH_MAX, Tag
from entrepot.rules.aliases import Aliases
from entrepot.rules.fields import EXAMPLES
from entrepot.rules.naming import (
    TEMPLATES_MAX,
    Mode,
    compile_template,
    latest_warning,
    parse,
    parse_environment,
    refusal,
    warning,
)

APP = RepositoryName("team/app")
LATEST = Tag("latest")
TEMPLATES = ["v<major>.<minor>.<patch>", "dev-<branch>", "test-<build>", "<version>-<env>"]
PARTS = st.sampled_from([f"<{name}>" for name in EXAMPLES] + ["v", "-", ".", "_", "dev-", "0"])
TAGS = st.from_regex(re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,30}", re.ASCII), fullmatch=True)


@pytest.mark.parametrize(
    "template, right, wrong",
    [
        (TEMPLATES[0], "v1.2.3 v0.10.0", "1.2.3 v1.2 v1.2.3-rc.1 v01.2.3 v1.2.3.4"),
        (TEMPLATES[1], "dev-x dev-fix_1.2-b", "dev- dev-X prod-x"),
        (TEMPLATES[2], "test-42 test-4aF", "test- test-4-2"),
        (TEMPLATES[3], "1.2.3-prod 1.2.3-rc.1-eu v", "1.2.3 1.2-prod"),
        ("<date>.<number>", "20260512.1", "20261312.1 2026051.1"),
        ("<branch>-<sha>", "main-4f5e6d7 a-b-4f5e6d7a", "main-4f5e6d main-4F5E6D7"),
        ("<any>", "x A.b-C_d", ""),
    ],
)
def test_templates(template: str, right: str, wrong: str) -> None:
    compiled = compile_template(template)
    for tag in right.removesuffix(" v").split():
        assert compiled.fits(tag), tag
    for tag in wrong.split():
        assert not compiled.fits(tag), tag


def test_environments_may_be_a_list() -> None:
    compiled = compile_template("<version>-<env>", ("prod", "eu-west"))
    assert compiled.example == "1.2.3-prod"
    assert compiled.fits("1.2.3-eu-west")
    assert compiled.fits("1.2.3-rc.1-prod")
    assert not compiled.fits("1.2.3-stage")


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_a_template_fits_its_own_example_or_is_refused(parts: list[str]) -> None:
    try:
        template = compile_template("".join(parts))
    except Fault as fault:
        if fault.code is not Code.REQUEST_INVALID:
            raise
    else:
        assert template.fits(Tag.parse(template.example))


_RUN = {
    "major": "(?:0|[1-9][0-9]*)(?![0-9])",
    "branch": "[a-z0-9._-]+",
    "build": "[A-Za-z0-9]+",
    "sha": "[0-9a-f]{7,40}",
}


@given(
    st.lists(st.sampled_from([*(f"<{name}>" for name in _RUN), "-", "v", "."]), min_size=1,
             max_size=4),
    st.text(alphabet="01av.-f", min_size=1, max_size=16),
)  # fmt: skip
def test_matching_agrees_with_a_regular_expression(parts: list[str], tag: str) -> None:
    try:
        template = compile_template("".join(parts))
    except Fault:
        return
    pattern = "".join(_RUN[p[1:-1]] if p[0] == "<" else re.escape(p) for p in parts)
    assert template.fits(tag) == (re.fullmatch(pattern, tag) is not None)


@given(TAGS)
def test_verdicts_are_total_and_warn_or_refuse(tag: str) -> None:
    warns = parse({"templates": TEMPLATES})
    refuses = parse({"templates": TEMPLATES, "mode": "refuse"})
    told = warning(warns, APP, Tag(tag))
    fault = refusal(refuses, APP, Tag(tag))
    assert refusal(warns, APP, Tag(tag)) is None
    assert warning(refuses, APP, Tag(tag)) is None
    assert (told is None) == (fault is None)
    assert (told is None) == any(template.fits(tag) for template in warns.templates)
    assert fault is None or fault.message == told


def test_the_verdict_says_what_would_be_right() -> None:
    fault = refusal(parse({"templates": TEMPLATES[:1], "mode": "refuse"}), APP, Tag("1.2"))
    assert fault is not None
    assert fault.code is Code.TAG_INVALID
    assert fault.message == (
        "tag '1.2' does not follow v<major>.<minor>.<patch> in team/app: use one like v1.2.3"
    )
    assert fault.detail == {"tag": "1.2", "templates": TEMPLATES[:1]}


def test_exempt_are_system_tags_aliases_and_other_repositories() -> None:
    naming = parse({"templates": ["v<version>"], "repositories": "app"})
    aliases = Aliases(minor=True, major=True, latest=True)
    assert warning(naming, APP, LATEST)
    assert warning(naming, APP, LATEST, aliases) is None
    assert warning(naming, APP, Tag("1.2"), aliases) is None
    assert warning(naming, APP, Tag("stable"), aliases)
    assert warning(naming, APP, Tag(f"sha256-{'a' * 64}.sig")) is None
    assert warning(naming, RepositoryName("team/other"), LATEST) is None
    assert warning(None, APP, LATEST) is None
    assert refusal(None, APP, LATEST) is None


def test_a_tag_of_full_length_is_told_at_once() -> None:
    template = compile_template("<branch><branch><branch><branch><branch><branch>x")
    assert not template.fits("a" * TAG_LENGTH_MAX)
    assert template.fits("a" * (TAG_LENGTH_MAX - 1) + "x")
    assert not template.fits("a" * TAG_LENGTH_MAX + "x")


def test_latest_in_production_is_warned_of() -> None:
    told = latest_warning("production", APP, LATEST)
    assert told is not None
    assert told.startswith("team/app:latest is in a production project")
    assert latest_warning("production", APP, Tag("v1")) is None
    assert latest_warning("test", APP, LATEST) is None


def test_the_documents() -> None:
    naming = parse({"templates": ["<env>"], "mode": "refuse", "environments": ["qa"]})
    assert naming.mode is Mode.REFUSE
    assert naming.templates[0].environments == ("qa",)
    assert parse_environment({"environment": "production"}) == "production"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"templates": []},
        {"templates": [""]},
        {"templates": ["<what>"]},
        {"templates": ["v <major>"]},
        {"templates": ["-<major>"]},
        {"templates": ["<major>0"]},
        {"templates": ["<major"]},
        {"templates": ["x" * (TAG_LENGTH_MAX + 1)]},
        {"templates": ["v"] * (TEMPLATES_MAX + 1)},
        {"templates": ["v"], "mode": "maybe"},
        {"templates": ["v"], "environments": ["a b"]},
        {"templates": ["v"], "environments": ["a"] * 33},
        {"templates": ["v"], "repositories": "{"},
        {"templates": ["v"], "other": 1},
    ],
)
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(Fault) as caught:
        parse(document)
    assert caught.value.code is Code.REQUEST_INVALID


def test_an_environment_is_a_word() -> None:
    for bad in ({}, {"environment": ""}, {"environment": "a b"}, "production"):
        with pytest.raises(Fault, match="environment"):
            parse_environment(bad)
