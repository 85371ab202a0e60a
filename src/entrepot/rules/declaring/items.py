"""A document as items: each one thing that there shall be, by its kind and name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from entrepot.oci.errors import Fault
from entrepot.rules.areas import project_of
from entrepot.rules.quota import parse_size
from entrepot.rules.subjects import SubjectKind

from .document import Document, MemberEntry, ProjectEntry, ReplicationEntry, misplaced

Fields = Mapping[str, Any]
"""What is said of an item; values are JSON's."""


class Kind(StrEnum):
    """Kinds of items, in the order in which they can be made."""

    ROLE = "role"
    GROUP = "group"
    REGISTRY = "registry"
    PROJECT = "project"
    LABEL = "label"
    POLICY = "policy"
    MEMBER = "member"
    WEBHOOK = "webhook"
    REPLICATION = "replication"


class Item(NamedTuple):
    """One thing: `project` is empty for what is the registry's."""

    kind: Kind
    project: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a document says: items, where each stands in it, and which lists are whole."""

    items: Mapping[Item, Fields] = field(default_factory=dict)
    places: Mapping[Item, str] = field(default_factory=dict)
    whole: frozenset[tuple[Kind, str]] = frozenset()
    """Kinds, by project, of which the document gives a list: what else there is can be pruned."""


POLICIES = ("retention", "immutability", "naming", "aliases", "options", "environment")
"""Keys of a project that are policies, by the kind's name."""


def wanted_of(document: Document) -> Wanted:
    """Return the items of a document; `Fault(REQUEST_INVALID)` names a place that is wrong."""
    made = _Made()
    for kind, key in _LISTS:
        made.add_list(kind, "", getattr(document, key), f"$.{key}")
    if document.projects is not UNSET:
        made.whole.add((Kind.PROJECT, ""))
        for index, project in enumerate(document.projects):
            _add_project(made, project, f"$.projects[{index}]")
    return Wanted(made.items, made.places, frozenset(made.whole))


_LISTS = (
    (Kind.ROLE, "roles"),
    (Kind.GROUP, "groups"),
    (Kind.REGISTRY, "registries"),
    (Kind.LABEL, "labels"),
)


class _Made:
    """Items as they are found, each once."""

    def __init__(self) -> None:
        self.items: dict[Item, Fields] = {}
        self.places: dict[Item, str] = {}
        self.whole: set[tuple[Kind, str]] = set()

    def add(self, item: Item, fields: Fields, place: str) -> None:
        if item in self.items:
            first = self.places[item].removeprefix("$.")
            raise misplaced(place, f"{item.kind} {item.name} is there already, at {first}")
        self.items[item], self.places[item] = fields, place

    def add_list(self, kind: Kind, project: str, entries: Any, place: str) -> None:
        """Add a list of entries with names, where it is given."""
        if entries is UNSET:
            return
        self.whole.add((kind, project))
        for index, entry in enumerate(entries):
            fields = _said(entry)
            name = fields.pop("name")
            for key in ("permissions", "members", "events"):
                if key in fields:
                    fields[key] = sorted(set(fields[key]))
            self.add(Item(kind, project, name), fields, f"{place}[{index}]")


def _add_project(made: _Made, entry: ProjectEntry, place: str) -> None:
    name = entry.name
    fields: dict[str, Any] = {}
    if entry.public is not UNSET:
        fields["public"] = entry.public
    if entry.networks is not UNSET:
        fields["networks"] = sorted(set(entry.networks))
    if entry.storage_limit is not UNSET:
        fields["storage_limit"] = _size(entry.storage_limit, f"{place}.storage_limit")
    made.add(Item(Kind.PROJECT, "", name), fields, place)
    for kind, document in _policies(entry):
        made.add(Item(Kind.POLICY, name, kind), {"document": document}, f"{place}.{kind}")
    made.add_list(Kind.LABEL, name, entry.labels, f"{place}.labels")
    made.add_list(Kind.WEBHOOK, name, entry.webhooks, f"{place}.webhooks")
    if entry.members is not UNSET:
        made.whole.add((Kind.MEMBER, name))
        for index, member in enumerate(entry.members):
            where = f"{place}.members[{index}]"
            made.add(*_member(name, member, where), where)
    if entry.replication is not UNSET:
        made.whole.add((Kind.REPLICATION, name))
        for index, copied in enumerate(entry.replication):
            where = f"{place}.replication[{index}]"
            made.add(*_replication(name, copied, where), where)


def _policies(entry: ProjectEntry) -> Iterator[tuple[str, Any]]:
    """Yield kinds and documents, as the policies are kept."""
    for kind in POLICIES:
        given = getattr(entry, kind)
        if given is UNSET:
            continue
        if kind == "retention":
            yield kind, _retention(given)
        elif kind == "environment":
            yield kind, {"environment": given}
        else:
            yield kind, given


def _retention(given: Any) -> dict[str, Any]:
    """Return the document of a list of lines, of lines with a schedule, or the one given whole."""
    if isinstance(given, list):
        return {"text": "\n".join(given)}
    lines = given.get("lines")
    if not isinstance(lines, list):
        return dict(given)
    rest = {key: value for key, value in given.items() if key != "lines"}
    return {"text": "\n".join(str(line) for line in lines), **rest}


def _member(project: str, entry: MemberEntry, place: str) -> tuple[Item, Fields]:
    given = {
        kind: "" if name is True else name
        for kind in ("user", "group", "everyone")
        if (name := getattr(entry, kind)) is not UNSET
    }
    if len(given) != 1:
        raise misplaced(place, "name one of user, group and everyone")
    if (entry.role is UNSET) == (entry.permissions is UNSET):
        raise misplaced(place, "give a role, or permissions")
    scope = project if entry.on is UNSET else entry.on
    if project_of(scope) != project:
        raise misplaced(f"{place}.on", f"{scope} does not lie in project {project}")
    ((kind, name),) = given.items()
    role = "" if entry.role is UNSET else entry.role
    if " " in role or " " in scope:
        raise misplaced(place, "neither roles nor patterns of repositories have spaces in them")
    permissions = [] if entry.permissions is UNSET else entry.permissions
    return member_item(project, Member(SubjectKind(kind), name, role, scope), permissions)


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a grant in a project is for, and where."""

    kind: SubjectKind
    name: str
    role: str
    """Empty where permissions are given one by one."""
    scope: str


def member_item(project: str, member: Member, permissions: Iterable[str]) -> tuple[Item, Fields]:
    """Return a grant as an item: roles of one subject in one scope stand beside each other."""
    what = member.role or "permissions"
    fields = {} if member.role else {"permissions": sorted(set(permissions))}
    text = f"{what} on {member.scope} for {member.kind.value}:{member.name}"
    return Item(Kind.MEMBER, project, text), fields


def member_of(item: Item) -> Member:
    """Return what `member_item` put into the name."""
    what, _, rest = item.name.partition(" on ")
    scope, _, who = rest.partition(" for ")
    kind, _, name = who.partition(":")
    return Member(SubjectKind(kind), name, "" if what == "permissions" else what, scope)


def _replication(project: str, entry: ReplicationEntry, place: str) -> tuple[Item, Fields]:
    fields = _said(entry)
    name = fields.pop("name")
    destination = fields.get("dest_namespace", "")
    if "registry" not in fields:
        first, _, rest = destination.partition("/")
        if not first:
            raise misplaced(place, "name the registry, or begin dest_namespace with its name")
        fields["registry"], fields["dest_namespace"] = first, rest
    return Item(Kind.REPLICATION, project, name), fields


def _said(entry: msgspec.Struct) -> dict[str, Any]:
    """Return the keys that were given, in plain JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(entry)
    return found


def _size(given: int | str | None, place: str) -> int | None:
    if given is None:
        return None
    try:
        return parse_size(str(given))
    except Fault as fault:
        raise misplaced(place, fault.message) from None
