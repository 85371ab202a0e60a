"""Naming: which tags a project wants, by templates as `v<major>.<minor>`.

A tag is right if any template fits. Time to match is linear in the tag, whatever the templates.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import TAG_LENGTH_MAX, Tag

from .aliases import LATEST, OFF, Aliases
from .documents import read, refused
from .fields import EXAMPLES, after_field, after_literal
from .selectors import check_pattern, matches

TEMPLATES_MAX = 32
"""Most templates of one policy."""
ENVIRONMENTS_MAX = 32
"""Most environments of one policy."""
EXAMPLES_SHOWN_MAX = 3
PRODUCTION = "production"
_WHAT = "naming"

_PART = re.compile(r"<([a-z]+)>|([A-Za-z0-9._-]+)")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,40}")


class Mode(StrEnum):
    """What becomes of a tag that no template fits."""

    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Template:
    """One template, compiled: parts are (field, "") or ("", literal text)."""

    text: str
    parts: tuple[tuple[str, str], ...]
    environments: tuple[str, ...] = ()

    def fits(self, tag: str) -> bool:
        """Whether the whole tag can be read so; False for what is longer than a tag."""
        if len(tag) > TAG_LENGTH_MAX:
            return False
        places = {0}
        for field, literal in self.parts:
            if literal:
                places = after_literal(tag, places, literal)
            else:
                places = after_field(tag, places, field, self.environments)
        return len(tag) in places

    @property
    def example(self) -> str:
        """A tag that fits."""
        samples = {**EXAMPLES, "env": next(iter(self.environments), EXAMPLES["env"])}
        return "".join(literal or samples[field] for field, literal in self.parts)


@dataclass(frozen=True, slots=True)
class Naming:
    """A project's naming rules; `repositories` is a pattern of paths below the project."""

    templates: tuple[Template, ...]
    mode: Mode = Mode.WARN
    repositories: str = "**"

    def objection(self, repository: RepositoryName, tag: Tag, aliases: Aliases = OFF) -> str | None:
        """Return what is wrong with the tag's name, as a sentence with its cure, or None.

        Exempt are tags that clients made to hang something on a digest, and moving aliases.
        """
        if tag.is_system or aliases.has(tag):
            return None
        if not matches(self.repositories, repository.partition("/")[2]):
            return None
        if any(template.fits(tag) for template in self.templates):
            return None
        rules = " or ".join(template.text for template in self.templates[:EXAMPLES_SHOWN_MAX])
        likes = " or ".join(template.example for template in self.templates[:EXAMPLES_SHOWN_MAX])
        return f"tag '{tag}' does not follow {rules} in {repository.wire}: use one like {likes}"


def refusal(
    naming: Naming | None, repository: RepositoryName, tag: Tag, aliases: Aliases = OFF
) -> Fault | None:
    """Return why the tag may not be set, or None; always None where the rules only warn."""
    if naming is None or naming.mode is not Mode.REFUSE:
        return None
    objection = naming.objection(repository, tag, aliases)
    if objection is None:
        return None
    templates = [template.text for template in naming.templates]
    return Fault(Code.TAG_INVALID, objection, {"tag": tag, "templates": templates})


def warning(
    naming: Naming | None, repository: RepositoryName, tag: Tag, aliases: Aliases = OFF
) -> str | None:
    """Return what to tell one who set the tag, or None; always None where the rules refuse."""
    if naming is None or naming.mode is not Mode.WARN:
        return None
    return naming.objection(repository, tag, aliases)


def latest_warning(environment: str, repository: RepositoryName, tag: Tag) -> str | None:
    """Return what to tell one who pushes or pulls `latest` in a production project, or None."""
    if environment != PRODUCTION or tag != LATEST:
        return None
    return (
        f"{repository.wire}:{tag} is in a production project, where '{tag}' does not say what "
        "runs: use a version or a digest"
    )


def compile_template(text: str, environments: tuple[str, ...] = ()) -> Template:
    """Return the template, or raise `Fault(REQUEST_INVALID)`; no environments are any word."""
    shown = text[:TAG_LENGTH_MAX]
    if len(text) > TAG_LENGTH_MAX:
        raise refused(_WHAT, f"template '{shown}…' is longer than {TAG_LENGTH_MAX} characters")
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (found[1] and found[1] not in EXAMPLES):
            fields = " ".join(f"<{name}>" for name in EXAMPLES)
            raise refused(
                _WHAT,
                f"template '{shown}' cannot be read from character {at + 1} on: "
                f"use letters, digits, . _ - and {fields}",
            )
        parts.append((found[1] or "", found[2] or ""))
        at = found.end()
    template = Template(text, tuple(parts), environments)
    try:
        possible = template.fits(Tag.parse(template.example))
    except Fault:
        possible = False
    if not possible:
        raise refused(
            _WHAT, f"no tag can follow template '{shown}': put . _ or - between fields and text"
        )
    return template


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    templates: list[str]
    mode: Literal["warn", "refuse"] = "warn"
    repositories: str = "**"
    environments: list[str] = []


def parse(document: object) -> Naming:
    """Return the rules of `{"templates": [...], "mode": "warn" | "refuse"}`.

    `repositories`, a pattern, and `environments`, the words of `<env>`, may be left out.
    `Fault(REQUEST_INVALID)` for what cannot be used.
    """
    given = read(document, _Document, _WHAT)
    if not 0 < len(given.templates) <= TEMPLATES_MAX:
        raise refused(_WHAT, f"it needs one to {TEMPLATES_MAX} templates, as v<version>")
    if len(given.environments) > ENVIRONMENTS_MAX:
        raise refused(_WHAT, f"it may have {ENVIRONMENTS_MAX} environments")
    for word in given.environments:
        if not _WORD.fullmatch(word):
            raise refused(
                _WHAT, f"'{word[:40]}' is no environment: use up to 40 letters, digits, . _ and -"
            )
    check_pattern(given.repositories)
    environments = tuple(given.environments)
    templates = tuple(compile_template(text, environments) for text in given.templates)
    return Naming(templates, Mode(given.mode), given.repositories)


class _Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    environment: str


def parse_environment(document: object) -> str:
    """Return the environment of `{"environment": "production"}`, a word of the user's own."""
    given = read(document, _Environment, "environment").environment
    if not _WORD.fullmatch(given):
        raise refused("environment", "use up to 40 letters, digits, . _ and -, as production")
    return given
