"""Statements on the trash."""

from sqlalchemy import and_, delete, insert, or_, select

from entrepot.adapters.catalog.schema import repositories, trash, trash_holds

from .tools import Upsert, insert_all, param

_COLUMNS = [column for column in trash.columns if column.name != "raw"]
_ROW = select(*_COLUMNS, repositories.c.name).join(
    repositories, repositories.c.id == trash.c.repository_id
)

ADD = insert_all(insert, trash, "id").returning(trash.c.id)

HOLD = Upsert(
    lambda insert: insert_all(insert, trash_holds).on_conflict_do_nothing(
        index_elements=["trash_id", "target"]
    )
)

FIND = _ROW.where(trash.c.id == param("id"))

OF = _ROW.where(
    trash.c.repository_id == param("repository_id"), trash.c.digest == param("digest")
).order_by(trash.c.id.desc())

RAW = select(trash.c.raw).where(trash.c.id == param("id"))

# By id, so that a page is found at once where the entries of one operation lie side by side.
PAGE = (
    _ROW.where(
        trash.c.id > param("after"),
        or_(trash.c.repository_id == param("repository_id"), param("repository_id").is_(None)),
        or_(trash.c.batch == param("batch"), param("batch").is_(None)),
        or_(
            and_(
                repositories.c.name >= param("first_name"),
                repositories.c.name < param("last_name"),
            ),
            param("first_name").is_(None),
        ),
    )
    .order_by(trash.c.id)
    .limit(param("limit"))
)

BATCH = (
    _ROW.where(trash.c.batch == param("batch"), trash.c.id > param("after"))
    .order_by(trash.c.id)
    .limit(param("limit"))
)

DUE = (
    _ROW.where(trash.c.purge_at <= param("now"))
    .order_by(trash.c.purge_at, trash.c.id)
    .limit(param("limit"))
)

TARGETS = (
    select(trash_holds.c.target)
    .where(trash_holds.c.trash_id == param("id"))
    .order_by(trash_holds.c.target)
)

REMOVE = delete(trash).where(trash.c.id == param("id"))

HOLDS = select(trash_holds.c.trash_id).where(trash_holds.c.target == param("target")).limit(1)

HOLDERS = (
    _ROW.join(trash_holds, trash_holds.c.trash_id == trash.c.id)
    .where(
        trash_holds.c.target == param("target"),
        trash.c.repository_id == param("repository_id"),
        trash.c.digest != param("target"),
    )
    .limit(param("limit"))
)
