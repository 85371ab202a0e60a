"""Users: `/users`, by number."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.listing import ANY, By, UsersWhere
from entrepot.ports.notes import OF_USER
from entrepot.ports.people import Profile
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, Fuzzy, Order
from entrepot.rules.roles import Role
from entrepot.services.governing import is_self
from entrepot.services.listing.spans import Span

from .answers import Unprocessable, created, done, moment
from .api import Call, Route
from .parts import Parts, is_user
from .tables import Table, gathered, named, part_of, query_of
from .usershapes import UserCreationReq, UserProfile, UserResp, UserSearchRespItem, UserSysAdminFlag

TAG = "Users"
COMMENT_LENGTH_MAX = 30
NAME_LENGTH_MAX = 255
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


Row = tuple[Account, Profile]

TABLE: Table[Row] = Table(
    {
        "creation_time": lambda row: row[0].created_at,
        "email": lambda row: row[1].email,
        "realname": lambda row: row[1].display_name,
        "sysadmin_flag": lambda row: row[0].role is Role.ADMIN,
        "update_time": lambda row: row[0].changed_at,
        "username": lambda row: row[0].name,
    },
    (Order("username"),),
    frozenset({"creation_time", "update_time"}),
)


_BY = {"username": By.NAME, "creation_time": By.CREATED}


class _Users:
    """Answers about users."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = parts.people.accounts
        self._profiles = parts.people.profiles

    async def list_all(self, call: Call) -> Response:
        wanted = query_of(call)
        for key in ("username", "email"):
            if text := call.text(key):
                wanted[key] = Fuzzy(text)
        rows, total = await _page(self._parts, call, wanted)
        return call.listed(await shown(self._parts, rows), total)

    async def search(self, call: Call) -> Response:
        name = call.text("username")
        if not name:
            raise Unprocessable("username in query is required")
        # Whoever may not list users can still try whether there is one, by adding them somewhere.
        if await call.may(Permission.USER_READ):
            rows, total = await _page(self._parts, call, {"username": Fuzzy(name)})
            names = [account.name for account, _ in rows]
        else:
            account = await self._accounts.find(name[:NAME_LENGTH_MAX])
            names = [account.name] if account is not None else []
            names, total = names[call.offset : call.offset + 1], len(names)
        numbers = await self._parts.users(names)
        return call.listed([UserSearchRespItem(numbers[one], one) for one in names], total)

    async def create(self, call: Call) -> Response:
        new = await call.fields(UserCreationReq)
        check_secret(new.password or "")
        email, realname, comment = _checked(UserProfile(new.email, new.realname, new.comment))
        account = await self._accounts.add(
            new.username or "", new.password or "", Role.USER, by=call.by, caller=call.caller
        )
        await self._profiles.put(account.name, email, realname, by=call.by, caller=call.caller)
        await self._parts.notes.put(OF_USER, account.name, comment)
        return created(f"/users/{(await self._parts.users([account.name]))[account.name]}")

    async def get(self, call: Call) -> Response:
        account = await found(self._parts, call, Permission.USER_READ)
        return json_response(200, await one(self._parts, account))

    async def current(self, call: Call) -> Response:
        account = await self._accounts.find(call.identity.name) if is_user(call) else None
        if account is None:
            raise Fault(
                Code.PRECONDITION,
                f"{call.identity.name or 'this'} is no user's account: log in as a user",
            )
        return json_response(200, await one(self._parts, account))

    async def update(self, call: Call) -> Response:
        wanted = await call.fields(UserProfile)
        account = await found(self._parts, call, Permission.USER_MANAGE)
        email, realname, comment = _checked(wanted)
        await self._profiles.put(account.name, email, realname, by=call.by, caller=call.caller)
        await self._parts.notes.put(OF_USER, account.name, comment)
        return done()

    async def remove(self, call: Call) -> Response:
        account = await found(self._parts, call, Permission.USER_MANAGE)
        if is_user(call) and call.identity.name == account.name:
            raise Fault(Code.DENIED, f"User with ID {call.id('user_id')} cannot be deleted")
        await self._accounts.remove(account.name, by=call.by, caller=call.caller)
        return done()

    async def set_sysadmin(self, call: Call) -> Response:
        wanted = await call.fields(UserSysAdminFlag)
        account = await found(self._parts, call, Permission.USER_MANAGE)
        if wanted.sysadmin_flag is not (account.role is Role.ADMIN):
            role = Role.ADMIN if wanted.sysadmin_flag else Role.USER
            await self._accounts.change(account.name, role=role, by=call.by, caller=call.caller)
        return done()


def user_routes(parts: Parts) -> list[Route]:
    """Return what is served of users; `usercredentials` has their passwords."""
    here = _Users(parts)
    each = "/users/{user_id}"
    return [
        Route("GET", "/users", here.list_all, Permission.USER_READ, _LIST),
        Route("GET", "/users/search", here.search, Need.LOGIN, _SEARCH),
        Route("POST", "/users", here.create, Permission.USER_MANAGE, _CREATE),
        Route("GET", "/users/current", here.current, Need.LOGIN, _CURRENT),
        Route(
            "GET", each, here.get, Need.LOGIN, _about("Get a user", gives=UserResp, errors=(404,))
        ),
        Route("PUT", each, here.update, Need.LOGIN, _UPDATE),
        Route("DELETE", each, here.remove, Permission.USER_MANAGE, _about("Delete a user")),
        Route("PUT", f"{each}/sysadmin", here.set_sysadmin, Permission.USER_MANAGE, _SYSADMIN),
    ]


async def found(parts: Parts, call: Call, permission: Permission) -> Account:
    """Return the path's user; DENIED for who is neither that user nor may, or NOT_FOUND."""
    number = call.id("user_id")
    name = await parts.numbers.name("user", number)
    # A password or a session shows the user in person, a token what it reaches as far as.
    if name is None or not is_self(call.by, name):
        await call.require(permission)
    account = await parts.people.accounts.find(name) if name is not None else None
    if account is None:
        raise Fault(Code.NOT_FOUND, f"user {number} not found")
    return account


async def one(parts: Parts, account: Account) -> UserResp:
    """Return one user as they are shown."""
    profiles = await parts.people.profiles.of([account])
    return (await shown(parts, [(account, profiles[account.name])]))[0]


async def shown(parts: Parts, rows: Sequence[Row]) -> list[UserResp]:
    """Return users as they are shown."""
    names = [account.name for account, _ in rows]
    numbers, comments = await parts.users(names), await parts.notes.of(OF_USER, names)
    return [
        UserResp(
            admin_role_in_auth=False,
            creation_time=moment(account.created_at),
            sysadmin_flag=account.role is Role.ADMIN,
            update_time=moment(account.changed_at),
            user_id=numbers[account.name],
            username=account.name,
            comment=comments.get(account.name, ""),
            email=profile.email,
            realname=profile.display_name,
        )
        for account, profile in rows
    ]


def check_secret(text: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what Harbor takes for no password; ours has its own."""
    classes = (str.isupper, str.islower, str.isdigit)
    whole = all(any(test(each) for each in text) for test in classes)
    if not (whole and 8 <= len(text) <= 128):
        raise Fault(
            Code.REQUEST_INVALID,
            "the password or secret must be 8-128, inclusively, characters long with at least 1 "
            "uppercase letter, 1 lowercase letter and 1 number",
        )


async def _page(
    parts: Parts, call: Call, wanted: Mapping[str, Filter]
) -> tuple[Sequence[Row], int]:
    """Return the page of the users that are asked for, and how many there are."""
    accounts, sort = parts.people.accounts, call.text("sort") or ""
    order, where = TABLE.by(sort, _BY), _where(wanted)
    if accounts.in_file or where is None or order is None:
        found = TABLE.select(await _all(parts), wanted, sort)
        return part_of(call, found), len(found)
    by, descending = order
    span = Span(call.offset, call.page_size, by, descending)
    listed = await parts.content.lists.users(where, span)
    each = [await accounts.find(one.name) for one in listed.rows]
    there = [account for account in each if account is not None]
    profiles = await parts.people.profiles.of(there)
    return [(account, profiles[account.name]) for account in there], listed.total


def _where(wanted: Mapping[str, Filter]) -> UsersWhere | None:
    """Return the filter; None for one that the catalog has no words for."""
    found = {"username": ANY, "email": ANY}
    for key, one in wanted.items():
        if key in found and isinstance(one, Exact | Fuzzy):
            found[key] = named(one)
        elif key in TABLE.fields:
            return None
    return UsersWhere(found["username"], found["email"])


async def _all(parts: Parts) -> list[Row]:
    accounts: list[Account] = await gathered(parts.people.accounts.page, lambda one: one.name)
    rows: list[Row] = []
    for start in range(0, len(accounts), 500):
        step = accounts[start : start + 500]
        profiles = await parts.people.profiles.of(step)
        rows += [(each, profiles[each.name]) for each in step]
    return rows


def _checked(given: UserProfile) -> tuple[str, str, str]:
    """Return address, name in full and comment, or raise `Fault(REQUEST_INVALID)`."""
    email, realname, comment = given.email or "", given.realname or "", given.comment or ""
    if not email:
        raise Fault(Code.REQUEST_INVALID, "email can't be empty")
    if not _EMAIL.fullmatch(email) or len(email) > NAME_LENGTH_MAX:
        raise Fault(Code.REQUEST_INVALID, "email with illegal format: write name@host.domain")
    if not 0 < len(realname) <= NAME_LENGTH_MAX or not realname.isprintable():
        raise Fault(Code.REQUEST_INVALID, "realname with illegal length")
    if len(comment) > COMMENT_LENGTH_MAX or not comment.isprintable():
        raise Fault(
            Code.REQUEST_INVALID,
            f"comment with illegal length: use up to {COMMENT_LENGTH_MAX} characters",
        )
    return email, realname, comment


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_PAGES = (
    Argument("page", "Which page, from 1.", int),
    Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
)
_LIST = _about(
    "List users",
    gives=list[UserResp],
    query=(
        Argument("q", "Who: `username=~al,sysadmin_flag=true`."),
        Argument("sort", "In which order: `username,-creation_time`."),
        *_PAGES,
        Argument("username", "A part of the name."),
        Argument("email", "A part of the address."),
    ),
)
_SEARCH = _about(
    "Search users",
    gives=list[UserSearchRespItem],
    query=(Argument("username", "A part of the name.", str, required=True), *_PAGES),
)
_CREATE = _about("Create a user", takes=UserCreationReq, status=201, errors=(400, 409))
_CURRENT = _about("Get the current user", gives=UserResp, errors=(412,))
_UPDATE = _about("Update a user's profile", takes=UserProfile, errors=(400, 404))
_SYSADMIN = _about("Set whether a user is an administrator", takes=UserSysAdminFlag)
