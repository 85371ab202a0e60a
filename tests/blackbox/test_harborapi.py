"""harborapi (PyPI), whose models check every answer: projects, people, machines."""

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Unauthorized,
    UnprocessableEntity,
)
from harborapi.models import (
    Access,
    ProjectMember,
    ProjectMetadata,
    ProjectReq,
    QuotaUpdateReq,
    ResourceList,
    RobotCreate,
    RobotPermission,
    UserEntity,
    UserGroup,
    UserProfile,
)

from tests.blackbox.harbor_site import Site, check_record, is_whole
from tests.blackbox.harbor_talk import ROOT
from tests.blackbox.harborapi_client import PASSWORD, client, new_project, new_user, number_of

GIB = 1 << 30
LIBRARY = "library"

# --- projects ------------------------------------------------------------------------------------


async def test_projects(harbor: HarborAsyncClient) -> None:
    assert not await harbor.project_exists("py-shop")
    wanted = ProjectMetadata(public="true", auto_scan="false")
    request = ProjectReq(project_name="py-shop", metadata=wanted, storage_limit=GIB)
    assert await harbor.create_project(request) == f"{ROOT}/projects/py-shop"
    assert await harbor.project_exists("py-shop")
    with pytest.raises(Conflict):
        await harbor.create_project(request)
    project = await harbor.get_project("py-shop")
    assert project.name == "py-shop"
    assert project.metadata is not None
    assert project.metadata.public == "true"
    assert project.project_id is not None
    assert (await harbor.get_project(project.project_id)).name == "py-shop"
    metadata = ProjectMetadata(public="false", severity="high", prevent_vul="true")
    await harbor.update_project("py-shop", ProjectReq(metadata=metadata))
    again = (await harbor.get_project("py-shop")).metadata
    assert again is not None
    assert (again.public, again.severity, again.prevent_vul) == ("false", "high", "true")
    summary = await harbor.get_project_summary("py-shop")
    assert summary.repo_count in (0, None)
    assert (await harbor.get_project_deletable("py-shop")).deletable
    await harbor.delete_project("py-shop")
    with pytest.raises(NotFound):
        await harbor.get_project("py-shop")
    with pytest.raises(NotFound):
        await harbor.delete_project("py-shop")


async def test_lists_of_projects(harbor: HarborAsyncClient) -> None:
    names = [f"py-list-{number:02}" for number in range(13)]
    for name in names:
        await harbor.create_project(ProjectReq(project_name=name, public=name.endswith("3")))
    # More than a page: it follows the links.
    found = await harbor.get_projects(query="name=~py-list", sort="name", page_size=5)
    assert [each.name for each in found] == names
    found = await harbor.get_projects(query="name=~py-list", sort="-name", limit=2, page_size=2)
    assert [each.name for each in found] == names[:-3:-1]
    public = await harbor.get_projects(query="name=~py-list,public=true")
    assert sorted(each.name or "" for each in public) == ["py-list-03"]
    assert [each.name for each in await harbor.get_projects(name="py-list-07")] == ["py-list-07"]
    assert not await harbor.get_projects(query="name=py-lis")
    with pytest.raises(UnprocessableEntity):
        await harbor.get_projects(page_size=101)
    with pytest.raises(PreconditionFailed):
        await harbor.delete_project(LIBRARY)
    assert not (await harbor.get_project_deletable(LIBRARY)).deletable
    for name in names:
        await harbor.delete_project(name)


async def test_metadata_of_a_project(harbor: HarborAsyncClient) -> None:
    await new_project(harbor, "py-meta")
    await harbor.set_project_metadata("py-meta", ProjectMetadata(auto_scan="true"))
    assert (await harbor.get_project_metadata("py-meta")).auto_scan == "true"
    await harbor.update_project_metadata_entry("py-meta", "auto_scan", {"auto_scan": "false"})
    assert dict(await harbor.get_project_metadata_entry("py-meta", "auto_scan")) == {
        "auto_scan": "false"
    }
    await harbor.delete_project_metadata_entry("py-meta", "auto_scan")
    assert not dict(await harbor.get_project_metadata_entry("py-meta", "auto_scan"))
    await harbor.delete_project("py-meta")


async def test_quotas(harbor: HarborAsyncClient) -> None:
    number = await new_project(harbor, "py-quota", storage_limit=GIB)
    found = await harbor.get_quotas(reference="project", reference_id=str(number))
    assert len(found) == 1
    quota = found[0]
    assert quota.id is not None
    assert quota.hard is not None
    assert quota.hard.root == {"storage": GIB}
    await harbor.update_quota(quota.id, QuotaUpdateReq(hard=ResourceList({"storage": 2 * GIB})))
    again = await harbor.get_quota(quota.id)
    assert again.hard is not None
    assert again.hard.root == {"storage": 2 * GIB}
    assert again.used is not None
    assert again.used.root == {"storage": 0}
    await harbor.delete_project("py-quota")


# --- people and machines -------------------------------------------------------------------------


async def test_users(harbor: HarborAsyncClient, site: Site) -> None:
    number = await new_user(harbor, "py-ada")
    user = await harbor.get_user(number)
    assert (user.username, user.realname, user.comment) == ("py-ada", "Py-Ada", "a test")
    assert user.email == "py-ada@example.com"
    assert not user.sysadmin_flag
    assert (await harbor.get_user_by_username("py-ada")).user_id == number
    profile = UserProfile(email="king@example.com", realname="Ada King", comment="another")
    await harbor.update_user(number, profile)
    assert (await harbor.get_user(number)).realname == "Ada King"
    found = await harbor.get_users(query="username=~py-ad", sort="username")
    assert [each.user_id for each in found] == [number]
    assert [each.username for each in await harbor.search_users_by_username("py-ada")] == ["py-ada"]
    await harbor.set_user_admin(number, True)
    assert (await harbor.get_user(number)).sysadmin_flag
    await harbor.set_user_admin(number, False)
    ada = client(site, "py-ada", PASSWORD)
    myself = await ada.get_current_user()
    assert (myself.username, myself.user_id) == ("py-ada", number)
    await ada.get_current_user_permissions(scope="/system", relative=True)
    with pytest.raises(Forbidden):
        await ada.get_users()
    await ada.set_user_password(number, f"{PASSWORD}2", PASSWORD)
    with pytest.raises(Unauthorized):
        await ada.get_current_user()
    await harbor.set_user_password(number, f"{PASSWORD}3")
    with pytest.raises(BadRequest):
        await harbor.set_user_password(number, "short")
    with pytest.raises(Conflict):
        await new_user(harbor, "py-ada")
    await harbor.delete_user(number)
    with pytest.raises(NotFound):
        await harbor.get_user(number)
    await ada.client.aclose()


async def test_groups(harbor: HarborAsyncClient) -> None:
    group = UserGroup(group_name="py-developers", group_type=3)
    number = number_of(await harbor.create_usergroup(group))
    found = await harbor.get_usergroup(number)
    assert (found.group_name, found.group_type) == ("py-developers", 3)
    assert number in [each.id for each in await harbor.get_usergroups()]
    assert [each.id for each in await harbor.search_usergroups("py-dev")] == [number]
    await harbor.update_usergroup(number, group)
    # Directories know it by its name.
    with pytest.raises(PreconditionFailed):
        await harbor.update_usergroup(number, UserGroup(group_name="py-others", group_type=3))
    await harbor.delete_usergroup(number)
    with pytest.raises(NotFound):
        await harbor.get_usergroup(number)


async def test_members(harbor: HarborAsyncClient, site: Site) -> None:
    project, user = await new_project(harbor, "py-team"), await new_user(harbor, "py-grace")
    grace = client(site, "py-grace", PASSWORD)
    with pytest.raises(Forbidden):
        await grace.get_project("py-team")
    member = ProjectMember(role_id=2, member_user=UserEntity(username="py-grace"))
    number = number_of(await harbor.add_project_member("py-team", member))
    with pytest.raises(Conflict):
        await harbor.add_project_member("py-team", member)
    found = await harbor.get_project_member(project, number)
    assert (found.entity_name, found.entity_type, found.role_id) == ("py-grace", "u", 2)
    assert (found.project_id, found.entity_id, found.role_name) == (project, user, "developer")
    assert (await grace.get_project("py-team")).current_user_role_id == 2
    await harbor.update_project_member_role("py-team", number, 1)
    assert (await harbor.get_project_member("py-team", number)).role_id == 1
    group = ProjectMember(role_id=3, member_group=UserGroup(group_name="py-guests", group_type=3))
    # Who runs a project does not make groups; an administrator does by naming one.
    with pytest.raises(NotFound):
        await grace.add_project_member("py-team", group)
    guests = number_of(await harbor.add_project_member("py-team", group))
    listed = await harbor.get_project_members("py-team")
    assert {number, guests} <= {each.id for each in listed}
    named = await harbor.get_project_members("py-team", entity_name="py-gr")
    assert [each.id for each in named] == [number]
    await harbor.remove_project_member("py-team", number)
    with pytest.raises(NotFound):
        await harbor.get_project_member("py-team", number)
    await harbor.delete_project("py-team")
    await harbor.delete_user(user)
    await grace.client.aclose()


def _permission(namespace: str, *actions: str) -> RobotPermission:
    access = [Access(resource="repository", action=action) for action in actions]
    return RobotPermission(kind="project", namespace=namespace, access=access)


async def test_robots(harbor: HarborAsyncClient, site: Site) -> None:
    await new_project(harbor, "py-robots")
    permissions = [_permission("py-robots", "pull", "push", "list")]
    request = RobotCreate(name="ci", level="project", duration=30, permissions=permissions)
    request.description = "builds"
    made = await harbor.create_robot(request)
    assert made.name == "robot$py-robots+ci"
    assert made.id is not None
    assert made.secret
    assert made.expires_at is not None
    assert made.expires_at > 0
    machine = client(site, made.name, made.secret)
    assert not await machine.get_repositories("py-robots")
    with pytest.raises(Forbidden):
        await machine.delete_project("py-robots")
    robot = await harbor.get_robot(made.id)
    assert (robot.level, robot.duration, robot.description) == ("project", 30, "builds")
    assert not robot.disable
    assert robot.permissions is not None
    assert [(one.kind, one.namespace) for one in robot.permissions] == [("project", "py-robots")]
    given = {each.action for each in robot.permissions[0].access or []}
    assert given == {"pull", "push", "list"}
    robot.description, robot.disable = "builds no more", True
    await harbor.update_robot(made.id, robot)
    assert (await harbor.get_robot(made.id)).disable
    with pytest.raises(Unauthorized):
        await machine.get_repositories("py-robots")
    robot.disable = False
    await harbor.update_robot(made.id, robot)
    # One that somebody chose is not told again.
    assert not (await harbor.refresh_robot_secret(made.id, PASSWORD)).secret
    with pytest.raises(Unauthorized):
        await machine.get_repositories("py-robots")
    machine.authenticate(made.name, PASSWORD)
    assert not await machine.get_repositories("py-robots")
    await harbor.delete_robot(made.id)
    with pytest.raises(NotFound):
        await harbor.get_robot(made.id)
    await harbor.delete_project("py-robots")
    await machine.client.aclose()


async def test_robots_of_the_registry(harbor: HarborAsyncClient) -> None:
    request = RobotCreate(name="py-all", level="system", duration=-1)
    request.permissions = [_permission("*", "pull")]
    made = await harbor.create_robot(request)
    assert made.name == "robot$py-all"
    assert made.expires_at == -1
    assert made.id is not None
    found = await harbor.get_robots(query="name=py-all")
    assert [each.id for each in found] == [made.id]
    await harbor.delete_robot(made.id)
    assert {each.resource for each in (await harbor.get_permissions()).project or []}


def test_what_is_told_of_it_is_true(site: Site, request: pytest.FixtureRequest) -> None:
    check_record(site, "harborapi", whole=is_whole(request))
