"""Statements on where labels are."""

from sqlalchemy import and_, delete, exists, select, tuple_

from entrepot.adapters.catalog.management_schema import label_marks, labels
from entrepot.adapters.catalog.schema import manifests, trash
from entrepot.ports.trash import KIND_MANIFEST

from .tools import Upsert, constant, insert_all, param

ASKED_AT_ONCE = 100
"""Digests that one statement asks for; those that are too many are given as NULL."""

_LABEL = label_marks.c.label_id == param("label_id")
_PLACE = and_(
    label_marks.c.repository == param("repository"), label_marks.c.digest == param("digest")
)

ADD = Upsert(lambda insert: insert_all(insert, label_marks).on_conflict_do_nothing())

REMOVE = delete(label_marks).where(_LABEL, _PLACE)

OF = (
    select(label_marks.c.digest, *labels.columns)
    .join(labels, labels.c.id == label_marks.c.label_id)
    .where(
        label_marks.c.repository == param("repository"),
        label_marks.c.digest.in_([param(f"digest_{number}") for number in range(ASKED_AT_ONCE)]),
    )
)

PAGE = (
    select(label_marks.c.repository, label_marks.c.digest)
    .where(
        _LABEL,
        tuple_(label_marks.c.repository, label_marks.c.digest)
        > tuple_(param("after_repository"), param("after_digest")),
    )
    .order_by(label_marks.c.repository, label_marks.c.digest)
    .limit(param("limit"))
)

FADE = delete(label_marks).where(
    _PLACE,
    ~exists().where(
        manifests.c.digest == param("digest"), manifests.c.repository_id == param("repository_id")
    ),
    ~exists().where(
        trash.c.repository_id == param("repository_id"),
        trash.c.digest == param("digest"),
        trash.c.kind == constant(KIND_MANIFEST),
    ),
)
