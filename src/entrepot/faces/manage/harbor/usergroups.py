"""Groups of users: `/usergroups`, by number.

A group is known by its name, wherever its members come from: an administrator, a directory or a
provider. What type somebody said it is, and its DN, is remembered and shown again.
"""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.ports.listing import By, GroupsWhere, Named
from entrepot.ports.notes import OF_GROUP
from entrepot.ports.people import Group
from entrepot.rules.permissions import Permission
from entrepot.services.listing.spans import Span

from .answers import Unprocessable, created, done
from .api import Call, Route
from .groupnames import name_of_dn
from .parts import Parts

TAG = "User groups"
TYPES = {"ldap_auth": 1, "db_auth": 2, "oidc_auth": 3}
"""What a group is taken for of which nobody said it, by how people log in."""


class UserGroup(msgspec.Struct, omit_defaults=True):
    """A group: type 1 of a directory, 2 of the registry, 3 of a provider."""

    group_name: str | None = None
    group_type: int | None = None
    id: int | None = None
    ldap_group_dn: str | None = None


class _Note(msgspec.Struct):
    made: float
    type: int
    dn: str


class _Groups:
    """Answers about groups."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._groups = parts.people.groups

    async def list_all(self, call: Call) -> Response:
        part = call.text("group_name") or ""
        if not part and (dn := call.text("ldap_group_dn")):
            part = name_of_dn(dn)
        return await self.listed(call, part, whole=False)

    async def listed(self, call: Call, part: str, *, whole: bool) -> Response:
        where = GroupsWhere(Named(exact=part) if whole else Named(part=part))
        span = Span(call.offset, call.page_size, By.NAME)
        found = await self._parts.content.lists.groups(where, span)
        return call.listed(await self.shown(found.rows), found.total)

    async def search(self, call: Call) -> Response:
        name = call.text("groupname")
        if not name:
            raise Unprocessable("groupname in query is required")
        return await self.listed(call, name, whole=not await call.may(Permission.USER_READ))

    async def create(self, call: Call) -> Response:
        new = await call.fields(UserGroup)
        name = new.group_name or (name_of_dn(new.ldap_group_dn) if new.ldap_group_dn else "")
        kind = new.group_type or TYPES[self._parts.site.auth_mode]
        if kind not in TYPES.values():
            raise Fault(Code.REQUEST_INVALID, f"{kind} is no type of a group: use 1, 2 or 3")
        await _make(self._parts, call, UserGroup(name, kind, None, new.ldap_group_dn))
        return created(f"/usergroups/{(await self._parts.groups([name]))[name]}")

    async def get(self, call: Call) -> Response:
        group = await self.found(call)
        return json_response(200, (await self.shown([group]))[0])

    async def update(self, call: Call) -> Response:
        wanted = await call.fields(UserGroup)
        group = await self.found(call)
        if wanted.group_name and wanted.group_name != group.name:
            raise Fault(
                Code.PRECONDITION,
                "a group keeps its name, by which directories know it: make another one, and "
                "remove this",
            )
        return done()

    async def remove(self, call: Call) -> Response:
        group = await self.found(call)
        await self._groups.remove(group.name, call.acting)
        return done()

    async def found(self, call: Call) -> Group:
        return await self._groups.find(await self._parts.group_of(call.id("group_id")))

    async def shown(self, rows: Any) -> list[UserGroup]:
        names = [one.name for one in rows]
        numbers, notes = (
            await self._parts.groups(names),
            await self._parts.notes.of(OF_GROUP, names),
        )
        usual = TYPES[self._parts.site.auth_mode]
        items = []
        for one in rows:
            text = notes.get(one.name)
            note = msgspec.json.decode(text, type=_Note) if text else None
            if note is None or note.made != one.created_at:
                note = _Note(one.created_at, usual, "")
            items.append(UserGroup(one.name, note.type, numbers[one.name], note.dn or None))
        return items


def usergroup_routes(parts: Parts) -> list[Route]:
    """Return what is served of groups."""
    here = _Groups(parts)
    each = "/usergroups/{group_id}"
    return [
        Route("GET", "/usergroups", here.list_all, Permission.USER_READ, _LIST),
        Route("GET", "/usergroups/search", here.search, Need.LOGIN, _SEARCH),
        Route("POST", "/usergroups", here.create, Permission.USER_MANAGE, _CREATE),
        Route("GET", each, here.get, Permission.USER_READ, _about("Get a group", gives=UserGroup)),
        Route("PUT", each, here.update, Permission.USER_MANAGE, _UPDATE),
        Route("DELETE", each, here.remove, Permission.USER_MANAGE, _about("Delete a group")),
    ]


async def group_named(parts: Parts, call: Call, wanted: UserGroup) -> str:
    """Return the name of a group; who may makes one that is not there yet, as in Harbor.

    `Fault(NOT_FOUND)` for others.
    """
    name = wanted.group_name or ""
    try:
        return (await parts.people.groups.find(name)).name
    except Fault as fault:
        if fault.code is not Code.NOT_FOUND or not await call.may(Permission.USER_MANAGE):
            raise
    kind = wanted.group_type if wanted.group_type in TYPES.values() else None
    usual = TYPES[parts.site.auth_mode]
    await _make(parts, call, UserGroup(name, kind or usual, None, wanted.ldap_group_dn))
    return name


async def _make(parts: Parts, call: Call, new: UserGroup) -> None:
    """Make a group, and remember what was said of it."""
    name = new.group_name or ""
    group = await parts.people.groups.make(name, "", call.acting)
    note = _Note(group.created_at, new.group_type or 0, new.ldap_group_dn or "")
    await parts.notes.put(OF_GROUP, name, msgspec.json.encode(note).decode())


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_PAGES = (
    Argument("page", "Which page, from 1.", int),
    Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
)
_LIST = _about(
    "List groups",
    gives=list[UserGroup],
    query=(
        Argument("group_name", "A part of the name."),
        Argument("ldap_group_dn", "What the directory calls it."),
        *_PAGES,
    ),
)
_SEARCH = _about(
    "Search groups",
    gives=list[UserGroup],
    query=(Argument("groupname", "A part of the name.", str, required=True), *_PAGES),
)
_CREATE = _about("Create a group", takes=UserGroup, status=201, errors=(400, 409))
_UPDATE = _about("Update a group", takes=UserGroup, errors=(404, 412))
