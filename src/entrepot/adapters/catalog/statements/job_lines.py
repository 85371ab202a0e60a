"""Statements on what jobs tell, and on what is left of them."""

from sqlalchemy import delete, insert, select

from entrepot.adapters.catalog.schema import job_lines, jobs

from .tools import insert_all, param

_ended = select(jobs.c.id).where(jobs.c.ended_at < param("ended_before"))

APPEND = insert_all(insert, job_lines, "id")

TRIM = delete(job_lines).where(
    job_lines.c.job_id == param("job_id"),
    job_lines.c.id
    <= select(job_lines.c.id)
    .where(job_lines.c.job_id == param("job_id"))
    .order_by(job_lines.c.id.desc())
    .limit(1)
    .offset(param("keep"))
    .scalar_subquery(),
)

PAGE = (
    select(job_lines.c.id, job_lines.c.at, job_lines.c.text)
    .where(job_lines.c.job_id == param("job_id"), job_lines.c.id > param("after"))
    .order_by(job_lines.c.id)
    .limit(param("limit"))
)

PRUNE_LINES = delete(job_lines).where(
    job_lines.c.id.in_(
        select(job_lines.c.id).where(job_lines.c.job_id.in_(_ended)).limit(param("limit"))
    )
)

PRUNE_JOBS = delete(jobs).where(
    jobs.c.id.in_(_ended.order_by(jobs.c.ended_at).limit(param("limit")))
)
