"""Labels, and where they are, in the catalog."""

from collections.abc import Sequence
from dataclasses import asdict

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.labels import Label, Mark

from . import sql
from .asked import asked
from .connection import Connection

ASKED_AT_ONCE = 100
"""As the statement has it."""


class SqlLabels:
    """Keeps `ports.labels.Labels`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, label: Label) -> int | None:
        made = await self._connection.row(sql.LABELS_ADD, asdict(label))
        return made[0] if made else None

    async def find(self, label_id: int) -> Label | None:
        row = await self._connection.row(sql.LABELS_FIND, {"label_id": label_id})
        return Label(*row) if row else None

    async def change(self, label: Label) -> None:
        values = {
            "label_id": label.id,
            "new_name": label.name,
            "new_description": label.description,
            "new_color": label.color,
            "new_changed_at": label.changed_at,
        }
        await self._connection.run(sql.LABELS_CHANGE, values)

    async def remove(self, label_id: int) -> bool:
        return await self._connection.run(sql.LABELS_REMOVE, {"label_id": label_id}) > 0

    async def of(self, project: str, limit: int) -> list[Label]:
        values = {"project": project, "limit": limit}
        return [Label(*row) for row in await self._connection.rows(sql.LABELS_OF, values)]


class SqlMarks:
    """Keeps `ports.labels.Marks`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, label_id: int, mark: Mark) -> bool:
        return await self._connection.run(sql.MARKS_ADD, _values(label_id, mark)) > 0

    async def remove(self, label_id: int, mark: Mark) -> bool:
        return await self._connection.run(sql.MARKS_REMOVE, _values(label_id, mark)) > 0

    async def of(
        self, repository: RepositoryName, digests: Sequence[Digest]
    ) -> dict[Digest, list[Label]]:
        found: dict[Digest, list[Label]] = {}
        for values in asked("digest", digests, ASKED_AT_ONCE):
            rows = await self._connection.rows(sql.MARKS_OF, {"repository": repository, **values})
            for digest, *label in rows:
                found.setdefault(Digest(digest), []).append(Label(*label))
        for labels in found.values():
            labels.sort(key=lambda one: (one.name, one.project))
        return found

    async def page(self, label_id: int, after: Mark | None, limit: int) -> list[Mark]:
        values = {
            "label_id": label_id,
            "after_repository": after.repository if after else "",
            "after_digest": after.digest if after else "",
            "limit": limit,
        }
        rows = await self._connection.rows(sql.MARKS_PAGE, values)
        return [Mark(RepositoryName(repository), Digest(digest)) for repository, digest in rows]

    async def clear(self, label_id: int, limit: int) -> int:
        found = await self.page(label_id, None, limit)
        await self._connection.run_many(
            sql.MARKS_REMOVE, [_values(label_id, mark) for mark in found]
        )
        return len(found)

    async def fade(self, repository_id: int, mark: Mark) -> int:
        values = {"repository": mark.repository, "digest": mark.digest}
        return await self._connection.run(
            sql.MARKS_FADE, {**values, "repository_id": repository_id}
        )


def _values(label_id: int, mark: Mark) -> dict[str, object]:
    return {"label_id": label_id, "repository": mark.repository, "digest": mark.digest}
