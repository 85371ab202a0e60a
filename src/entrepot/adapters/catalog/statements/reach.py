"""Statements on who holds what."""

from sqlalchemy import distinct, func, select

from entrepot.adapters.catalog.schema import edges, manifests, repositories
from entrepot.ports.catalog import EDGE_CHILD, EDGE_SPARSE

from .tools import constant, param

# A manifest with two edges to the same target is counted twice at most: by kind.
_holders = (
    select(edges.c.manifest_id)
    .where(edges.c.target == param("target"))
    .limit(param("limit"))
    .subquery()
)
HOLDERS = select(func.count(distinct(_holders.c.manifest_id)))

PARENTS = (
    select(manifests.c.digest)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(
        edges.c.target == param("target"),
        edges.c.repository_id == param("repository_id"),
        edges.c.kind.in_([constant(EDGE_CHILD), constant(EDGE_SPARSE)]),
    )
    .limit(param("limit"))
)

# All names of a project lie between `project/` and `project0`: that is the next character.
REPOSITORIES = (
    select(repositories.c.id, repositories.c.name)
    .where(
        repositories.c.name > param("after"),
        repositories.c.name < param("end"),
    )
    .order_by(repositories.c.name)
    .limit(param("limit"))
)
