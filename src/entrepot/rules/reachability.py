"""Reachability: what a deletion would really free, and what a purge leaves behind."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from entrepot.oci.digest import Digest

Holder = TypeVar("Holder")


class Reason(StrEnum):
    """Why the bytes of a digest would go, or stay."""

    UNIQUE = "nothing else holds it"
    SHARED = "other manifests hold it"
    TRASH = "the trash holds it until its entries are purged"


@dataclass(frozen=True, slots=True)
class Target:
    """A digest that the set to be deleted holds, manifests' own bytes included.

    `inside` and `outside` count the live manifests in and out of the set that hold it, in all
    repositories; `trashed` the entries of the trash.
    """

    digest: Digest
    size: int
    inside: int = 1
    outside: int = 0
    trashed: int = 0

    @property
    def reason(self) -> Reason:
        if self.outside:
            return Reason.SHARED
        return Reason.TRASH if self.trashed else Reason.UNIQUE


@dataclass(frozen=True, slots=True)
class Freed:
    """What a deletion comes to once it is purged; each digest counts once."""

    unique_bytes: int
    shared_bytes: int
    targets: tuple[Target, ...]
    """By digest; each one's `reason` says to which sum it belongs."""


def freed(targets: Iterable[Target]) -> Freed:
    """Return what deleting the set that holds `targets` would free.

    A digest may come more than once, as when facts are gathered page by page: it counts once, with
    the most holders outside that any page saw.
    """
    distinct: dict[Digest, Target] = {}
    for target in targets:
        seen = distinct.get(target.digest)
        distinct[target.digest] = target if seen is None else _merged(seen, target)
    found = tuple(distinct[digest] for digest in sorted(distinct))
    unique = sum(target.size for target in found if target.reason is Reason.UNIQUE)
    return Freed(unique, sum(target.size for target in found) - unique, found)


def targets_of(
    holders: Mapping[Digest, Collection[Holder]],
    sizes: Mapping[Digest, int],
    deleting: Collection[Holder],
) -> tuple[Target, ...]:
    """Return the facts on each digest that `deleting` holds, from who holds what.

    A holder is a manifest in a repository, as any hashable value.
    """
    going = frozenset(deleting)
    found = []
    for digest, by in holders.items():
        inside = len(going.intersection(by))
        if inside:
            outside = len(frozenset(by)) - inside
            found.append(Target(digest, sizes[digest], inside, outside))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A manifest that a purged one of its repository named, or that named it as its subject.

    `parents` are the indexes that name it, purged ones included, and so are those in the trash, as
    they may be restored. `subject_there` says whether its subject, where it has one, is live or in
    the trash.
    """

    digest: Digest
    tagged: bool = False
    parents: frozenset[Digest] = frozenset()
    subject: Digest | None = None
    subject_there: bool = False


class Leftover(StrEnum):
    """Why a manifest is left behind."""

    CHILD = "no other index names it and it has no tag"
    REFERRER = "its subject is gone and it has no tag"


def left_behind(
    purged: Collection[Digest], neighbours: Iterable[Neighbour]
) -> dict[Digest, Leftover]:
    """Return which neighbours nothing needs once `purged` are gone, each with the reason.

    Left alone is what has a tag, what another index names, what hangs on a subject that is there,
    and what the purged had nothing to do with, as a manifest that was pushed by digest only.
    """
    gone = frozenset(purged)
    left = {}
    for neighbour in neighbours:
        subject_there = neighbour.subject_there and neighbour.subject not in gone
        needed = neighbour.tagged or bool(neighbour.parents - gone) or subject_there
        if needed or neighbour.digest in gone:
            continue
        if neighbour.subject in gone:
            left[neighbour.digest] = Leftover.REFERRER
        elif neighbour.parents:
            left[neighbour.digest] = Leftover.CHILD
    return left


def _merged(one: Target, two: Target) -> Target:
    return Target(
        one.digest,
        max(one.size, two.size),
        max(one.inside, two.inside),
        max(one.outside, two.outside),
        max(one.trashed, two.trashed),
    )
