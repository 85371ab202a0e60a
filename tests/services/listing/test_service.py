"""Lists by page and total; each shows at once what was changed."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.accounts import Account
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.ports.grants import GrantRow
from entrepot.ports.jobs import NewJob
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.listing import (
    TYPES_MAX,
    By,
    GrantsWhere,
    GroupsWhere,
    JobsWhere,
    LedgersWhere,
    Named,
    ProjectsWhere,
    RobotsWhere,
    TagsWhere,
    UsersWhere,
)
from entrepot.ports.people import Group
from entrepot.ports.projects import Project
from entrepot.ports.robots import Robot
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.auditing import Act, record
from entrepot.services.context import Caller
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from tests.adapters.catalog.rows import NOW, move, publish
from tests.services.listing.test_artifacts import told

ALL = Span(0, 100)


async def test_projects_people_and_machines(catalog: Catalog, listing: ListingService) -> None:
    for number in range(3):
        name = f"n{number}"
        async with catalog.begin(write=True) as tx:
            await tx.projects.add(Project(name, False, (), NOW - number, "alice"))
            await tx.accounts.add(Account(name, Role.GUEST, "", NOW, NOW))
            await tx.groups.put(Group(name, "", NOW))
            await tx.robots.add(Robot(0, name, "", "", (), True, None, NOW, "alice", NOW))
            grant = GrantRow(0, SubjectKind.USER, name, "n0", "guest", (), NOW, "alice")
            await tx.grants.add(grant)
            await tx.ledgers.ensure(KIND_PROJECT, name)
            await tx.jobs.enqueue(NewJob("gc"), NOW)
        totals = {
            (await listing.projects(ProjectsWhere(), ALL)).total,
            (await listing.users(UsersWhere(), ALL)).total,
            (await listing.groups(GroupsWhere(), ALL)).total,
            (await listing.robots(RobotsWhere(), ALL)).total,
            (await listing.grants(GrantsWhere("n0"), ALL)).total,
            (await listing.ledgers(LedgersWhere(KIND_PROJECT), ALL)).total,
            (await listing.jobs(JobsWhere(), ALL)).total,
        }
        assert totals == {number + 1}
    page = await listing.projects(ProjectsWhere(), Span(1, 1, By.CREATED))
    assert ([row.name for row in page.rows], page.total) == (["n1"], 3)
    page = await listing.projects(ProjectsWhere(), Span(0, 2, descending=True))
    assert [row.name for row in page.rows] == ["n2", "n1"]
    # What a list knows no order of is in its own.
    assert (await listing.users(UsersWhere(), Span(by=By.SIZE))).rows[0].name == "n0"
    jobs = await listing.jobs(JobsWhere(("gc",)), Span(descending=True))
    assert [row.id for row in jobs.rows] == [3, 2, 1]


async def test_tags(
    catalog: Catalog, listing: ListingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.adapters.catalog.listing_artifacts.NAMES_MAX", 4)
    name = RepositoryName("acme/api")
    async with catalog.begin(write=True) as tx:
        row = await publish(tx, name, "one")
        for number in range(6):
            point = move(f"v{number}", None, row.digest, NOW - number)
            await tx.tags.move(row.repository_id, row.id, point)
    await told(catalog)
    page = await listing.tags(TagsWhere(name), Span(1, 2))
    assert ([str(tag.name) for tag in page.rows], page.total) == (["v1", "v2"], 6)
    page = await listing.tags(TagsWhere(name), Span(0, 2, By.MOVED))
    assert [str(tag.name) for tag in page.rows] == ["v5", "v4"]
    page = await listing.tags(TagsWhere(name), Span(0, 2, descending=True))
    assert [str(tag.name) for tag in page.rows] == ["v5", "v4"]
    page = await listing.tags(TagsWhere(name, row.digest, Named("v3")), Span())
    assert ([str(tag.name) for tag in page.rows], page.total) == (["v3"], 1)
    with pytest.raises(Fault, match="sort them the other way"):
        await listing.tags(TagsWhere(name), Span(4, 2))
    assert (await listing.tags(TagsWhere(name), Span(6, 2))).rows == ()


async def test_the_audit_log(catalog: Catalog, listing: ListingService) -> None:
    async with catalog.begin(write=True) as tx:
        for number in range(3):
            await record(tx, Caller("alice"), NOW, Act("note", f"r{number}"))
    page = await listing.audit(AuditQuery("alice"), Span(0, 2, descending=True))
    assert ([line.resource for line in page.rows], page.total) == (["r2", "r1"], 3)


async def test_what_is_no_page_is_refused(listing: ListingService) -> None:
    for span in (Span(-1), Span(0, 0)):
        with pytest.raises(Fault) as refused:
            await listing.projects(ProjectsWhere(), span)
        assert refused.value.code is Code.REQUEST_INVALID
    with pytest.raises(Fault):
        await listing.jobs(JobsWhere(("x",) * (TYPES_MAX + 1)), Span())
