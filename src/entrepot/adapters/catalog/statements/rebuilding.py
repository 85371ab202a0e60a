"""Statements that make a catalog anew."""

from sqlalchemy import exists, insert, select

from entrepot.adapters.catalog.schema import blobs, edges, trash_holds

from .tools import insert_all, param

ADOPT = insert_all(insert, blobs)

UNHELD = (
    select(blobs.c.digest, blobs.c.generation, blobs.c.state, blobs.c.size, blobs.c.keep_until)
    .where(
        blobs.c.generation > param("after"),
        ~exists().where(edges.c.target == blobs.c.digest),
        ~exists().where(trash_holds.c.target == blobs.c.digest),
    )
    .order_by(blobs.c.generation)
    .limit(param("limit"))
)
