"""Every operation of the registry, by every role, however somebody came to it."""

import ast
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

import entrepot
from entrepot.faces.registry.app import HANDLERS
from entrepot.faces.registry.routes import Kind
from entrepot.faces.registry.shortcut import RegistryShortcut
from entrepot.faces.registry.token import TokenServices, token_app
from entrepot.faces.root import request_ids
from entrepot.faces.shortcut import Fields
from entrepot.oci.digest import Digest
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow, RoleRow
from entrepot.ports.identity import Source
from entrepot.ports.people import Group
from entrepot.ports.robots import CredentialKind, Robot
from entrepot.rules.permissions import Level, Permission
from entrepot.rules.roles import BUILT_IN, OF_ACCOUNT, Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.minting import Purpose, mint
from entrepot.settings import Auth
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import Registry, basic, open_registry

REPOSITORY, OTHER, PUBLIC = "acme/app", "beta/app", "open/app"
LAYER = b"a layer"
MISSING = "sha256:" + "0" * 64
SESSION = "AAAAAAAAAAAAAAAAAAAAAAAA"

CUSTOM = "remover"
ROLES: dict[str, frozenset[Permission]] = {
    **BUILT_IN,
    CUSTOM: frozenset({Permission.PULL, Permission.DELETE, Permission.CATALOG}),
    "nothing": frozenset(),
}
WAYS = ("user", "group", "pattern", "robot", "access token", "bearer", "narrow bearer")

WAITING: set[Permission] = set()
"""What nothing asks for yet."""


@dataclass(frozen=True)
class Row:
    """How an operation is asked for without changing anything, and what the allowed hear."""

    path: str
    needs: Permission | None
    status: int
    body: bytes = b""


ROWS: dict[tuple[Kind, str], Row] = {
    (Kind.PING, "GET"): Row("/v2/", None, 200),
    (Kind.PING, "HEAD"): Row("/v2/", None, 200),
    (Kind.CATALOG, "GET"): Row("/v2/_catalog", Permission.CATALOG, 200),
    (Kind.CATALOG, "HEAD"): Row("/v2/_catalog", Permission.CATALOG, 200),
    (Kind.TAGS, "GET"): Row("/v2/{name}/tags/list", Permission.PULL, 200),
    (Kind.TAGS, "HEAD"): Row("/v2/{name}/tags/list", Permission.PULL, 200),
    (Kind.REFERRERS, "GET"): Row(f"/v2/{{name}}/referrers/{MISSING}", Permission.PULL, 200),
    (Kind.REFERRERS, "HEAD"): Row(f"/v2/{{name}}/referrers/{MISSING}", Permission.PULL, 200),
    (Kind.MANIFEST, "GET"): Row("/v2/{name}/manifests/1", Permission.PULL, 200),
    (Kind.MANIFEST, "HEAD"): Row("/v2/{name}/manifests/1", Permission.PULL, 200),
    (Kind.MANIFEST, "PUT"): Row("/v2/{name}/manifests/2", Permission.PUSH, 400, b"no manifest"),
    (Kind.MANIFEST, "DELETE"): Row(f"/v2/{{name}}/manifests/{MISSING}", Permission.DELETE, 404),
    (Kind.BLOB, "GET"): Row(f"/v2/{{name}}/blobs/{Digest.of(LAYER)}", Permission.PULL, 200),
    (Kind.BLOB, "HEAD"): Row(f"/v2/{{name}}/blobs/{Digest.of(LAYER)}", Permission.PULL, 200),
    (Kind.BLOB, "DELETE"): Row(f"/v2/{{name}}/blobs/{MISSING}", Permission.DELETE, 404),
    (Kind.UPLOADS, "POST"): Row("/v2/{name}/blobs/uploads/", Permission.PUSH, 202),
    (Kind.UPLOAD, "GET"): Row(f"/v2/{{name}}/blobs/uploads/{SESSION}", Permission.PUSH, 404),
    (Kind.UPLOAD, "HEAD"): Row(f"/v2/{{name}}/blobs/uploads/{SESSION}", Permission.PUSH, 404),
    (Kind.UPLOAD, "PATCH"): Row(
        f"/v2/{{name}}/blobs/uploads/{SESSION}", Permission.PUSH, 404, b"x"
    ),
    (Kind.UPLOAD, "PUT"): Row(
        f"/v2/{{name}}/blobs/uploads/{SESSION}?digest={Digest.of(b'x')}", Permission.PUSH, 404, b"x"
    ),
    (Kind.UPLOAD, "DELETE"): Row(f"/v2/{{name}}/blobs/uploads/{SESSION}", Permission.PUSH, 404),
}


def operations() -> Iterator[tuple[Kind, str, Permission | None]]:
    """Return all that the application serves, with what it needs; the ping needs a login alone."""
    for method in ("GET", "HEAD"):
        yield Kind.PING, method, None
    for kind, methods in HANDLERS.items():
        for method, (permission, _) in methods.items():
            yield kind, method, permission
        if "GET" in methods and "HEAD" not in methods:
            yield kind, "HEAD", methods["GET"][0]


@dataclass
class Who:
    """Somebody, with what they may do where."""

    authorization: str | None
    rights: dict[str, frozenset[Permission]]
    """By repository; those of the registry under ''."""
    password: str | None = None
    """The Basic credentials, for the token endpoint."""
    carried: frozenset[str] | None = None
    """What a bearer token carries on each repository that it names, and so no more than this."""
    may: dict[str, frozenset[Permission]] = field(default_factory=dict)
    """What its owner may, where that is more: another token would help."""

    def status(self, permission: Permission, name: str) -> int:
        """Return 200 or how they are refused."""
        where = "" if permission.level is Level.REGISTRY else name
        if permission in self.rights[where]:
            return 200
        if self.authorization is None:
            return 401
        return 401 if permission in self.may.get(where, frozenset()) else 403


@dataclass
class Site:
    """A registry with three projects, each with an image."""

    registry: Registry
    layer: Digest

    async def grant(self, kind: SubjectKind, subject: str, role: str, area: str = "acme") -> None:
        if not ROLES.get(role, True):
            return
        async with self.registry.catalog.begin(write=True) as tx:
            await tx.grants.add(GrantRow(0, kind, subject, area, role, (), 0.0, "test"))
            await tx.epochs.advance(ACCESS_EPOCH)

    async def user(self, name: str, role: Role) -> str:
        await self.registry.add_user(name, role)
        return basic(name)

    async def token(self, authorization: str | None, scopes: list[str]) -> Answer:
        house = self.registry.house
        app = token_app(TokenServices(house.access, house.tokens))
        path = f"/service/token?{urlencode([('scope', one) for one in scopes])}"
        headers = {"Authorization": authorization} if authorization else {}
        return await call(app, "GET", path, headers)

    async def secret(self, purpose: Purpose) -> str:
        registry = self.registry
        made, secret = mint(registry.house.gate.ground.random, purpose, registry.clock.now())
        async with registry.catalog.begin(write=True) as tx:
            await tx.credentials.add(made)
            await tx.epochs.advance(ACCESS_EPOCH)
        return basic(purpose.owner, secret)


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    async with open_registry(Auth()) as registry:
        await registry.login(Role.ADMIN)
        for name in (REPOSITORY, OTHER, PUBLIC):
            await registry.push_image("1", [LAYER], name=name)
        async with registry.catalog.begin(write=True) as tx:
            names = tuple(sorted(one.value for one in ROLES[CUSTOM]))
            await tx.roles.put(RoleRow(CUSTOM, names, "", 0.0))
            project = await tx.projects.find("open")
            assert project is not None
            await tx.projects.change(replace(project, public=True))
            await tx.epochs.advance(ACCESS_EPOCH)
        registry.authorization = None
        yield Site(registry, Digest.of(LAYER))


OF_PUBLIC = frozenset({Permission.PULL, Permission.REPOSITORY_LIST})


def rights(
    acme: frozenset[Permission], beta: frozenset[Permission] = frozenset()
) -> dict[str, frozenset[Permission]]:
    """Return rights by repository: what is granted in a project never reaches the registry."""
    of_registry = frozenset(one for one in beta if one.level is Level.REGISTRY)
    return {"": of_registry, REPOSITORY: acme, OTHER: beta, PUBLIC: beta | OF_PUBLIC}


async def member(site: Site, way: str, role: str) -> Who:
    """Return somebody who has a role in acme."""
    held = ROLES[role]
    if way == "robot":
        return await _robot(site, role)
    if way == "access token":
        await site.user("root", Role.ADMIN)
        limits = [{"scope": "acme", "role": role}] if held else [{"scope": "beta", "role": "guest"}]
        secret = await site.secret(Purpose(CredentialKind.TOKEN, "root", "t", json.dumps(limits)))
        found = rights(held)
        if not held:
            found[OTHER] = BUILT_IN["guest"]
        return Who(secret, found, secret)
    # An account whose role gives nothing that the registry's API asks for.
    password = await site.user("mia", Role.USER)
    if way == "group":
        async with site.registry.catalog.begin(write=True) as tx:
            await tx.groups.put(Group("team", "", 0.0))
            await tx.groups.enter("mia", "team", Source.LDAP)
        await site.grant(SubjectKind.GROUP, "team", role)
    else:
        area = "acme/ap*" if way == "pattern" else "acme"
        await site.grant(SubjectKind.USER, "mia", role, area)
    if way == "narrow bearer":
        return await _bearer(site, password, rights(held), narrow=True)
    if way == "bearer":
        return await _bearer(site, password, rights(held))
    return Who(password, rights(held), password)


async def _robot(site: Site, role: str) -> Who:
    name = "robot$acme+ci"
    async with site.registry.catalog.begin(write=True) as tx:
        robot = Robot(
            0, name, "acme", "", (), enabled=True, expires_at=None, created_at=0.0, created_by="",
            changed_at=0.0,
        )  # fmt: skip
        await tx.robots.add(robot)
    await site.grant(SubjectKind.ROBOT, name, role)
    secret = await site.secret(Purpose(CredentialKind.ROBOT, name))
    return Who(secret, rights(ROLES[role]), secret)


async def _bearer(
    site: Site, password: str | None, may: dict[str, frozenset[Permission]], *, narrow: bool = False
) -> Who:
    actions = "pull" if narrow else "pull,push,delete"
    names = [REPOSITORY] if narrow else [REPOSITORY, OTHER, PUBLIC]
    scopes = [f"repository:{name}:{actions}" for name in names]
    scopes += [] if narrow else ["registry:catalog:*"]
    answer = await site.token(password, scopes)
    assert answer.status == 200
    if not narrow:
        return Who(f"Bearer {answer.json['token']}", may, password)
    kept = {name: may[name] & {Permission.PULL} for name in names}
    held = {"": frozenset(), OTHER: frozenset(), PUBLIC: OF_PUBLIC, **kept}
    return Who(f"Bearer {answer.json['token']}", held, password, may=may)


async def of_account(site: Site, role: Role) -> Who:
    password = await site.user(f"the-{role.value}", role)
    held = OF_ACCOUNT[role]
    return Who(password, rights(held, held), password)


async def anonymous(site: Site, *, bearer: bool) -> Who:
    nothing = rights(frozenset())
    if not bearer:
        return Who(None, nothing)
    who = await _bearer(site, None, nothing)
    # Whoever has no name can always log in.
    who.may = dict.fromkeys(nothing, frozenset(Permission))
    return who


async def everything(site: Site, who: Who) -> list[str]:
    """Ask for each operation in each repository; return what is answered otherwise than told."""
    wrong = []
    for name in (REPOSITORY, OTHER, PUBLIC):
        for kind, method, permission in operations():
            row = ROWS[kind, method]
            if permission is None:
                expected = 401 if who.authorization is None else 200
            else:
                expected = who.status(permission, name)
            answer = await _ask(site, who, method, row.path.format(name=name), row.body)
            told = row.status if expected == 200 else expected
            if (kind, method, told) == (Kind.BLOB, "HEAD", 403):
                told = 404  # clients then go on to what can be refused with words
            code = {401: "UNAUTHORIZED", 403: "DENIED"}.get(expected)
            if answer.status != told or (code and answer.body and answer.code != code):
                wrong.append(f"{method} {kind.name} {name}: {answer.status}, not {told}")
            if (answer.header("WWW-Authenticate") is not None) is not (answer.status == 401):
                wrong.append(f"{method} {kind.name} {name}: a challenge with {answer.status}")
            wrong += _short_way(site, who, method, row.path.format(name=name), expected)
    return wrong


async def _ask(site: Site, who: Who, method: str, path: str, body: bytes = b"") -> Answer:
    site.registry.authorization = who.authorization
    return await site.registry.request(method, path, (), body)


def _short_way(site: Site, who: Who, method: str, path: str, expected: int) -> list[str]:
    """The short way answers no more than the long one would."""
    shortcut = RegistryShortcut(site.registry.house.registry, request_ids("t"))
    given = who.authorization.encode() if who.authorization else None
    fields = Fields([(b"authorization", given)] if given else [])
    brief = shortcut(method.encode(), path.encode(), fields, "127.0.0.1")
    return [] if brief is None or expected == 200 else [f"the short way answers {method} {path}"]


async def mounts(site: Site, who: Who) -> list[str]:
    """Mount from where they may pull, and from where they may not."""
    wrong = []
    for count, source in enumerate((OTHER, PUBLIC)):
        # Another layer for each, which is not in the target before.
        data = b"to be mounted %d" % count
        await site.registry.login(Role.ADMIN)
        digest = await site.registry.push_blob(data, source)
        path = f"/v2/{REPOSITORY}/blobs/uploads/?mount={digest}&from={source}"
        answer = await _ask(site, who, "POST", path)
        expected = who.status(Permission.PUSH, REPOSITORY)
        if expected == 200:
            expected = 201 if who.status(Permission.PULL, source) == 200 else 202
        if answer.status != expected:
            wrong.append(f"mount from {source}: {answer.status}, not {expected}")
    return wrong


async def tokens(site: Site, who: Who) -> list[str]:
    """Ask for all at the token endpoint, and see what is given."""
    wanted = [f"repository:{name}:pull,push,delete" for name in (REPOSITORY, OTHER, PUBLIC)]
    answer = await site.token(who.password, [*wanted, "registry:catalog:*"])
    assert answer.status == 200
    payload = answer.json["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    given = {(one["name"], action) for one in claims["access"] for action in one["actions"]}
    rights_ = who.may if who.may and who.password else who.rights
    expected = {
        (name, action)
        for name in (REPOSITORY, OTHER, PUBLIC)
        for action, permission in (
            ("pull", Permission.PULL),
            ("push", Permission.PUSH),
            ("delete", Permission.DELETE),
        )
        if permission in rights_[name]
    }
    if Permission.CATALOG in rights_[""]:
        expected.add(("catalog", "*"))
    return [] if given == expected else [f"tokens: {sorted(given ^ expected)}"]


async def assert_all(site: Site, who: Who) -> None:
    assert await everything(site, who) + await mounts(site, who) + await tokens(site, who) == []


def test_every_operation_has_a_row() -> None:
    """And needs what the row says, so that neither changes unseen."""
    served = {(kind, method): permission for kind, method, permission in operations()}
    assert served == {operation: row.needs for operation, row in ROWS.items()}
    assert set(HANDLERS) | {Kind.PING} == set(Kind)


def test_every_permission_is_asked_for_somewhere() -> None:
    """One that nothing asks for would be granted in good faith, and keep nobody out."""
    asked = set()
    root = Path(entrepot.__file__).parent
    for path in (*root.glob("faces/**/*.py"), *root.glob("services/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Permission":
                asked.add(node.attr)
    assert {one for one in Permission if one.name not in asked} == WAITING


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", WAYS)
async def test_every_operation_by_every_role_in_a_project(way: str, role: str) -> None:
    async with open_site() as site:
        await assert_all(site, await member(site, way, role))


@pytest.mark.parametrize("bearer", [False, True], ids=["basic", "bearer"])
@pytest.mark.parametrize("role", Role)
async def test_every_operation_by_every_role_of_an_account(role: Role, *, bearer: bool) -> None:
    async with open_site() as site:
        who = await of_account(site, role)
        await assert_all(site, await _bearer(site, who.password, who.rights) if bearer else who)


@pytest.mark.parametrize("bearer", [False, True], ids=["nothing", "bearer"])
async def test_every_operation_by_nobody(*, bearer: bool) -> None:
    async with open_site() as site:
        await assert_all(site, await anonymous(site, bearer=bearer))


async def test_a_grant_to_a_pattern_reaches_no_repository_beside_it() -> None:
    async with open_site() as site:
        who = await member(site, "pattern", "projectAdmin")
        await site.registry.login(Role.ADMIN)
        await site.registry.push_image("1", [LAYER], name="acme/other")
        for kind, method, permission in operations():
            if permission is not None:
                row = ROWS[kind, method]
                path = row.path.format(name="acme/other")
                answer = await _ask(site, who, method, path, row.body)
                asks = (method, kind) == ("HEAD", Kind.BLOB)
                assert answer.status == (404 if asks else 403), (method, kind)
