"""The events that the made pushes would have left in the outbox."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from entrepot.services.context import Caller
from entrepot.services.events import MANIFEST_PUBLISHED, POLICY_CHANGED, payload

from .pushes import CLIENT, Repository

_MANIFESTS = "SELECT repository_id, digest, media_type, size, pushed_at FROM manifests ORDER BY id"
_MOVES = "SELECT repository_id, after, tag FROM tag_history ORDER BY id"
_POLICIES = "SELECT project, kind, document, changed_at, changed_by FROM policies"
_APPEND = "INSERT INTO outbox (kind, repository, payload, at) VALUES (?, ?, ?, ?)"

_Row = tuple[str, str, str, float]


def write_events(raw: sqlite3.Connection, repositories: Mapping[int, Repository]) -> None:
    """Write one event for each manifest, with its tags, and one for each policy."""
    raw.executemany(_APPEND, _policies(raw))
    raw.executemany(_APPEND, _pushes(raw, repositories))


def _policies(raw: sqlite3.Connection) -> Iterator[_Row]:
    for project, kind, document, at, actor in raw.execute(_POLICIES):
        facts = payload(Caller(actor, CLIENT), project=project, kind=kind, document=document)
        yield POLICY_CHANGED, project, facts, at


def _pushes(raw: sqlite3.Connection, repositories: Mapping[int, Repository]) -> Iterator[_Row]:
    moves: Iterable[tuple[int, str, str]] = raw.execute(_MOVES)
    # Moves of one push lie together, and pushes in both tables in the order of time.
    tagged = ((key, [tag for *_, tag in own]) for key, own in groupby(moves, lambda m: m[:2]))
    following = next(tagged, None)
    for repository_id, digest, media_type, size, at in raw.execute(_MANIFESTS):
        tags: list[str] = []
        if following and following[0] == (repository_id, digest):
            tags = following[1]
            following = next(tagged, None)
        one = repositories[repository_id]
        caller = Caller(one.actor, CLIENT)
        facts = payload(caller, digest=digest, mediaType=media_type, size=size, tags=tags)
        yield MANIFEST_PUBLISHED, one.name, facts, at
