"""The schema's revisions, and which may run while older code serves.

A *pre* revision only adds what older code does not look at: the first new replica runs it while
older ones go on. A *post* one removes what newer code does without: it waits until no replica is
older than its floor. ADR 0024 has the rules; a file embedded in one process runs all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .prepare import REVISIONS, CatalogUnusable


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema.

    `floor` makes it a post one: code of that revision, and newer, does without what it removes.
    One that `is_concurrent` runs in no transaction (CREATE INDEX CONCURRENTLY): each statement of
    it may be run twice. `texts` are its statements, where Alembic does not have them.
    """

    name: str
    floor: str = ""
    is_concurrent: bool = False
    texts: tuple[str, ...] = ()

    @property
    def is_post(self) -> bool:
        return bool(self.floor)


CHAIN = tuple(Revision(name) for name in REVISIONS)


@dataclass(frozen=True, slots=True)
class State:
    """Where a database is: its revision, and the oldest code that may use it ("" for any)."""

    revision: str
    floor: str


def pending(state: State, chain: Sequence[Revision], *, with_post: bool) -> tuple[Revision, ...]:
    """Return what is to be run, in order; post ones at the end of it only `with_post`.

    Nothing, if newer code has gone on from `chain` and left the database usable for this one.
    Raises `CatalogUnusable` if it did not.
    """
    names = [revision.name for revision in chain]
    if state.revision not in names:
        if state.floor in ("", *names):
            return ()
        raise CatalogUnusable(
            f"the catalog has schema {state.revision}, which this version of Entrepot does not "
            f"know (its own is {names[-1]}): run the version that last used it, or a newer one"
        )
    left = list(chain[names.index(state.revision) + 1 :])
    while left and left[-1].is_post and not with_post:
        left.pop()
    return tuple(left)


def floor_of(chain: Sequence[Revision]) -> str:
    """Return the floor of a database at the end of the chain."""
    return next((revision.floor for revision in reversed(chain) if revision.floor), "")
