"""What those are told who are refused, word for word.

Where other credentials could help the answer is 401 with a challenge, 403 where none can (a client
does not log in again then).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import Role
from entrepot.rules.scopes import parse_scopes
from entrepot.rules.subjects import SubjectKind
from entrepot.services.access_tokens import NewToken
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.robotparts import Gift, NewRobot
from entrepot.services.standing import LimitGrant
from entrepot.settings import Auth, Projects
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry, basic, open_registry
from tests.services.granting import ROOT

DIGEST = "sha256:" + "0" * 64
BEARER = 'Bearer realm="http://registry.test/service/token",service="entrepot"'
ACCOUNTS = {"root": Role.ADMIN, "bob": Role.USER, "off": Role.USER}
GRANTS = (
    ("guest", "guest", "acme"),
    ("dev", "developer", "acme"),
    ("keeper", "maintainer", "acme/web/**"),
    ("dev", "developer", "inner"),
)


@dataclass
class Door:
    """A registry with projects acme, library, and inner, which takes nobody from here.

    Users root, who runs all; guest, dev and keeper with the roles in acme that `GRANTS` names;
    bob, who may only make projects; off, who is switched off.
    """

    registry: Registry

    async def enter(self) -> None:
        """Make all that."""
        gate, clock = self.registry.house.gate, self.registry.clock
        for name, role in ACCOUNTS.items():
            await self.registry.add_user(name, role)
        await gate.projects.ensure_library()
        await gate.projects.create("acme", ROOT)
        await gate.projects.create("inner", ROOT, networks=("10.0.0.0/8",))
        for name, given, scope in GRANTS:
            await self.registry.add_user(name, Role.USER)
            wanted = Wanted(SubjectKind.USER, name, scope, given)
            await GrantService(self.registry.catalog, clock).give(wanted, ROOT)
        off = Profile("off", Source.LOCAL, "off", "", "", enabled=False, seen_at=1.0)
        async with self.registry.catalog.begin(write=True) as tx:
            await tx.profiles.put(off)
            await tx.epochs.advance(ACCESS_EPOCH)

    async def ask(self, authorization: str, method: str, path: str) -> Answer:
        headers = {"Host": "registry.test"}
        if authorization:
            headers["Authorization"] = authorization
        return await self.registry.request(method, f"/v2/{path}", headers)

    async def bearer(self, name: str, *scopes: str) -> str:
        """Return a token that was got with these scopes, as far as they are granted."""
        house = self.registry.house
        holder = await house.gate.standing.of(Kind.USER, name) if name else None
        issued = await house.tokens.issue(holder, parse_scopes(scopes), house.access.policy)
        return f"Bearer {issued.token}"

    async def expired_robot(self) -> str:
        end = self.registry.clock.now() + 10
        gift = Gift("acme", "developer")
        robots = self.registry.house.gate.robots
        _, secret = await robots.create(NewRobot("ci", "acme", (gift,), expires_at=end), ROOT)
        self.registry.clock.seconds += 20
        return basic("robot$acme+ci", secret)

    async def access_token(self, seconds: float = 100.0) -> str:
        """Return a token of dev that only pulls from acme."""
        now = self.registry.clock.now()
        dev = Acting(Identity("dev", Role.USER, kind=Kind.USER), Caller("dev"))
        new = NewToken("laptop", now + 50, (LimitGrant("acme", "limitedGuest"),))
        _, secret = await self.registry.house.gate.access_tokens.create(new, dev)
        self.registry.clock.seconds += 100 - seconds
        return basic("dev", secret)


Shown = Callable[[Door], Awaitable[str]]


@asynccontextmanager
async def open_door(*, auto_create: bool = True) -> AsyncIterator[Door]:
    projects = Projects(auto_create=auto_create)
    async with open_registry(Auth(), projects=projects) as registry:
        door = Door(registry)
        await door.enter()
        yield door


def shows(name: str) -> Shown:
    """Show the password of somebody; nothing without a name."""

    async def header(_door: Door) -> str:
        return basic(name) if name else ""

    return header


def token(name: str, *scopes: str) -> Shown:
    async def header(door: Door) -> str:
        return await door.bearer(name, *scopes)

    return header


def wrong(authorization: str) -> Shown:
    async def header(_door: Door) -> str:
        return authorization

    return header


PULL = ("GET", "acme/web/app/manifests/v1")
PUSH = ("POST", "acme/web/app/blobs/uploads/")
DELETE = ("DELETE", "acme/web/app/manifests/v1")
SCOPE_PULL = ',scope="repository:acme/web/app:pull"'
SCOPE_PUSH = ',scope="repository:acme/web/app:pull,push"'
SCOPE_DELETE = ',scope="repository:acme/web/app:delete"'
INVALID = ',error="invalid_token"'
TOO_LITTLE = ',error="insufficient_scope"'


async def robot(door: Door) -> str:
    return await door.expired_robot()


async def narrow(door: Door) -> str:
    return await door.access_token()


async def expired(door: Door) -> str:
    return await door.access_token(seconds=10)


TOLD = {
    "nobody pulls what is private": (
        shows(""),
        PULL,
        401,
        "log in to pull acme/web/app: docker login asks for user and password",
        SCOPE_PULL,
    ),
    "nobody pushes": (
        shows(""),
        PUSH,
        401,
        "log in to push acme/web/app: docker login asks for user and password",
        SCOPE_PUSH,
    ),
    "nobody is not told what there is": (
        shows(""),
        ("GET", "none/app/manifests/v1"),
        401,
        "log in to pull none/app: docker login asks for user and password",
        ',scope="repository:none/app:pull"',
    ),
    "nobody lists": (
        shows(""),
        ("GET", "_catalog"),
        401,
        "log in to use catalog.list: docker login asks for user and password",
        ',scope="registry:catalog:*"',
    ),
    "nobody at the door": (
        shows(""),
        ("GET", ""),
        401,
        "log in: docker login asks for user and password",
        "",
    ),
    "a wrong password": (
        wrong(basic("dev", "guessed")),
        PULL,
        401,
        "user name or password is wrong: log in again",
        SCOPE_PULL + INVALID,
    ),
    "who was granted nothing pulls": (
        shows("bob"),
        PULL,
        403,
        "bob may not pull acme/web/app: ask whoever runs project acme for role limitedGuest",
        None,
    ),
    "who was granted nothing pushes": (
        shows("bob"),
        PUSH,
        403,
        "bob may not push acme/web/app: ask whoever runs project acme for role developer",
        None,
    ),
    "a guest pushes": (
        shows("guest"),
        PUSH,
        403,
        "guest may not push acme/web/app: ask whoever runs project acme for role developer",
        None,
    ),
    "a name without a project is pushed": (
        shows("bob"),
        ("POST", "app/blobs/uploads/"),
        403,
        (
            "bob may not push app: names without a project are in `library`, where role developer "
            "is needed; push under a project of yours, as in <project>/<image>"
        ),
        None,
    ),
    "a name without a project is pulled": (
        shows("bob"),
        ("GET", "app/manifests/v1"),
        403,
        (
            "bob may not pull app: ask an administrator of the registry for role limitedGuest in "
            "project library"
        ),
        None,
    ),
    "a developer deletes": (
        shows("dev"),
        DELETE,
        403,
        "dev may not delete acme/web/app: ask whoever runs project acme for role maintainer",
        None,
    ),
    "a maintainer of other repositories deletes": (
        shows("keeper"),
        ("DELETE", "acme/other/manifests/v1"),
        403,
        "keeper may not delete acme/other: ask whoever runs project acme for role maintainer",
        None,
    ),
    "a robot has expired": (
        robot,
        PULL,
        401,
        "robot$acme+ci has expired: let whoever runs it give it a later end, or make a new one",
        SCOPE_PULL + INVALID,
    ),
    "a user is switched off": (
        shows("off"),
        PULL,
        401,
        "off is switched off: ask an administrator to switch the account on again",
        SCOPE_PULL + INVALID,
    ),
    "from outside of the project's networks": (
        shows("dev"),
        ("GET", "inner/app/manifests/v1"),
        403,
        "project inner takes nobody from 127.0.0.1: come from a network that is allowed",
        None,
    ),
    "a token of one repository is used on another": (
        token("dev", "repository:acme/web/app:pull"),
        ("GET", "acme/other/manifests/v1"),
        401,
        "the token does not allow to pull acme/other: ask for that scope",
        ',scope="repository:acme/other:pull"' + TOO_LITTLE,
    ),
    "a token to pull is used to push": (
        token("dev", "repository:acme/web/app:pull"),
        PUSH,
        401,
        "the token does not allow to push acme/web/app: ask for that scope",
        SCOPE_PUSH + TOO_LITTLE,
    ),
    "a token of somebody who will never be able to": (
        token("guest", "repository:acme/web/app:pull,push"),
        PUSH,
        403,
        "guest may not push acme/web/app: ask whoever runs project acme for role developer",
        None,
    ),
    "a token of nobody": (
        token("", "repository:acme/web/app:pull"),
        PULL,
        401,
        "log in to pull acme/web/app: docker login asks for user and password",
        SCOPE_PULL + TOO_LITTLE,
    ),
    "a token that is none": (
        wrong("Bearer x.y.z"),
        DELETE,
        401,
        "the token is not valid or has expired: ask for a new one",
        SCOPE_DELETE + INVALID,
    ),
    "an access token is too narrow": (
        narrow,
        PUSH,
        403,
        (
            "the access token does not reach as far as repository.push on acme/web/app: use one "
            "that does"
        ),
        None,
    ),
    "an access token has expired": (
        expired,
        PULL,
        401,
        "the secret 'laptop' of dev has expired: make a new one",
        SCOPE_PULL + INVALID,
    ),
}


@pytest.mark.parametrize("case", TOLD)
async def test_what_is_told(case: str) -> None:
    shown, (method, path), status, message, challenge = TOLD[case]
    async with open_door() as door:
        answer = await door.ask(await shown(door), method, path)
        code = "UNAUTHORIZED" if status == 401 else "DENIED"
        assert (answer.status, answer.code, answer.message) == (status, code, message)
        given = None if challenge is None else BEARER + challenge
        if given is not None and given.endswith(TOO_LITTLE):
            given += f',error_description="{message}"'
        assert answer.header("WWW-Authenticate") == given


async def test_a_project_that_is_made_by_nobodys_push() -> None:
    async with open_door(auto_create=False) as door:
        for name in ("none", "acme"):
            answer = await door.ask(basic("bob"), "POST", f"{name}/app/blobs/uploads/")
            assert (answer.status, answer.code, answer.message) == (
                403,
                "DENIED",
                (
                    f"bob may not push {name}/app: ask whoever runs project {name} for role "
                    "developer; if there is no such project yet, ask an administrator to make it"
                ),
            )


async def test_who_may_push_is_told_404_of_what_is_not_there() -> None:
    """containerd asks for each blob before it pushes, and takes nothing but 404 for no."""
    async with open_door() as door:
        for name, path in (("dev", "acme/web/app"), ("bob", "none/app")):
            for what in (f"blobs/{DIGEST}", "manifests/v1"):
                answer = await door.ask(basic(name), "HEAD", f"{path}/{what}")
                assert answer.status == 404, (name, what)


async def test_who_is_refused_an_answer_without_a_body_is_told_by_a_warning() -> None:
    """Of a blob they are told 404, as clients then ask for an upload, and show what that says."""
    reason = "bob may not pull acme/web/app: ask whoever runs project acme for role limitedGuest"
    async with open_door() as door:
        for what, status in ((f"blobs/{DIGEST}", 404), ("manifests/v1", 403), ("tags/list", 403)):
            answer = await door.ask(basic("bob"), "HEAD", f"acme/web/app/{what}")
            assert (answer.status, answer.header("Warning")) == (status, f'299 - "{reason}"')
        answer = await door.ask(basic("bob"), "GET", f"acme/web/app/blobs/{DIGEST}")
        assert (answer.status, answer.header("Warning")) == (403, None)


async def test_what_is_told_of_a_mount() -> None:
    async with open_door() as door:
        path = f"acme/web/app/blobs/uploads/?mount={DIGEST}&from=acme/base"
        shown = await door.bearer("dev", "repository:acme/web/app:pull")
        answer = await door.ask(shown, "POST", path)
        scope = ',scope="repository:acme/web/app:pull,push repository:acme/base:pull"'
        reason = "the token does not allow to push acme/web/app: ask for that scope"
        told = f'{scope}{TOO_LITTLE},error_description="{reason}"'
        assert answer.header("WWW-Authenticate") == BEARER + told
