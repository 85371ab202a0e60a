"""Policies of projects: documents that the rules read, asked by each push."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Schedule
from entrepot.ports.policies import PolicyRow
from entrepot.rules import aliases, immutability, naming, projectoptions
from entrepot.rules.aliases import OFF as NO_ALIASES
from entrepot.rules.aliases import Aliases
from entrepot.rules.cron import next_after
from entrepot.rules.documents import refused
from entrepot.rules.immutability import Rule as Immutable
from entrepot.rules.naming import Naming
from entrepot.rules.projectoptions import DEFAULTS as NO_OPTIONS
from entrepot.rules.projectoptions import ProjectOptions
from entrepot.rules.retention.document import RetentionDocument, parse_document

from .context import Caller
from .events import POLICY_CHANGED, POLICY_REMOVED, Change, tell
from .recently import remember

IMMUTABILITY = "immutability"
NAMING = "naming"
ALIASES = "aliases"
ENVIRONMENT = "environment"
OPTIONS = "options"
"""What images shall be like; nothing goes by it yet."""
RETENTION = "retention"

DOCUMENT_MAX_BYTES = 32 * 1024
"""Longest document, as compact JSON."""
PARSED_MAX = 256
"""Documents whose meaning is remembered."""


@dataclass(frozen=True, slots=True)
class ProjectPolicies:
    """What a project's documents say; what it has none of is off."""

    immutability: tuple[Immutable, ...] = ()
    naming: Naming | None = None
    aliases: Aliases = NO_ALIASES
    environment: str = ""
    retention: RetentionDocument | None = None
    options: ProjectOptions = NO_OPTIONS


NONE = ProjectPolicies()


KINDS: dict[str, Callable[[object], Any]] = {
    ALIASES: aliases.parse,
    ENVIRONMENT: naming.parse_environment,
    IMMUTABILITY: immutability.parse,
    NAMING: naming.parse,
    OPTIONS: projectoptions.parse,
    RETENTION: parse_document,
}
"""How each kind of document is read; each raises `Fault(REQUEST_INVALID)`."""


class PolicyService:
    """Keeps the documents, and answers what they mean for a tag."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._parsed: OrderedDict[tuple[str, str], Any] = OrderedDict()

    async def get(self, project: str, kind: str) -> PolicyRow:
        """Return one document; `Fault(NOT_FOUND)` if the project has none of the kind."""
        _check_kind(kind)
        rows = {row.kind: row for row in await self.all(project)}
        if kind not in rows:
            raise _no_policy(project, kind)
        return rows[kind]

    async def all(self, project: str) -> list[PolicyRow]:
        """Return a project's documents, by kind."""
        check_project(project)
        async with self._catalog.begin() as tx:
            return await tx.policies.of(project)

    async def many(self, projects: Sequence[str]) -> dict[str, list[PolicyRow]]:
        """Return the documents of several projects, by kind."""
        found: dict[str, list[PolicyRow]] = {name: [] for name in projects}
        async with self._catalog.begin() as tx:
            for row in await tx.policies.named([*found]):
                found[row.project].append(row)
        return found

    async def put(
        self,
        project: str,
        kind: str,
        document: object,
        caller: Caller,
        *,
        seen: str | None = None,
    ) -> PolicyRow:
        """Keep a document, a decoded JSON value, instead of what was there.

        One that says what is there already changes nothing. `Fault(REQUEST_INVALID)` names what
        the rules cannot read; CONFLICT is for a document that was made of `seen`, empty for none,
        where another text is there by now.
        """
        _check_kind(kind)
        check_project(project)
        text = encode(document).decode()
        if len(text.encode()) > DOCUMENT_MAX_BYTES:
            raise refused(kind, f"it may have {DOCUMENT_MAX_BYTES} bytes: make it shorter")
        meaning = KINDS[kind](document)
        now = self._clock.now()
        row = PolicyRow(project, kind, text, now, caller.actor)
        async with self._catalog.begin(write=True) as tx:
            for old in await tx.policies.of(project):
                if (old.kind, old.document) == (kind, text):
                    return old
            if seen is not None:
                await _check_same(tx, project, kind, seen)
            await tx.policies.put(row)
            if isinstance(meaning, RetentionDocument):
                await _schedule(tx, project, meaning.schedule, now)
            change = Change(POLICY_CHANGED, RepositoryName(project), now, f"policy:{kind}")
            await tell(tx, caller, change, {"project": project, "kind": kind, "document": text})
        return row

    async def remove(self, project: str, kind: str, caller: Caller) -> None:
        """Remove a document; `Fault(NOT_FOUND)` if there is none."""
        _check_kind(kind)
        check_project(project)
        async with self._catalog.begin(write=True) as tx:
            if not await tx.policies.remove(project, kind):
                raise _no_policy(project, kind)
            await _removed(tx, project, kind, caller, self._clock.now())

    async def of(self, tx: Tx, project: str) -> ProjectPolicies:
        """Return what a project's policies say now: one indexed read, nearly always all there is.

        What this version cannot read any more raises `Fault(REQUEST_INVALID)`: a project whose
        immutable tags are not known must not be changed.
        """
        rows = await tx.policies.of(project)
        if not rows:
            return NONE
        found = {row.kind: self._meaning(row.kind, row.document) for row in rows}
        return ProjectPolicies(
            immutability=found.get(IMMUTABILITY, ()),
            naming=found.get(NAMING),
            aliases=found.get(ALIASES, aliases.OFF),
            environment=found.get(ENVIRONMENT, ""),
            retention=found.get(RETENTION),
            options=found.get(OPTIONS, NO_OPTIONS),
        )

    async def guard(
        self,
        tx: Tx,
        name: RepositoryName,
        tag: Tag | None,
        current: Digest | None,
        new: Digest | None,
    ) -> Fault | None:
        """Return why the tag may not go from `current` to `new` (None: no tag), or None (I8).

        For all that moves tags but pushes, as a `deletion.Guard`: a manifest without a tag is free.
        """
        if tag is None or current is None or current == new:
            return None
        rules = (await self.of(tx, name.project)).immutability
        return immutability.refusal(rules, name, tag, current=current, new=new)

    def _meaning(self, kind: str, document: str) -> Any:
        known = self._parsed.get((kind, document))
        if known is None:
            parse = KINDS.get(kind)
            # A kind of a later version means nothing here.
            known = parse(msgspec.json.decode(document)) if parse is not None else ()
            remember(self._parsed, (kind, document), known, PARSED_MAX)
        return known


async def _check_same(tx: Tx, project: str, kind: str, seen: str) -> None:
    texts = {old.kind: old.document for old in await tx.policies.of(project)}
    if texts.get(kind, "") != seen:
        raise Fault(
            Code.CONFLICT,
            f"the {kind} policy of {project} was changed meanwhile: look at it and try again",
            {"project": project, "kind": kind},
        )


async def forget_policies(tx: Tx, project: str, caller: Caller, now: float) -> None:
    """Remove all documents of a project that goes: the next of its name starts without any."""
    for row in await tx.policies.of(project):
        await tx.policies.remove(project, row.kind)
        await _removed(tx, project, row.kind, caller, now)


async def _removed(tx: Tx, project: str, kind: str, caller: Caller, now: float) -> None:
    if kind == RETENTION:
        await _schedule(tx, project, "", now)
    change = Change(POLICY_REMOVED, RepositoryName(project), now, f"policy:{kind}")
    await tell(tx, caller, change, {"project": project, "kind": kind, "document": None})


async def _schedule(tx: Tx, project: str, cron: str, now: float) -> None:
    """Let the project's retention run when its policy says, or only when somebody asks."""
    name, args = f"{RETENTION}.{project}", encode({"project": project}).decode()
    if not cron:
        await tx.schedules.remove(name)
        return
    mutex, next_at = f"{RETENTION}:{project}", next_after(cron, now)
    await tx.schedules.put(
        Schedule(name, RETENTION, args, mutex, cron, enabled=True, next_at=next_at, last_at=None)
    )


def check_project(project: str) -> None:
    """Raise `Fault(NAME_INVALID)` unless a project can have this name."""
    if "/" in project or RepositoryName.parse(f"{project}/any").project != project:
        raise Fault(
            Code.NAME_INVALID,
            f"'{project[:80]}' is not a project: it is the part before the first / of a "
            "repository's name",
            {"project": project[:80]},
        )


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise Fault(
            Code.NOT_FOUND,
            f"there are no policies of kind '{kind[:40]}': the kinds are {', '.join(KINDS)}",
            {"kind": kind[:40]},
        )


def _no_policy(project: str, kind: str) -> Fault:
    return Fault(
        Code.NOT_FOUND,
        f"project {project} has no {kind} policy: list what it has, or put one",
        {"project": project, "kind": kind},
    )
