"""Replication policies: what is copied, from where to where, and when.

A document is a JSON object: what it leaves out has the value shown.

    {"direction": "push",              from here to the remote; "pull" the other way
     "description": "",
     "filters": [{"field": "name", "value": "acme/**", "exclude": false}],
     "destination": {"namespace": "", "replaces": 1},
     "trigger": {"kind": "manual", "cron": ""},
     "override": true,                 whether tags that are there are moved
     "deletion": false,                whether what is deleted here is deleted there
     "bandwidth_bytes": 0,             in a second; 0 for no limit
     "chunked": false,                 whether large blobs are sent in chunks
     "single": false}                  whether a run waits for the one before it
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName

from .cron import next_after
from .documents import read, refused
from .pages import is_text
from .selectors import check_pattern

WHAT = "replication"
FILTERS_MAX = 16
VALUES_MAX = 32
TEXT_MAX = 1024
REPLACES_MAX = 16
BANDWIDTH_MAX_BYTES = 1 << 40


class Direction(StrEnum):
    """Which way content goes."""

    PUSH = "push"
    PULL = "pull"


class Field(StrEnum):
    """What a filter looks at."""

    NAME = "name"
    TAG = "tag"
    LABEL = "label"
    KIND = "kind"


class Trigger(StrEnum):
    """When a policy runs."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    EVENT = "event"


ARTIFACT_KINDS = ("image", "chart", "artifact")


@dataclass(frozen=True, slots=True)
class Filter:
    """Patterns of `rules.selectors` for names and tags, labels by name, or kinds of artifacts.

    What matches one of `values` is copied, or with `exclude` left out.
    """

    field: Field
    values: tuple[str, ...]
    exclude: bool = False


@dataclass(frozen=True, slots=True)
class Replication:
    """What a document says."""

    direction: Direction
    description: str
    filters: tuple[Filter, ...]
    namespace: str
    """Where it goes to; empty for where it comes from."""
    replaces: int
    """How many leading parts of a name the namespace stands for; -1 for all but the last."""
    trigger: Trigger
    cron: str
    override: bool
    deletion: bool
    bandwidth_bytes: int
    chunked: bool
    single: bool


class _Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field: Field
    value: str | list[str]
    exclude: bool = False


class _Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    namespace: str = ""
    replaces: int = 1


class _Trigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Trigger = Trigger.MANUAL
    cron: str = ""


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    direction: Direction = Direction.PUSH
    description: str = ""
    filters: list[_Filter] = []
    destination: _Destination = _Destination()
    trigger: _Trigger = _Trigger()
    override: bool = True
    deletion: bool = False
    bandwidth_bytes: int = 0
    chunked: bool = False
    single: bool = False


def parse(document: object) -> Replication:
    """Return what a decoded document says; `Fault(REQUEST_INVALID)` names what is wrong."""
    given = read(document, _Document, WHAT)
    if len(given.description) > TEXT_MAX or not is_text(given.description):
        raise refused(WHAT, f"the description has up to {TEXT_MAX} characters: make it shorter")
    if len(given.filters) > FILTERS_MAX:
        raise refused(WHAT, f"there are up to {FILTERS_MAX} filters: make it several policies")
    if not 0 <= given.bandwidth_bytes <= BANDWIDTH_MAX_BYTES:
        raise refused(WHAT, f"bandwidth_bytes is 0 to {BANDWIDTH_MAX_BYTES}: use 0 for no limit")
    _check_trigger(given)
    _check_destination(given.destination)
    return Replication(
        given.direction,
        given.description,
        tuple(_filter(one) for one in given.filters),
        given.destination.namespace,
        given.destination.replaces,
        given.trigger.kind,
        given.trigger.cron,
        given.override,
        given.deletion,
        given.bandwidth_bytes,
        given.chunked,
        given.single,
    )


def _check_trigger(given: _Document) -> None:
    kind, cron = given.trigger.kind, given.trigger.cron
    if kind is Trigger.EVENT and given.direction is Direction.PULL:
        raise refused(
            WHAT, "what happens elsewhere is not told here: pull by a schedule, or manually"
        )
    if kind is not Trigger.SCHEDULED:
        if cron:
            raise refused(WHAT, f"trigger {kind} takes no cron: leave it out, or use scheduled")
        return
    if not cron:
        raise refused(WHAT, "a scheduled trigger has a cron: write when it runs, or use manual")
    try:
        next_after(cron, 0.0)
    except Fault as fault:
        raise refused(WHAT, fault.message) from None


def _check_destination(given: _Destination) -> None:
    if not -1 <= given.replaces <= REPLACES_MAX:
        raise refused(WHAT, f"destination.replaces is 0 to {REPLACES_MAX}, or -1 for all parts")
    if given.namespace:
        try:
            RepositoryName.parse(f"{given.namespace}/any")
        except Fault:
            raise refused(
                WHAT,
                f"{given.namespace[:80]!a} cannot stand before a repository's name: use lower-case "
                "letters, digits and single . _ or -, parts joined by /",
            ) from None


def _filter(given: _Filter) -> Filter:
    values = (given.value,) if isinstance(given.value, str) else tuple(given.value)
    if not 0 < len(values) <= VALUES_MAX or not all(0 < len(one) <= TEXT_MAX for one in values):
        raise refused(WHAT, f"a filter has 1 to {VALUES_MAX} values: name what it lets through")
    if given.field in (Field.NAME, Field.TAG):
        for value in values:
            try:
                check_pattern(value)
            except Fault as fault:
                raise refused(WHAT, fault.message) from None
    if given.field is Field.KIND and not {*values} <= {*ARTIFACT_KINDS}:
        raise refused(WHAT, f"kinds of artifacts are {', '.join(ARTIFACT_KINDS)}: use those")
    return Filter(given.field, values, given.exclude)
