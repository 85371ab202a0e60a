"""What has to be done so that there is what was declared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .items import Fields, Item, Kind, Wanted

_ORDER = {kind: index for index, kind in enumerate(Kind)}


class Verb(StrEnum):
    """What is done with an item."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """A field that becomes another; `before` is None where there was none."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; for `add`, `changes` are all fields."""

    verb: Verb
    item: Item
    changes: tuple[Change, ...] = ()
    place: str = ""
    """Where the document says so, as `$.projects[0]`; empty for what is pruned."""

    @property
    def fields(self) -> dict[str, Any]:
        """What is said of the item that shall be different."""
        return {change.field: change.after for change in self.changes}


def difference(present: Mapping[Item, Fields], wanted: Wanted, *, prune: bool) -> list[Step]:
    """Return the steps from what is there to what is wanted, in an order that can be done.

    What the document does not mention stays, unless `prune` is asked for: then what else is in a
    list that the document gives goes. Nothing is to be done exactly when the list is empty.
    """
    steps = [*_made(present, wanted)]
    steps.sort(key=lambda step: (_ORDER[step.item.kind], step.item.project, step.item.name))
    if prune:
        gone = [*_pruned(present, wanted)]
        # What depends on others goes first.
        gone.sort(key=lambda step: (-_ORDER[step.item.kind], step.item.project, step.item.name))
        # Removed before made: a member's other role, a name that is free again.
        steps = [*gone, *steps]
    return steps


def _made(present: Mapping[Item, Fields], wanted: Wanted) -> Iterator[Step]:
    for item, fields in wanted.items.items():
        place = wanted.places.get(item, "")
        there = present.get(item)
        if there is None:
            changes = tuple(Change(name, None, value) for name, value in fields.items())
            yield Step(Verb.ADD, item, changes, place)
            continue
        changes = tuple(
            Change(name, there.get(name), value)
            for name, value in fields.items()
            if there.get(name) != value
        )
        if changes:
            yield Step(Verb.CHANGE, item, changes, place)


def _pruned(present: Mapping[Item, Fields], wanted: Wanted) -> Iterator[Step]:
    kept_projects = {item.name for item in wanted.items if item.kind is Kind.PROJECT}
    for item, fields in present.items():
        if item in wanted.items or not _is_covered(item, wanted, kept_projects):
            continue
        changes = tuple(Change(name, value, None) for name, value in fields.items())
        yield Step(Verb.REMOVE, item, changes)


def _is_covered(item: Item, wanted: Wanted, projects: set[str]) -> bool:
    """Whether the document says what there is of this kind, so that others may go."""
    if item.kind is Kind.POLICY:
        # One key, one policy: a project that is written down has those that it names.
        return item.project in projects
    return (item.kind, item.project) in wanted.whole
