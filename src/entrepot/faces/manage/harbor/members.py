"""Members of projects: grants of a role on a whole project, to users and groups.

A member's number is that of the grant. What else is granted in a project, parts of it or single
permissions to robots and to everyone, is in our own API.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.oci.errors import Code, Fault
from entrepot.ports.grants import GrantRow
from entrepot.ports.listing import By, GrantsWhere, Named
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN
from entrepot.rules.subjects import SubjectKind
from entrepot.services.grants import Wanted
from entrepot.services.listing.spans import Span
from entrepot.services.roles import ROLES_MAX

from .answers import created, done
from .api import Call, Route
from .groupnames import name_of_dn
from .parts import Parts
from .roles import role_name, role_of
from .usergroups import UserGroup, group_named

TAG = "Members"
NAME_MAX = 256
ASKED_MAX = 16
"""Custom roles that are asked for one by one; of more all are read."""
_TYPES = {SubjectKind.USER: "u", SubjectKind.GROUP: "g"}


class UserEntity(msgspec.Struct):
    """A user, by number or name."""

    user_id: int | None = None
    username: str | None = None


class UserGroupEntity(msgspec.Struct):
    """A group, by number, name or what the directory calls it."""

    id: int | None = None
    group_name: str | None = None
    group_type: int | None = None
    ldap_group_dn: str | None = None


class ProjectMember(msgspec.Struct):
    """A member to be added: a user or a group."""

    role_id: int | None = None
    member_user: UserEntity | None = None
    member_group: UserGroupEntity | None = None


class RoleRequest(msgspec.Struct):
    """The role that a member is to have."""

    role_id: int | None = None


class ProjectMemberEntity(msgspec.Struct):
    """A member; `entity_type` is `u` or `g`."""

    entity_id: int
    entity_name: str
    entity_type: str
    id: int
    project_id: int
    role_id: int
    role_name: str


def member_routes(parts: Parts) -> list[Route]:
    """Return what is served of members."""
    grants = parts.people.grants

    async def list_all(call: Call) -> Response:
        project = (await parts.content.projects.find(call.parts["project"])).name
        where = GrantsWhere(project, name=Named(part=call.text("entityname") or ""), whole=True)
        span = Span(call.offset, call.page_size, By.ID)
        listed = await parts.content.lists.grants(where, span)
        return call.listed(await _shown(parts, project, listed.rows), listed.total)

    async def add(call: Call) -> Response:
        new = await call.fields(ProjectMember)
        project = (await parts.content.projects.find(call.parts["project"])).name
        kind, subject = await _entity(parts, call, new)
        for row in await grants.of(kind, subject):
            if row.scope == project:
                raise Fault(Code.CONFLICT, "The project member specified already exist")
        wanted = Wanted(kind, subject, project, role_name(new.role_id or 0))
        row = await grants.give(wanted, call.acting)
        number = (await parts.projects([project]))[project]
        return created(f"/projects/{number}/members/{row.id}")

    async def get(call: Call) -> Response:
        row = await _member(parts, call)
        return json_response(200, (await _shown(parts, row.scope, [row]))[0])

    async def change(call: Call) -> Response:
        wanted = await call.fields(RoleRequest)
        row = await _member(parts, call)
        role = role_name(wanted.role_id or 0)
        if row.role != role:
            await grants.change(row.id, role, call.acting)
        return done()

    async def remove(call: Call) -> Response:
        row = await _member(parts, call)
        await grants.take(row.id, call.acting)
        return done()

    all_of, one = "/projects/{project_id}/members", "/projects/{project_id}/members/{mid}"
    return [
        Route("GET", all_of, list_all, Permission.GRANT_READ, _LIST),
        Route("POST", all_of, add, Permission.GRANT_MANAGE, _ADD),
        Route("GET", one, get, Permission.GRANT_READ, _GET),
        Route("PUT", one, change, Permission.GRANT_MANAGE, _CHANGE),
        Route("DELETE", one, remove, Permission.GRANT_MANAGE, _REMOVE),
    ]


async def count_roles(parts: Parts, project: str) -> Counter[int]:
    """Return how many members have each of Harbor's roles."""
    sorts = await parts.content.lists.sorts_of_grants(project)
    custom = await _custom(parts, {role for role, _, _ in sorts})
    found: Counter[int] = Counter()
    for role, permissions, count in sorts:
        found[role_of(role, permissions, custom)[0]] += count
    return found


async def _member(parts: Parts, call: Call) -> GrantRow:
    number, project = call.id("mid"), call.parts["project"]
    row = await parts.people.grants.find(number)
    if row.scope != project or row.subject_kind not in _TYPES or project == REGISTRY_AREA:
        raise Fault(Code.NOT_FOUND, f"there is no member {number} of this project: list them")
    return row


async def _entity(parts: Parts, call: Call, new: ProjectMember) -> tuple[SubjectKind, str]:
    """Return who is meant; `Fault(NOT_FOUND)` for a user that there is not.

    A group is made if need be, by who may.
    """
    user, group = new.member_user or UserEntity(), new.member_group or UserGroupEntity()
    if user.user_id:
        return SubjectKind.USER, await _account(parts, await parts.user_of(user.user_id))
    if group.id:
        return SubjectKind.GROUP, await parts.group_of(group.id)
    if user.username:
        return SubjectKind.USER, await _account(parts, user.username)
    name = group.group_name or name_of_dn(group.ldap_group_dn or "")
    if name:
        wanted = UserGroup(name, group.group_type, None, group.ldap_group_dn)
        return SubjectKind.GROUP, await group_named(parts, call, wanted)
    raise Fault(
        Code.REQUEST_INVALID,
        "it is not said who is to be a member: name member_user or member_group",
    )


async def _account(parts: Parts, name: str) -> str:
    """Return the user's name; one of the directory is given an account."""
    people, name = parts.people, name[:NAME_MAX]
    account = await people.accounts.find(name)
    if account is None and people.directory is not None:
        brought = await people.directory.bring(name)
        account = await people.accounts.find(brought) if brought is not None else None
    if account is None:
        raise Fault(Code.NOT_FOUND, f"user {name[:64]!a} not found: make them first")
    return account.name


async def _custom(parts: Parts, roles: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the permissions of the custom roles among those that were granted."""
    found = {}
    names = roles - {"", *BUILT_IN}
    if len(names) > ASKED_MAX:
        rows = await parts.people.roles.page("", ROLES_MAX)
        return {row.name: row.permissions for row in rows if row.name in names}
    for name in names:
        try:
            found[name] = (await parts.people.roles.find(name)).permissions
        except Fault:
            continue  # one that is gone
    return found


async def _shown(parts: Parts, project: str, rows: Sequence[GrantRow]) -> list[ProjectMemberEntity]:
    number = (await parts.projects([project]))[project]
    users = await parts.users({r.subject for r in rows if r.subject_kind is SubjectKind.USER})
    groups = await parts.groups({r.subject for r in rows if r.subject_kind is SubjectKind.GROUP})
    custom = await _custom(parts, {row.role for row in rows})
    found = []
    for row in rows:
        ids = users if row.subject_kind is SubjectKind.USER else groups
        role_id, role = role_of(row.role, row.permissions, custom)
        found.append(
            ProjectMemberEntity(
                ids[row.subject],
                row.subject,
                _TYPES[row.subject_kind],
                row.id,
                number,
                role_id,
                role,
            )
        )
    return found


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_LIST = _about(
    "List a project's members",
    gives=list[ProjectMemberEntity],
    query=(
        Argument("entityname", "A part of the name."),
        Argument("page", "Which page, from 1.", int),
        Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    ),
)
_ADD = _about("Add a project's member", takes=ProjectMember, status=201, errors=(400, 404, 409))
_GET = _about("Get a project's member", gives=ProjectMemberEntity, errors=(404,))
_CHANGE = _about("Change a project's member", takes=RoleRequest, errors=(400, 404))
_REMOVE = _about("Remove a project's member", errors=(404,))
