"""Attack: odd headers, paths, names and sizes, to be taken for somebody else."""

import base64
import json
import time
import unicodedata
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from entrepot.faces.registry.token import TokenServices, token_app
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import Target, check_area, check_project_name
from entrepot.rules.passwords import FORGET_SECONDS, check_name
from entrepot.rules.permissions import Permission
from entrepot.rules.robots import check_robot_name
from entrepot.rules.roles import Role, check_role_name
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.facts import GRANTS_MAX
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.groups import GroupService
from entrepot.settings import Auth
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import PASSWORD, PlainPasswords, Registry, basic, open_registry

MANIFEST = "/v2/acme/app/manifests/1"
ROOT = Acting(Identity("admin", Role.ADMIN, kind=Kind.USER), Caller("admin"))


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """A registry with an image in acme, and a user mia without any right to it."""
    async with open_registry(Auth()) as made:
        await made.login(Role.ADMIN)
        await made.push_image("1", name="acme/app")
        await made.add_user("mia", Role.USER)
        made.authorization = None
        yield made


async def pull(registry: Registry, *headers: tuple[str, str], path: str = MANIFEST) -> Answer:
    return await call(registry.app, "GET", path, headers)


async def token_of(registry: Registry, query: str, headers: dict[str, str]) -> Answer:
    app = token_app(TokenServices(registry.house.access, registry.house.tokens))
    return await call(app, "GET", f"/service/token?{query}", headers)


async def token_by_form(registry: Registry, body: bytes) -> Answer:
    app = token_app(TokenServices(registry.house.access, registry.house.tokens))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await call(app, "POST", "/service/token", form, body)


async def test_two_authorization_headers(registry: Registry) -> None:
    """Neither the first nor the last: a proxy may have looked at the other one."""
    good, bad = basic("admin"), basic("mia", "wrong")
    assert (await pull(registry, ("Authorization", good))).status == 200
    answer = await token_of(registry, "scope=registry:catalog:*", {"Authorization": good})
    bearer = f"Bearer {answer.json['token']}"
    pairs = [(first, last) for first in (good, bad, bearer) for last in (good, bearer, bad)]
    for pair in pairs:
        answer = await pull(registry, *(("Authorization", one) for one in pair))
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "query",
    [
        "authorization={basic}",
        "Authorization={basic}",
        "access_token={token}",
        "token={token}",
        "account=admin&password={password}",
        "username=admin&password={password}",
    ],
)
async def test_credentials_in_the_address(registry: Registry, query: str) -> None:
    """They would be in each proxy's log, and links could carry them."""
    asked = await token_of(
        registry, "scope=repository:acme/app:pull", {"Authorization": basic("admin")}
    )
    filled = query.format(
        basic=quote(basic("admin")), token=asked.json["token"], password=quote(PASSWORD)
    )
    for path in (f"{MANIFEST}?{filled}", f"{MANIFEST}#{filled}", f"{MANIFEST}%23{filled}"):
        assert (await pull(registry, path=path)).status == 401
    told = await token_of(registry, f"scope=repository:acme/app:pull&{filled}", {})
    assert told.status == 200
    claims = told.json["token"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"] == ""


NAMING = (
    "X-Forwarded-User",
    "X-Remote-User",
    "Remote-User",
    "X-Auth-Request-User",
    "X-Webauth-User",
    "X-User",
    "X-Authenticated-User",
    "Impersonate-User",
    "X-Original-Authorization",
    "Proxy-Authorization",
    "X-Client-Cert",
    "X-SSL-Client-S-DN",
    "Forwarded",
    "Cookie",
)


@pytest.mark.parametrize("name", NAMING)
async def test_headers_that_name_a_user(registry: Registry, name: str) -> None:
    for value in ("admin", basic("admin"), "CN=admin", "entrepot_session=admin"):
        assert (await pull(registry, (name, value))).status == 401
        mia = ("Authorization", basic("mia"))
        assert (await pull(registry, mia, (name, value))).status == 403


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Method-Override"]
)
async def test_headers_that_name_another_request(registry: Registry, name: str) -> None:
    for value in ("/v2/", "GET", "DELETE", "OPTIONS"):
        assert (await pull(registry, (name, value))).status == 401


@pytest.mark.parametrize(
    "value", ["Basic", "basic", "Basic ", "Basic\t", " Basic x", "BasicYWRtaW4=", "Bearer", "null"]
)
async def test_credentials_of_no_form_are_not_nobodys(registry: Registry, value: str) -> None:
    assert (await pull(registry, ("Authorization", value))).status == 401


TRAVERSALS = (
    "/v2/open/../acme/app/manifests/1",
    "/v2/open%2f..%2facme/app/manifests/1",
    "/v2/open/%2e%2e/acme/app/manifests/1",
    "/v2/open/%2E%2E%2Facme/app/manifests/1",
    "/v2/open%5c..%5cacme/app/manifests/1",
    "/v2/open\\..\\acme/app/manifests/1",
    "/v2//acme/app/manifests/1",
    "/v2/acme//app/manifests/1",
    "/v2/acme/./app/manifests/1",
    "/v2/acme%2Fapp/manifests/1%00",
    "/v2/acme/app%00/manifests/1",
    "/v2/acme/app/manifests/..%2f..%2f..%2fetc%2fpasswd",
    "/v2/acme/app/blobs/..%2f..%2fsecrets%2fmaster.keys",
    "/v2/acme/app/blobs/sha256:../../etc/passwd",
    "/v2/acme/app/blobs/uploads/..%2f..%2f..%2fetc",
    "/v2/..%2f..%2fetc/passwd/manifests/1",
    "/v2/acme/app/manifests/%ff%fe",
    "/v2/acme%252fapp/manifests/1",
    "/v2/acme/app;x=/manifests/1",
    "/v2/%61cme/app/..;/manifests/1",
)


@pytest.mark.parametrize("path", TRAVERSALS)
async def test_paths_that_climb(registry: Registry, path: str) -> None:
    """They name nothing, to an administrator as to nobody, and no file in any case."""
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        for user in ("admin", "mia", None):
            headers = {"Authorization": basic(user)} if user else {}
            answer = await call(registry.app, method, path, headers, b"")
            assert 400 <= answer.status < 500, (method, user)
            assert answer.status != 403 or user == "mia"


async def test_an_encoded_path_is_decided_on_as_what_it_means(registry: Registry) -> None:
    """One spelling for the rules and another for the rows would be a way around."""
    for path in ("/v2/%61cme/app/manifests/1", "/v2/acme/%61pp/manifests/%31"):
        assert (await pull(registry, path=path)).status == 401
        assert (await pull(registry, ("Authorization", basic("mia")), path=path)).status == 403
        assert (await pull(registry, ("Authorization", basic("admin")), path=path)).status == 200


LOOK_ALIKES = {
    "fullwidth": "\uff41cme",
    "Cyrillic": "\u0430cme",
    "Greek": "\u03b1cme",
    "dotless i": "adm\u0131n",
    "dotted capital": "ADM\u0130N",
    "long s": "\u017fystem",
    "Kelvin": "\u212aelvin",
    "combining": "acme\u0301",
    "composed": "acm\u00e9",
    "zero width": "ac\u200bme",
    "soft hyphen": "ac\u00adme",
    "right to left": "acme\u202e",
    "no-break space": "acme\u00a0",
    "ligature": "\ufb01nance",
    "superscript": "acme\u00b2",
    "Arabic digit": "acme\u0661",
    "line": "acme\n",
    "NUL": "acme\0",
    "slash": "acme\u2215app",
    "dot": "acme\u2024app",
    "tag": "acme\U000e0061",
    "surrogate": "acme\udc80",
}


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
async def test_look_alikes_are_no_names(registry: Registry, name: str) -> None:
    """Of repositories, projects, users, roles and robots: all ASCII, and nothing folds."""
    assert check_project_name(name) is not None
    assert check_area(f"{name}/app") is not None
    assert check_name(name) is not None
    assert check_role_name(name) is not None
    assert check_robot_name(name, "") is not None
    assert check_robot_name("ci", name) is not None
    with pytest.raises(Fault) as caught:
        RepositoryName.parse(f"{name}/app")
    assert caught.value.code is Code.NAME_INVALID
    path = f"/v2/{quote(name, errors='surrogatepass')}/app/manifests/1"
    answer = await pull(registry, ("Authorization", basic("admin")), path=path)
    assert (answer.status, answer.code) in {(400, "NAME_INVALID"), (404, "NAME_INVALID")}


@pytest.mark.parametrize("name", ["admin", "mia"])
async def test_look_alikes_of_a_user_do_not_log_in(registry: Registry, name: str) -> None:
    wide = "".join(chr(ord(one) + 0xFEE0) for one in name)
    assert unicodedata.normalize("NFKC", wide) == name
    tried = (wide, name.upper(), name.title(), f"{name} ", f" {name}", f"{name}\0", f"{name}\u200b",
             name.replace("i", "\u0131"), name.replace("a", "\u0430"))  # fmt: skip
    assert (await pull(registry, ("Authorization", basic(name)))).status in {200, 403}
    for one in tried:
        registry.clock.seconds += FORGET_SECONDS  # guesses are slowed
        answer = await pull(registry, ("Authorization", basic(one)))
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED"), ascii(one)


@pytest.mark.parametrize(
    "name",
    ["te\u200bam", "team\u202e", "team\n", "team\0", " team", "team ", "", "x" * 256, "\ud800"],
)
async def test_group_names_that_cannot_be_seen(registry: Registry, name: str) -> None:
    """Directories name groups in any script, so that only what is invisible is refused."""
    groups = GroupService(registry.catalog, registry.clock)
    with pytest.raises(Fault) as caught:
        await groups.make(name, "", ROOT)
    assert caught.value.code is Code.REQUEST_INVALID


async def test_a_group_that_looks_like_another_is_another(registry: Registry) -> None:
    groups = GroupService(registry.catalog, registry.clock)
    grants = GrantService(registry.catalog, registry.clock)
    await groups.make("caf\u00e9", "", ROOT)
    await grants.give(Wanted(SubjectKind.GROUP, "caf\u00e9", "acme", "projectAdmin"), ROOT)
    for name in ("cafe\u0301", "CAF\u00c9", "\uff43af\u00e9"):
        await groups.make(name, "", ROOT)
        await groups.enter(name, "mia", ROOT)
    assert (await pull(registry, ("Authorization", basic("mia")))).status == 403


PEOPLE = ("admin", "mia", "nobody", "Admin", "\uff41dmin", "x" * 500)
MACHINES = ("robot$acme+ci", "robot$no")


async def test_timing_of_user_enumeration_at_the_door(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each password of whatever name costs the same comparisons; machines' secrets have no hash."""
    compared = []

    async def verify(_self: object, password_hash: str, password: str) -> bool:
        compared.append(password)
        return password_hash == f"plain:{password}"

    monkeypatch.setattr(PlainPasswords, "verify", verify)
    counts: dict[str, list[int]] = {}
    for turn in range(3):
        for name in (*PEOPLE, *MACHINES):
            compared.clear()
            registry.clock.seconds += FORGET_SECONDS
            answer = await pull(registry, ("Authorization", basic(name, f"guess {turn}")))
            assert answer.status == 401
            counts.setdefault(name, []).append(len(compared))
    robots = {name: counts.pop(name) for name in MACHINES}
    assert {tuple(one) for one in counts.values()} == {(1, 1, 1)}
    assert {tuple(one) for one in robots.values()} == {(0, 0, 0)}


MIB = 1 << 20


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "Digest", "x" * MIB])
async def test_an_oversized_authorization(registry: Registry, scheme: str) -> None:
    for credentials in ("A" * MIB, base64.b64encode(b"admin:" + b"x" * MIB).decode(), "." * MIB):
        started = time.process_time()
        answer = await pull(registry, ("Authorization", f"{scheme} {credentials}"))
        assert answer.status == 401
        assert len(answer.body) < 1000
        assert len(answer.header("WWW-Authenticate") or "") < 1000
        assert time.process_time() - started < 1


@pytest.mark.parametrize("joined", [True, False])
async def test_ten_thousand_scopes(registry: Registry, *, joined: bool) -> None:
    scopes = [f"repository:acme/app{count}:pull,push" for count in range(10_000)]
    pairs = [("scope", " ".join(scopes))] if joined else [("scope", one) for one in scopes]
    started = time.process_time()
    answer = await token_of(registry, urlencode(pairs), {"Authorization": basic("admin")})
    assert answer.status == (200 if joined else 400)
    assert len(answer.body) < 16 * 1024
    assert time.process_time() - started < 1


async def test_an_oversized_form(registry: Registry) -> None:
    for body in (b"scope=" + b"a" * MIB, b"a=b&" * (MIB // 4), b"%" * MIB):
        answer = await token_by_form(registry, body)
        assert answer.status in {400, 413}
        assert len(answer.body) < 1000


@pytest.mark.parametrize("text", ["[", '{"a":', '{"manifests":[', '[{"a":['])
async def test_json_that_is_a_hundred_thousand_deep(registry: Registry, text: str) -> None:
    headers = {"Authorization": basic("admin"), "Content-Type": OCI_MANIFEST}
    for body in (text * 100_000, text * 100_000 + "]" * 100_000):
        answer = await call(registry.app, "PUT", "/v2/acme/app/manifests/2", headers, body.encode())
        assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("size", [256, 4096, 1 << 16])
async def test_an_oversized_name(registry: Registry, size: int) -> None:
    for path in (
        f"/v2/{'a' * size}/app/manifests/1",
        f"/v2/{'a/' * size}app/manifests/1",
        f"/v2/acme/app/manifests/{'a' * size}",
        f"/v2/acme/app/blobs/sha256:{'a' * size}",
        f"/v2/acme/app/blobs/uploads/{'A' * size}",
    ):
        answer = await pull(registry, ("Authorization", basic("admin")), path=path)
        assert 400 <= answer.status < 500
        assert len(answer.body) < 2000


async def test_ten_thousand_grants(registry: Registry) -> None:
    """Of one user in one project, as if somebody had written them all: still an answer."""
    async with registry.catalog.begin(write=True) as tx:
        for count in range(10_000):
            area = f"acme/x{count}/**"
            row = GrantRow(0, SubjectKind.USER, "mia", area, "developer", (), 0.0, "test")
            await tx.grants.add(row)
        await tx.epochs.advance(ACCESS_EPOCH)
    started = time.process_time()
    assert (await pull(registry, ("Authorization", basic("mia")))).status == 403
    path = "/v2/acme/x9999/a/manifests/1"
    assert (await pull(registry, ("Authorization", basic("mia")), path=path)).status == 404
    assert time.process_time() - started < 2
    grants = GrantService(registry.catalog, registry.clock)
    with pytest.raises(Fault) as caught:
        await grants.give(Wanted(SubjectKind.USER, "mia", "acme", "guest"), ROOT)
    assert (caught.value.code, str(GRANTS_MAX) in caught.value.message) == (Code.DENIED, True)
    explained = await registry.house.access.explain(
        Identity("mia", Role.USER, kind=Kind.USER),
        Permission.PULL,
        Target.of(RepositoryName("acme/app")),
    )
    assert len(explained.steps) < 100


async def test_addresses_that_a_client_only_claims() -> None:
    """What the server has not believed is nothing to the application."""
    async with open_registry(Auth(networks=("10.0.0.0/8",))) as registry:
        await registry.add_user("admin", Role.ADMIN)
        for name in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Via"):
            answer = await pull(registry, ("Authorization", basic("admin")), (name, "10.1.1.1"))
            assert (answer.status, answer.code) == (403, "DENIED")
        forwarded = ("Forwarded", 'for="10.1.1.1"')
        assert (await pull(registry, ("Authorization", basic("admin")), forwarded)).status == 403

        async def inside(scope: Any, receive: Any, send: Any) -> None:
            await registry.app({**scope, "client": ("10.1.1.1", 1)}, receive, send)

        answer = await call(inside, "GET", "/v2/", {"Authorization": basic("admin")})
        assert answer.status == 200
