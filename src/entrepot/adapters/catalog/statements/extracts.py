"""Statements on extracts of manifests."""

from sqlalchemy import exists, select

from entrepot.adapters.catalog.management_schema import manifest_extracts
from entrepot.adapters.catalog.schema import edges, manifests
from entrepot.ports.catalog import EDGE_CHILD, EDGE_SELF

from .finding import one_of
from .tools import Upsert, constant, insert_all, param

MISSING = (
    select(manifests.c.id)
    .outerjoin(manifest_extracts, manifest_extracts.c.manifest_id == manifests.c.id)
    .where(manifests.c.id > param("after"), manifest_extracts.c.manifest_id.is_(None))
    .order_by(manifests.c.id)
    .limit(param("limit"))
)
# Indexes whose children are all here, with sizes that last; no index loses a child it has.
_to_child = edges.alias("to_child")
_child = manifests.alias("child")
_of_child = manifest_extracts.alias("of_child")
LASTING = select(manifests.c.id).where(
    one_of(manifests.c.id),
    ~exists().where(
        _to_child.c.manifest_id == manifests.c.id,
        _to_child.c.kind != constant(EDGE_SELF),
        ~exists().where(
            _to_child.c.kind == constant(EDGE_CHILD),
            _child.c.digest == _to_child.c.target,
            _child.c.repository_id == _to_child.c.repository_id,
            _of_child.c.manifest_id == _child.c.id,
            _of_child.c.size_bytes.is_not(None),
        ),
    ),
)
THERE = select(manifests.c.id).where(one_of(manifests.c.id))
ADD = Upsert(
    lambda insert: insert_all(insert, manifest_extracts).on_conflict_do_nothing(
        index_elements=["manifest_id"]
    )
)
