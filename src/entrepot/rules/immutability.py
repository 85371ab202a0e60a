"""Immutability: which tags may neither move nor go (I8).

The rules are Harbor's, and kinder in two points: a push of the same digest is harmless and passes,
and tags that clients made to hang something on a digest (`sha256-<hex>.sig`) are exempt, as cosign
rewrites them. A tag that is not there yet may always be set.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

from .documents import read, refused
from .selectors import check_pattern, matches

RULES_MAX = 15
"""Most rules of one project, as in Harbor."""
_WHAT = "immutability"


@dataclass(frozen=True, slots=True)
class Rule:
    """Patterns as in `rules.selectors`; repositories by their path below the project."""

    repositories: str = "**"
    tags: str = "**"
    repositories_excluded: bool = False
    tags_excluded: bool = False
    disabled: bool = False

    def covers(self, repository: RepositoryName, tag: Tag) -> bool:
        """Whether the rule, where enabled, is about the tag."""
        if self.disabled or tag.is_system:
            return False
        path = repository.partition("/")[2]
        return (
            matches(self.repositories, path) != self.repositories_excluded
            and matches(self.tags, tag) != self.tags_excluded
        )


def protects(rules: Iterable[Rule], repository: RepositoryName, tag: Tag) -> Rule | None:
    """Return the first rule that makes the tag immutable once it is set, or None."""
    return next((rule for rule in rules if rule.covers(repository, tag)), None)


def refusal(
    rules: Iterable[Rule],
    repository: RepositoryName,
    tag: Tag,
    *,
    current: Digest | None,
    new: Digest | None,
) -> Fault | None:
    """Return why the tag may not go from `current` to `new`, or None; None is 'no tag'."""
    if current is None or current == new:
        return None
    rule = protects(rules, repository, tag)
    if rule is None:
        return None
    cure = "push under another tag" if new is not None else "keep it"
    return Fault(
        Code.PRECONDITION,
        # Harbor's words, which scripts look for.
        f"Failed to process request due to '{repository.wire}:{tag}' configured as immutable: "
        f"{cure}, or have the project's immutability rule for tags {_shown(rule)} changed",
        {"repository": repository, "tag": tag, "digest": current, "rule": document([rule])[0]},
    )


def deletion_refusal(
    rules: Sequence[Rule], repository: RepositoryName, tags: Iterable[Tag], digest: Digest
) -> Fault | None:
    """Return why a manifest that has `tags` may not be deleted, or None."""
    refusals = (
        refusal(rules, repository, tag, current=digest, new=None) for tag in sorted(set(tags))
    )
    return next((fault for fault in refusals if fault is not None), None)


def _shown(rule: Rule) -> str:
    return f"{'other than ' if rule.tags_excluded else ''}'{rule.tags or '**'}'"


class _Short(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    repository: str = "**"
    tag: str = "**"
    repository_excluded: bool = False
    tag_excluded: bool = False
    disabled: bool = False


class _Repositories(msgspec.Struct, frozen=True):
    pattern: str
    decoration: Literal["repoMatches", "repoExcludes"] = "repoMatches"
    kind: Literal["doublestar"] = "doublestar"


class _Tags(msgspec.Struct, frozen=True):
    pattern: str
    decoration: Literal["matches", "excludes"] = "matches"
    kind: Literal["doublestar"] = "doublestar"


class _Scope(msgspec.Struct, frozen=True):
    repository: list[_Repositories] = []


class _Harbor(msgspec.Struct, frozen=True):
    """Harbor's ImmutableRule; only the first selector of each kind counts, as there."""

    tag_selectors: list[_Tags] = []
    scope_selectors: _Scope = _Scope()
    disabled: bool = False


def parse(document: object) -> tuple[Rule, ...]:
    """Return the rules of a policy document, or raise `Fault(REQUEST_INVALID)`.

    It is a list; each entry is short, `{"repository": "**", "tag": "v*"}`, or Harbor's.
    """
    entries = read(document, list[dict[str, Any]], _WHAT)
    if len(entries) > RULES_MAX:
        raise refused(
            _WHAT, f"it has {len(entries)} rules and may have {RULES_MAX}: unite some with {{a,b}}"
        )
    return tuple(parse_rule(entry) for entry in entries)


def parse_rule(entry: object) -> Rule:
    """Return one rule, from its short form or Harbor's, or raise `Fault(REQUEST_INVALID)`."""
    if isinstance(entry, dict) and ("tag_selectors" in entry or "scope_selectors" in entry):
        rule = _from_harbor(read(entry, _Harbor, _WHAT))
    else:
        short = read(entry, _Short, _WHAT)
        rule = Rule(
            short.repository,
            short.tag,
            short.repository_excluded,
            short.tag_excluded,
            short.disabled,
        )
    check_pattern(rule.repositories)
    check_pattern(rule.tags)
    return rule


def _from_harbor(given: _Harbor) -> Rule:
    repository = next(iter(given.scope_selectors.repository), _Repositories("**"))
    tag = next(iter(given.tag_selectors), _Tags("**"))
    return Rule(
        repository.pattern,
        tag.pattern,
        repository.decoration == "repoExcludes",
        tag.decoration == "excludes",
        given.disabled,
    )


def document(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return the rules in their short form, which `parse` reads back."""
    return [
        {
            "repository": rule.repositories,
            "tag": rule.tags,
            "repository_excluded": rule.repositories_excluded,
            "tag_excluded": rule.tags_excluded,
            "disabled": rule.disabled,
        }
        for rule in rules
    ]


def harbor_document(rule: Rule, number: int) -> dict[str, Any]:
    """Return the rule as Harbor's API shows it, under the id `number`."""
    return {
        "id": number,
        "priority": 0,
        "disabled": rule.disabled,
        "action": "immutable",
        "template": "immutable_template",
        "tag_selectors": [
            {
                "kind": "doublestar",
                "decoration": "excludes" if rule.tags_excluded else "matches",
                "pattern": rule.tags,
            }
        ],
        "scope_selectors": {
            "repository": [
                {
                    "kind": "doublestar",
                    "decoration": "repoExcludes" if rule.repositories_excluded else "repoMatches",
                    "pattern": rule.repositories,
                }
            ]
        },
    }
