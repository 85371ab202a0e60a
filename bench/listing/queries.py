"""What is asked for: every list, search and filter, with values by chance."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.audit.__main__ import BEGIN, SECONDS
from entrepot.ports.audit import AuditQuery
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.listing import (
    ArtifactsWhere,
    By,
    GrantsWhere,
    GroupsWhere,
    JobsWhere,
    LedgersWhere,
    Named,
    ProjectsWhere,
    RepositoriesWhere,
    RobotsWhere,
    TagsWhere,
    UsersWhere,
)
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Listed, Span

from .generate import BIG, PROJECT, YEAR_SECONDS, Shape

Query = Callable[[], Awaitable[Listed[object]]]

WORDS = ("build", "main", "release", "alpine", "nightly", "login", "sha-", "v1.", "202606", "77")
"""What people search for again and again."""
CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True, slots=True)
class Asker:
    """The service, and values by chance."""

    lists: ListingService
    shape: Shape
    chance: random.Random

    def at(self, count: int, limit: int = 10) -> int:
        return self.chance.randrange(max(1, count // limit)) * limit

    def down(self, count: int, limit: int = 10, by: By | None = None) -> Span:
        return Span(self.at(count, limit), limit, by, descending=True)

    def word(self, most: int = 100) -> Named:
        return Named(part=str(self.chance.randrange(most)))

    def known_word(self) -> Named:
        return Named(part=self.chance.choice(WORDS))

    def number(self) -> int:
        return self.chance.randrange(self.shape.big)

    def big(self, span: Span, **where: object) -> Awaitable[Listed[object]]:
        wanted = ArtifactsWhere(PROJECT, BIG, **where)  # type: ignore[arg-type]
        return self.lists.artifacts(wanted, span)


def queries(service: ListingService, shape: Shape, now: float) -> dict[str, Query]:
    """Return them by name; each call asks with other values."""
    ask = Asker(service, shape, random.Random(11))
    return {**_artifacts(ask, now), **_content(ask), **_others(ask), **_audit(ask)}


def _artifacts(ask: Asker, now: float) -> dict[str, Query]:
    first, count = Span(descending=True), ask.shape.big

    def week() -> Awaitable[Listed[object]]:
        since = now - ask.chance.random() * YEAR_SECONDS
        return ask.big(first, since=since, until=since + 7 * 86_400)

    def small() -> Awaitable[Listed[object]]:
        name = f"{PROJECT}/service-{ask.chance.randrange(ask.shape.small):03}"
        return ask.lists.artifacts(ArtifactsWhere(PROJECT, name), first)

    return {
        "artifacts, first page": lambda: ask.big(first),
        "artifacts, any page": lambda: ask.big(ask.down(count)),
        "artifacts, any page of 100": lambda: ask.big(ask.down(count, 100)),
        "artifacts by size": lambda: ask.big(ask.down(count, by=By.SIZE)),
        "artifacts with a tag": lambda: ask.big(
            first, tag=Named(f"build-{100_000 + ask.number()}")
        ),
        "artifacts, a word in tags": lambda: ask.big(first, tag=ask.known_word()),
        "artifacts, a new word in tags": lambda: ask.big(first, tag=Named(part=f"-{ask.number()}")),
        "artifacts, tagged": lambda: ask.big(ask.down(count), tagged=True),
        "artifacts, untagged": lambda: ask.big(ask.down(count // 30), tagged=False),
        "artifacts with a label": lambda: ask.big(first, labels=(ask.chance.randrange(20) + 1,)),
        "artifacts of a type": lambda: ask.big(ask.down(count // 2), types=(CONFIG,)),
        "artifacts by time": week,
        "artifacts of the project": lambda: ask.lists.artifacts(
            ArtifactsWhere(PROJECT), ask.down(2 * count)
        ),
        "artifacts of a small repository": small,
    }


def _content(ask: Asker) -> dict[str, Query]:
    lists, shape = ask.lists, ask.shape
    of_project = RepositoriesWhere(frozenset([PROJECT]))
    return {
        "repositories": lambda: lists.repositories(of_project, Span(ask.at(shape.small))),
        "repositories, last pushed first": lambda: lists.repositories(
            of_project, ask.down(shape.small, by=By.UPDATED)
        ),
        "repositories, a word": lambda: lists.repositories(
            RepositoriesWhere(None, ask.word()), Span()
        ),
        "a tag by name": lambda: lists.tags(
            TagsWhere(BIG, "", Named(f"build-{100_000 + ask.number()}")), Span()
        ),
        "tags of a repository": lambda: lists.tags(TagsWhere(BIG), Span(ask.at(50_000))),
        "tags, a word": lambda: lists.tags(TagsWhere(BIG, "", ask.known_word()), Span()),
        "jobs": lambda: lists.jobs(JobsWhere(("gc",)), ask.down(6000)),
        "quotas, fullest first": lambda: lists.ledgers(
            LedgersWhere(KIND_PROJECT), ask.down(shape.projects, by=By.USED)
        ),
    }


def _others(ask: Asker) -> dict[str, Query]:
    lists, shape = ask.lists, ask.shape
    return {
        "projects": lambda: lists.projects(ProjectsWhere(), Span(ask.at(shape.projects))),
        "projects, a word": lambda: lists.projects(ProjectsWhere(ask.word()), Span()),
        "users": lambda: lists.users(UsersWhere(), Span(ask.at(shape.users))),
        "users, a word": lambda: lists.users(UsersWhere(ask.word()), Span()),
        "groups": lambda: lists.groups(GroupsWhere(), Span(ask.at(500))),
        "robots": lambda: lists.robots(RobotsWhere(PROJECT), Span(ask.at(1000))),
        "grants": lambda: lists.grants(GrantsWhere(PROJECT), Span(ask.at(3000))),
        "grants, a word": lambda: lists.grants(GrantsWhere(PROJECT, "", ask.word()), Span()),
    }


def _audit(ask: Asker) -> dict[str, Query]:
    lists, shape, chance = ask.lists, ask.shape, ask.chance

    def page(query: AuditQuery, count: int) -> Awaitable[Listed[object]]:
        offset = chance.randrange(max(1, count // 10)) * 10
        return lists.audit(query, Span(offset, descending=True))

    def week() -> AuditQuery:
        since = BEGIN + chance.random() * shape.audit * SECONDS
        return AuditQuery(since=since, until=since + 7 * 86_400)

    return {
        "audit, first page": lambda: page(AuditQuery(), 1),
        "audit, any page": lambda: page(AuditQuery(), shape.audit),
        "audit of a robot": lambda: page(AuditQuery("robot$ci"), shape.audit // 2),
        "audit of a user": lambda: page(AuditQuery(f"user{chance.randrange(60)}"), 10),
        "audit of a project": lambda: page(AuditQuery(project="acme"), shape.audit // 3),
        "audit of an operation": lambda: page(AuditQuery(operation="tag.deleted"), 1000),
        "audit, refused": lambda: page(AuditQuery(refused=True), shape.audit // 400),
        "audit of a robot in a project": lambda: page(
            AuditQuery("robot$ci", "acme"), shape.audit // 5
        ),
        "audit of a week": lambda: page(week(), 1000),
    }
