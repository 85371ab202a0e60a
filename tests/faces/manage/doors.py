"""A whole house with every sort of caller, to see which doors open to whom."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.sealing import Keyring
from entrepot.adapters.signer import Es256Mint, RingSigner
from entrepot.faces.manage.api import ROOT
from entrepot.faces.manage.cookies import CSRF_HEADER
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.projects import Project
from entrepot.ports.robots import Credential, CredentialKind, Robot
from entrepot.rules.access import Kind
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.credentials import Prefix, hash_of, make
from entrepot.rules.permissions import Level, Permission
from entrepot.rules.roles import BUILT_IN, OF_ACCOUNT, Role
from entrepot.rules.scopes import parse_scopes
from entrepot.rules.subjects import SubjectKind
from entrepot.rules.tickets import KEY_BYTES
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.keys import KeyService
from entrepot.settings import Settings
from entrepot.wiring import House, build
from entrepot.wiring.outside import Outside
from tests.faces.registry.registry import PASSWORD, PlainPasswords, basic
from tests.services.house import Counting, HandClock

PROJECT, OTHER = "team", "other"
REPOSITORY = "team/app"
ROBOT = "robot$team+ci"

May = Callable[[Permission, Target], bool]
"""What somebody may, by the sentences of the design, and not by the code that decides."""


@dataclass(frozen=True)
class Visitor:
    """One sort of caller. `refusal` is the status of what they may not."""

    may: May
    headers: dict[str, str]
    logged_in: bool = True
    """Whether it is enough for what takes a login and no more."""
    refusal: int = 403
    name: str = ""


@dataclass
class Doors:
    """The house, and who comes."""

    house: House
    visitors: dict[str, Visitor] = field(default_factory=dict)

    async def grant(self, kind: SubjectKind, subject: str, scope: str, role: str) -> None:
        row = GrantRow(0, kind, subject, scope, role, (), 0.0, "operator")
        async with self.house.gate.ground.catalog.begin(write=True) as tx:
            assert await tx.grants.add(row)
            await tx.epochs.advance(ACCESS_EPOCH)

    async def acting(self, name: str = "by-admin") -> Acting:
        """Return a user as one who changes something."""
        standing = await self.house.gate.standing.of(Kind.USER, name)
        assert standing is not None
        return Acting(standing.identity, Caller(name))

    async def add_user(self, name: str, role: Role) -> dict[str, str]:
        await self.house.accounts.add(name, PASSWORD, role)
        return {"Authorization": basic(name)}


@asynccontextmanager
async def open_doors(settings: Settings = Settings()) -> AsyncIterator[Doors]:  # noqa: B008 - a frozen value
    clock, chance = HandClock(), Counting(1 << 20)
    catalog = await open_catalog("sqlite:///:memory:")
    store = await open_store(MemoryDisk())
    sealer, signer = Keyring({"test": bytes(32)}), RingSigner(clock)
    keys = KeyService(
        catalog, clock, sealer=sealer, ring=signer, mint=Es256Mint(), every_seconds=1e9
    )
    await keys.load()
    outside = Outside(
        catalog=catalog,
        store=store,
        clock=clock,
        random=chance,
        passwords=PlainPasswords(),
        signer=signer,
        upload_key=bytes(KEY_BYTES),
        keys=keys,
        sealer=sealer,
    )
    doors = Doors(build(settings, outside))
    async with catalog.begin(write=True) as tx:
        for name in (PROJECT, OTHER):
            assert await tx.projects.add(Project(name, False, (), 0.0, ""))
    await _people(doors)
    await _machines(doors)
    await _bearer(doors)
    await _browser(doors)
    doors.visitors["anonymous"] = Visitor(_nothing, {}, logged_in=False, refusal=401)
    try:
        yield doors
    finally:
        await doors.house.uploads.close()
        await store.close()
        await catalog.close()


async def _people(doors: Doors) -> None:
    for role in Role:
        headers = await doors.add_user(f"by-{role.value}", role)
        doors.visitors[role.value] = Visitor(_of_account(role), headers, name=f"by-{role.value}")
    for role_name in BUILT_IN:
        name = f"in-{role_name}"
        headers = await doors.add_user(name, Role.USER)
        await doors.grant(SubjectKind.USER, name, PROJECT, role_name)
        doors.visitors[f"{role_name} of the project"] = Visitor(
            _any(_of_account(Role.USER), _in_project(role_name)), headers, name=name
        )
    headers = await doors.add_user("narrow", Role.USER)
    await doors.grant(SubjectKind.USER, "narrow", REPOSITORY, "projectAdmin")
    doors.visitors["projectAdmin of a repository"] = Visitor(
        _any(_of_account(Role.USER), _of_repository), headers, name="narrow"
    )


async def _machines(doors: Doors) -> None:
    robot = Robot(0, ROBOT, PROJECT, "", (), True, None, 0.0, "", 0.0)
    async with doors.house.gate.ground.catalog.begin(write=True) as tx:
        assert await tx.robots.add(robot)
    await doors.grant(SubjectKind.ROBOT, ROBOT, PROJECT, "maintainer")
    headers = await _secret(doors, Prefix.ROBOT, CredentialKind.ROBOT, ROBOT, "")
    doors.visitors["robot"] = Visitor(_in_project("maintainer"), headers, name=ROBOT)
    limits = f'[{{"scope":"{PROJECT}","role":"guest"}}]'
    headers = await _secret(doors, Prefix.TOKEN, CredentialKind.TOKEN, "by-admin", limits)
    doors.visitors["access token"] = Visitor(_in_project("guest"), headers, name="by-admin")


async def _secret(
    doors: Doors, prefix: Prefix, kind: CredentialKind, owner: str, limits: str
) -> dict[str, str]:
    public_id = f"{len(doors.visitors):016x}"
    secret = make(prefix, public_id, "a" * 64)
    row = Credential(public_id, kind, owner, "", hash_of(secret), limits, (), 0.0, None, None)
    async with doors.house.gate.ground.catalog.begin(write=True) as tx:
        await tx.credentials.add(row)
    return {"Authorization": basic(owner, secret)}


async def _bearer(doors: Doors) -> None:
    """Add an administrator who shows a token of the registry: good for its scopes alone."""
    holder = await doors.house.gate.standing.of(Kind.USER, "by-admin")
    scopes = parse_scopes([f"repository:{REPOSITORY}:pull,push,delete", "registry:catalog:*"])
    issued = await doors.house.tokens.issue(holder, scopes, doors.house.access.policy)
    headers = {"Authorization": f"Bearer {issued.token}"}
    doors.visitors["bearer token"] = Visitor(_carried, headers, logged_in=False, refusal=401)


async def _browser(doors: Doors) -> None:
    await doors.add_user("web", Role.DEVELOPER)
    browsing = doors.house.gate.browsing
    account = await doors.house.accounts.find("web")
    assert browsing is not None
    assert account is not None
    async with doors.house.gate.ground.catalog.begin(write=True) as tx:
        opened = await browsing.sessions.begin(tx, account, Caller("web"))
    cookie = f"entrepot-session={opened.session_id}"
    headers = {"Cookie": cookie, CSRF_HEADER: opened.csrf}
    may = _of_account(Role.DEVELOPER)
    doors.visitors["session"] = Visitor(may, headers, name="web")
    doors.visitors["session without CSRF token"] = Visitor(may, {"Cookie": cookie}, name="web")


def path_of(template: str, project: str, parts: dict[str, str] | None = None) -> str:
    """Return an address that a route's path stands for, in one of the projects."""
    known = {"{project}": project, "{repository}": f"{project}%2Fapp", **(parts or {})}
    segments = [known.get(one, "1") if one.startswith("{") else one for one in template.split("/")]
    return ROOT + "/".join(segments)


def target_of(template: str, project: str) -> Target:
    """Return what the path is about."""
    if "{repository}" in template:
        return _app(project)
    return Target(project) if "{project}" in template else REGISTRY


def _app(project: str) -> Target:
    return Target.of(RepositoryName(f"{project}/app"))


def _nothing(_permission: Permission, _target: Target) -> bool:
    return False


def _of_account(role: Role) -> May:
    return lambda permission, _target: permission in OF_ACCOUNT[role]


def _in_project(role: str) -> May:
    def may(permission: Permission, target: Target) -> bool:
        is_here = target.project == PROJECT and permission.level is not Level.REGISTRY
        return is_here and permission in BUILT_IN[role]

    return may


def _of_repository(permission: Permission, target: Target) -> bool:
    return permission.level is Level.REPOSITORY and target == _app(PROJECT)


def _carried(permission: Permission, target: Target) -> bool:
    if permission is Permission.CATALOG:
        return True
    actions = (Permission.PULL, Permission.PUSH, Permission.DELETE)
    return permission in actions and target == _app(PROJECT)


def _any(*each: May) -> May:
    return lambda permission, target: any(may(permission, target) for may in each)
