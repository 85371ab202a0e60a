"""Settings of the registry that change while it runs."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.sitesettings import Setting
from entrepot.services.quotas import QuotaService
from entrepot.services.sitesettings import SiteService
from tests.services.granting import ALICE, ROOT, Ground, open_ground
from tests.services.house import HandClock

NEW = Target.of(RepositoryName("new/app"))


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        yield made


@pytest.fixture
def site(ground: Ground) -> SiteService:
    return SiteService(ground.catalog, ground.people.clock)


async def refused(doing: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value
    return caught.value.message


async def test_set_shown_and_reset(ground: Ground, site: SiteService) -> None:
    assert [one.name.value for one in await site.all()] == [
        "audit_keep_days",
        "banner",
        "project_bytes",
        "project_creation",
    ]
    assert await site.banner() == ""
    told = await site.put("banner", "Back at noon", ROOT)
    assert (told.value, told.changed_by, told.fixed_by) == ("Back at noon", "root", "")
    assert await site.put("banner", "Back at noon", ALICE) == told
    assert await site.find("banner") == told
    assert await site.banner() == "Back at noon"
    await site.reset("banner", ROOT)
    await site.reset("banner", ROOT)
    assert (await site.find("banner")).changed_at is None
    assert await ground.log() == ["root site.changed banner", "root site.reset banner"]


async def test_what_is_refused(site: SiteService) -> None:
    await refused(site.find("none"), Code.NOT_FOUND)
    await refused(site.put("none", 1, ROOT), Code.NOT_FOUND)
    await refused(site.reset("none", ROOT), Code.NOT_FOUND)
    await refused(site.put("banner", 1, ROOT), Code.REQUEST_INVALID)


async def test_what_the_settings_file_says_stays(ground: Ground) -> None:
    site = SiteService(ground.catalog, HandClock(), fixed={Setting.PROJECT_BYTES: 5})
    found = await site.find("project_bytes")
    assert (found.value, found.fixed_by) == (5, "quota.project_bytes")
    for doing in (site.put("project_bytes", 7, ROOT), site.reset("project_bytes", ROOT)):
        assert "quota.project_bytes" in await refused(doing, Code.CONFLICT)


async def test_a_new_project_gets_the_limit(ground: Ground, site: SiteService) -> None:
    quotas = QuotaService(ground.catalog, ground.people.clock)
    assert (await quotas.find(KIND_PROJECT, "acme")).limit_bytes is None
    await site.put("project_bytes", 700, ROOT)
    assert (await quotas.find(KIND_PROJECT, "acme")).limit_bytes == 700
    assert (await quotas.room(RepositoryName("acme/app"), ALICE.caller)).left_bytes == 700
    async with ground.catalog.begin(write=True) as tx:
        await quotas.prepare(tx, await quotas.owners(tx, "acme", "alice"), "alice")
    await site.put("project_bytes", 900, ROOT)
    assert (await quotas.find(KIND_PROJECT, "acme")).limit_bytes == 700
    fixed = QuotaService(ground.catalog, ground.people.clock, project_bytes=5)
    assert (await fixed.find(KIND_PROJECT, "other")).limit_bytes == 5


@pytest.mark.parametrize(
    "role, makes, pushes",
    [
        (Role.ADMIN, True, True),
        (Role.MAINTAINER, False, False),
        (Role.DEVELOPER, False, False),
        (Role.USER, False, False),
    ],
)
async def test_only_administrators_make_projects(
    ground: Ground, site: SiteService, role: Role, *, makes: bool, pushes: bool
) -> None:
    access, who = ground.people.access, Identity("carol", role, kind=Kind.USER)
    assert await access.permits(who, Permission.PROJECT_CREATE, REGISTRY)
    assert await access.permits(who, Permission.PUSH, NEW)
    await site.put("project_creation", "admins", ROOT)
    assert await access.permits(who, Permission.PROJECT_CREATE, REGISTRY) is makes
    assert await access.permits(who, Permission.PUSH, NEW) is pushes
    told = await access.explain(who, Permission.PUSH, NEW)
    assert told.allowed is pushes
    verdict = await access.verdict(who, Permission.PUSH, NEW)
    assert pushes or "make it" in verdict.reason
    await site.put("project_creation", "everyone", ROOT)
    assert await access.permits(who, Permission.PUSH, NEW)


async def test_whom_an_administrator_lets_make_projects_still_does(
    ground: Ground, site: SiteService
) -> None:
    await ground.roles.put("founder", ("project.create",), "", ROOT)
    await ground.give("bob", "founder", "*")
    await site.put("project_creation", "admins", ROOT)
    assert await ground.may("bob", Permission.PUSH, "new/app")
    assert not await ground.may("alice", Permission.PUSH, "new/app")
