"""Statements on repositories' pages."""

from sqlalchemy import delete, exists, func, select

from entrepot.adapters.catalog.management_schema import repository_pages
from entrepot.adapters.catalog.schema import manifests, pulls, repositories, tags, trash

from .tools import Upsert, insert_all, param

ASKED_AT_ONCE = 100
"""Repositories that one statement asks for; those that are too many are given as NULL."""

_THIS = repository_pages.c.repository == param("repository")
_REPOSITORY = select(repositories.c.id).where(repositories.c.name == param("repository"))

FIND = select(*repository_pages.columns).where(_THIS)

PUT = Upsert(
    lambda insert: insert_all(insert, repository_pages).on_conflict_do_update(
        index_elements=["repository"],
        set_={
            name: param(name)
            for name in (
                "description",
                "readme",
                "source_url",
                "maintainers",
                "changed_at",
                "changed_by",
            )
        },
    )
)

REMOVE = delete(repository_pages).where(_THIS)

DESCRIPTIONS = select(repository_pages.c.repository, repository_pages.c.description).where(
    repository_pages.c.repository.in_(
        [param(f"repository_{number}") for number in range(ASKED_AT_ONCE)]
    )
)

FADE = delete(repository_pages).where(
    _THIS,
    ~exists().where(manifests.c.repository_id == _REPOSITORY.scalar_subquery()),
    ~exists().where(trash.c.repository_id == _REPOSITORY.scalar_subquery()),
)

IN_PROJECT = (
    select(repository_pages.c.repository)
    .where(
        repository_pages.c.repository > param("first_name"),
        repository_pages.c.repository < param("last_name"),
    )
    .order_by(repository_pages.c.repository)
    .limit(param("limit"))
)

REPOSITORIES = (
    select(repositories.c.name)
    .where(
        repositories.c.name > param("first_name"),
        repositories.c.name < param("last_name"),
        exists().where(manifests.c.repository_id == repositories.c.id),
    )
    .order_by(repositories.c.name)
    .limit(param("limit"))
)

_ARTIFACTS = (
    manifests.c.repository_id == param("repository_id"),
    manifests.c.subject.is_(None),
)
_COUNT = func.count()

COUNT_ARTIFACTS = select(_COUNT).select_from(manifests).where(*_ARTIFACTS)

COUNT_TAGS = select(_COUNT).select_from(tags).where(tags.c.repository_id == param("repository_id"))

COUNT_PULLS = select(func.sum(pulls.c.count), func.max(pulls.c.pulled_at)).where(
    pulls.c.repository_id == param("repository_id")
)

NEWEST = select(manifests.c.pushed_at).where(*_ARTIFACTS).order_by(manifests.c.id.desc()).limit(1)
