"""The history of tags in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.history import Fact, Move, Standing

from . import sql
from .connection import Connection, Row


class SqlHistory:
    """Keeps `ports.history.History`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fact(self, repository_id: int, tag: Tag, moment: float) -> Fact | None:
        values = {"repository_id": repository_id, "tag": tag, "moment": moment}
        row = await self._connection.row(sql.HISTORY_FACT, values)
        return _fact(row) if row else None

    async def facts(self, repository_id: int, moment: float, after: str, limit: int) -> list[Fact]:
        values = {
            "repository_id": repository_id,
            "moment": moment,
            "after": after,
            "limit": limit,
        }
        rows = await self._connection.rows(sql.HISTORY_FACTS, values)
        # No order is promised of rows that came out of a recursion.
        return sorted((_fact(row) for row in rows), key=lambda fact: fact.tag)

    async def moves(
        self, repository_id: int, tag: Tag | None, before: int, limit: int
    ) -> list[Move]:
        values = {"repository_id": repository_id, "tag": tag, "before": before, "limit": limit}
        statement = sql.HISTORY_OF_REPOSITORY if tag is None else sql.HISTORY_OF_TAG
        return [_move(row) for row in await self._connection.rows(statement, values)]

    async def newest(self) -> int:
        row = await self._connection.row(sql.HISTORY_NEWEST, {})
        return row[0] or 0 if row else 0

    async def repositories(
        self, project: str | None, after: str, limit: int
    ) -> list[RepositoryName]:
        # No name begins with a character as high as the tilde.
        first, end = ("", "~") if project is None else (f"{project}/", f"{project}0")
        values = {"after": max(after, first), "end": end, "limit": limit}
        rows = await self._connection.rows(sql.HISTORY_REPOSITORIES, values)
        return [RepositoryName(row[0]) for row in rows]


def _digest(text: str | None) -> Digest | None:
    return None if text is None else Digest(text)


def _fact(row: Row) -> Fact:
    tag, then, standing, current, newest, since = row
    return Fact(Tag(tag), _digest(then), Standing(standing), _digest(current), newest, since)


def _move(row: Row) -> Move:
    number, tag, before, after, *rest = row
    return Move(number, Tag(tag), _digest(before), _digest(after), *rest)
