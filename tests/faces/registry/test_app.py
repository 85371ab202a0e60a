"""The registry face as a whole: methods, the ping, and who may do what (I10)."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.roles import Role
from tests.faces.registry.client import Answer, Broken
from tests.faces.registry.registry import PASSWORD, Registry, basic
from tests.services.house import image

DATA = b"layer"
DIGEST = Digest.of(DATA)
RAW = image([DATA])
ABSENT = Digest.of(b"absent")
REALM = 'Bearer realm="http://registry.test:5000/service/token",service="entrepot"'

ADDRESSES = {
    "/v2/": "HEAD, GET",
    "/v2": "HEAD, GET",
    "/v2/_catalog": "HEAD, GET",
    "/v2/app/tags/list": "HEAD, GET",
    f"/v2/app/referrers/{DIGEST}": "HEAD, GET",
    "/v2/app/manifests/v1": "HEAD, GET, PUT, DELETE",
    f"/v2/app/blobs/{DIGEST}": "HEAD, GET, DELETE",
    "/v2/app/blobs/uploads/": "POST",
    "/v2/app/blobs/uploads/0": "HEAD, GET, PATCH, PUT, DELETE",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]


# Addresses and methods ---------------------------------------------------------------------------


@pytest.mark.parametrize("path, allowed", ADDRESSES.items())
async def test_other_methods_are_told_which_there_are(
    registry: Registry, path: str, allowed: str
) -> None:
    served = allowed.split(", ")
    for method in METHODS:
        answer = await registry.request(method, path)
        assert (answer.status == 405) == (method not in served), method
        if answer.status == 405:
            assert answer.header("Allow") == allowed
            assert method == "HEAD" or answer.code == "UNSUPPORTED"


async def test_a_refused_delete_says_what_the_address_takes(registry: Registry) -> None:
    """RFC 9110 section 15.5.6: a 405 has an Allow header, whatever the reason."""
    await registry.push_image("v1", [DATA])
    answer = await registry.request("DELETE", f"/v2/app/blobs/{DIGEST}")
    assert (answer.status, answer.header("Allow")) == (405, "HEAD, GET, DELETE")


@pytest.mark.parametrize("path", ["/v2/app", "/v2/_catalog/x", "/v2/app/other/x", "/v2/x/tags/y"])
@pytest.mark.parametrize("method", METHODS)
async def test_other_addresses_are_not_found(registry: Registry, path: str, method: str) -> None:
    answer = await registry.request(method, path)
    assert answer.status == 404
    assert method == "HEAD" or answer.code == "NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    ["/v2/", "/v2/_catalog", "/v2/app/tags/list", f"/v2/app/referrers/{DIGEST}", "/v2/x/tags/list"],
)
async def test_head_says_what_get_would(registry: Registry, path: str) -> None:
    await registry.push_image("v1", [DATA])
    got, headed = await registry.get(path), await registry.head(path)
    assert (headed.status, headed.headers, headed.body) == (got.status, got.headers, b"")


async def test_the_ping(registry: Registry) -> None:
    for path in ("/v2/", "/v2"):
        answer = await registry.get(path)
        assert (answer.status, answer.json) == (200, {})
        assert answer.header("Content-Type") == "application/json"


@pytest.mark.parametrize("query", ["&".join("x=y" for _ in range(300)), "x=%ff", "a=1&b=%c3%28"])
async def test_a_query_that_cannot_be_read(registry: Registry, query: str) -> None:
    for path in ("/v2/_catalog", "/v2/app/tags/list", f"/v2/app/referrers/{DIGEST}"):
        answer = await registry.get(f"{path}?{query}")
        assert (answer.status, answer.code) == (400, "REQUEST_INVALID")
    answer = await registry.request("POST", f"/v2/app/blobs/uploads/?{query}")
    assert (answer.status, answer.code) == (400, "REQUEST_INVALID")


# Who may do what ---------------------------------------------------------------------------------


async def attempt(registry: Registry, action: str, name: str) -> int:
    """Do something in a repository that has the blob and tags v1 and v2; return the status."""
    base = f"/v2/{name}"
    requests: dict[str, tuple[str, str, bytes]] = {
        "pull manifest": ("GET", f"{base}/manifests/v1", b""),
        "pull blob": ("GET", f"{base}/blobs/{DIGEST}", b""),
        "head blob": ("HEAD", f"{base}/blobs/{DIGEST}", b""),
        "list tags": ("GET", f"{base}/tags/list", b""),
        "list referrers": ("GET", f"{base}/referrers/{DIGEST}", b""),
        "start upload": ("POST", f"{base}/blobs/uploads/", b""),
        "push blob": ("POST", f"{base}/blobs/uploads/?digest={DIGEST}", DATA),
        "push manifest": ("PUT", f"{base}/manifests/v3", RAW),
        "delete tag": ("DELETE", f"{base}/manifests/v2", b""),
        "delete manifest": ("DELETE", f"{base}/manifests/{Digest.of(RAW)}", b""),
        "list catalog": ("GET", "/v2/_catalog", b""),
    }
    method, path, body = requests[action]
    return (await registry.request(method, path, (), body)).status


PULLS = ["pull manifest", "pull blob", "head blob", "list tags", "list referrers"]
PUSHES = ["start upload", "push blob", "push manifest"]
DELETES = ["delete tag", "delete manifest"]
GOOD = {
    **dict.fromkeys(PULLS, 200),
    **dict.fromkeys(DELETES, 202),
    "start upload": 202,
    "push blob": 201,
    "push manifest": 201,
    "list catalog": 200,
}
MAY = {
    None: [],
    Role.GUEST: [*PULLS, "list catalog"],
    Role.DEVELOPER: [*PULLS, *PUSHES, "list catalog"],
    Role.MAINTAINER: [*PULLS, *PUSHES, *DELETES, "list catalog"],
    Role.ADMIN: [*PULLS, *PUSHES, *DELETES, "list catalog"],
}


@pytest.mark.parametrize("action", GOOD)
@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize("name", ["acme/app", "public/app"])
async def test_a_role_with_a_password(
    closed: Registry, role: Role | None, action: str, name: str
) -> None:
    await closed.login(Role.ADMIN)
    await closed.push_image("v1", [DATA], name)
    await closed.push_manifest(RAW, "v2", name=name)
    await closed.login(role)
    public = name.startswith("public/") and action in PULLS
    # 401 while a login could help, 403 when the user can never do it.
    refusal = 401 if role is None else 403
    expected = GOOD[action] if public or action in MAY[role] else refusal
    assert await attempt(closed, action, name) == expected


@pytest.mark.parametrize("action", [a for a in GOOD if a != "list catalog"])
@pytest.mark.parametrize(
    "scope, allowed",
    [
        ("", []),
        ("repository:acme/app:pull", PULLS),
        ("repository:acme/app:pull,push", [*PULLS, *PUSHES]),
        ("repository:acme/app:push", PUSHES),
        ("repository:acme/app:delete", DELETES),
        ("repository:acme/app:*", [*PULLS, *PUSHES, *DELETES]),
        ("repository:acme/other:*", []),
        ("registry:catalog:*", []),
    ],
)
async def test_a_token_gives_no_more_than_its_scope(
    closed: Registry, scope: str, allowed: list[str], action: str
) -> None:
    await closed.login(Role.ADMIN)
    await closed.push_image("v1", [DATA], "acme/app")
    await closed.push_manifest(RAW, "v2", name="acme/app")
    await closed.use_token(Role.MAINTAINER, scope)
    # Another token could help, so it is 401 and never 403.
    assert await attempt(closed, action, "acme/app") == (GOOD[action] if action in allowed else 401)


async def test_a_token_gives_no_more_than_the_role(closed: Registry) -> None:
    await closed.use_token(Role.GUEST, "repository:acme/app:pull,push,delete")
    answer = await closed.request("POST", "/v2/acme/app/blobs/uploads/")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert "for role developer" in answer.message


async def test_the_catalog_needs_its_own_scope(closed: Registry) -> None:
    await closed.use_token(Role.GUEST, "registry:catalog:*")
    assert (await closed.get("/v2/_catalog")).status == 200
    await closed.use_token(Role.GUEST, "repository:acme/app:pull")
    assert (await closed.get("/v2/_catalog")).status == 401


async def test_an_anonymous_token_pulls_what_is_public(closed: Registry) -> None:
    await closed.login(Role.ADMIN)
    for name in ("public/app", "acme/app"):
        await closed.push_image("v1", [DATA], name)
    await closed.use_token(None, "repository:public/app:pull", "repository:acme/app:pull")
    assert (await closed.get("/v2/public/app/manifests/v1")).status == 200
    assert (await closed.get("/v2/acme/app/manifests/v1")).status == 401


async def test_what_is_not_there_shows_only_to_those_who_may_look(closed: Registry) -> None:
    url = "/v2/acme/none/manifests/v1"
    assert (await closed.get(url)).code == "UNAUTHORIZED"
    await closed.login(Role.GUEST)
    assert (await closed.get(url)).code == "NAME_UNKNOWN"


async def test_a_missing_blob_is_404_and_never_403_for_who_may_push(closed: Registry) -> None:
    async def ask() -> list[int]:
        paths = [f"/v2/acme/new/blobs/{ABSENT}", "/v2/acme/new/manifests/v1"]
        return [(await closed.head(path)).status for path in paths]

    for role in (Role.DEVELOPER, Role.MAINTAINER, Role.ADMIN):
        await closed.login(role)
        assert await ask() == [404, 404]
        await closed.use_token(role, "repository:acme/new:pull,push")
        assert await ask() == [404, 404]


@pytest.mark.parametrize(
    "authorization",
    [
        basic("guest", "wrong horse"),
        basic("nobody"),
        "Basic",
        "Basic !!!",
        "Basic " + "QUFB" * 9999,
        "Basic bm9jb2xvbg==",
        "Bearer",
        "Bearer x.y.z",
        "Bearer " + "a" * 99999,
        "Digest username=x",
        "",
        "\xe9",
    ],
)
async def test_bad_credentials_are_never_anonymous(closed: Registry, authorization: str) -> None:
    await closed.login(Role.ADMIN)
    await closed.push_image("v1", [DATA], "public/app")
    await closed.add_user("guest", Role.GUEST)
    closed.authorization = authorization
    for path in ("/v2/", "/v2/public/app/manifests/v1", "/v2/nothing"):
        answer = await closed.get(path)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        assert str(answer.header("WWW-Authenticate")).startswith("Bearer realm=")


async def test_i10_a_denied_request_leaves_no_row(closed: Registry) -> None:
    await closed.add_user("guest", Role.GUEST)
    for authorization in (None, basic("guest"), basic("guest", "wrong horse")):
        closed.authorization = authorization
        for action in [*PUSHES, *DELETES]:
            assert await attempt(closed, action, "acme/app") in (401, 403)
        source = f"/v2/acme/app/blobs/uploads/?mount={DIGEST}"
        assert (await closed.request("POST", source)).status in (401, 403)
    async with closed.catalog.begin() as tx:
        assert await tx.repositories.find(RepositoryName("acme/app")) is None
        assert await tx.blobs.find(DIGEST) is None
        assert await tx.outbox.after(0, 10) == []
        assert await tx.uploads.expired(float("inf"), 10) == []
    assert closed.disk.files == {}


async def test_a_large_body_is_not_read_before_the_refusal(closed: Registry) -> None:
    # Reading it would tell that the client went away.
    for method, path in (
        ("PUT", "/v2/acme/app/manifests/v1"),
        ("POST", f"/v2/acme/app/blobs/uploads/?digest={DIGEST}"),
        ("PATCH", "/v2/acme/app/blobs/uploads/0"),
    ):
        answer = await closed.request(method, path, (), Broken(b"x"))
        assert answer.status == 401


@pytest.mark.parametrize("source", ["acme/secret", "acme/none"])
async def test_a_mount_does_not_tell_what_there_is(closed: Registry, source: str) -> None:
    await closed.login(Role.ADMIN)
    await closed.push_blob(DATA, "acme/secret")
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    for query in (f"mount={DIGEST}&from={source}", f"mount={DIGEST}"):
        answer = await closed.request("POST", f"/v2/acme/app/blobs/uploads/?{query}")
        assert (answer.status, answer.header("Docker-Content-Digest")) == (202, None)
    scopes = ["repository:acme/app:pull,push", "repository:acme/secret:pull"]
    await closed.use_token(Role.DEVELOPER, *scopes)
    answer = await closed.request("POST", f"/v2/acme/app/blobs/uploads/?mount={DIGEST}")
    assert answer.status == 201


async def test_who_changed_is_remembered(closed: Registry) -> None:
    await closed.login(Role.DEVELOPER)
    await closed.push_blob(b"{}")
    headers = {"Content-Type": "", "User-Agent": "docker/28.5 " + "x" * 500}
    await closed.request("PUT", "/v2/app/manifests/v1", headers, image([]))
    async with closed.catalog.begin() as tx:
        repository = await tx.repositories.find(RepositoryName("library/app"))
        assert repository is not None
        (move,) = await tx.tags.history(repository.id, Tag("v1"), 10)
    assert move.actor == "developer"
    assert move.client.startswith("docker/28.5 x")
    assert len(move.client) == 200


# Challenges --------------------------------------------------------------------------------------


def challenge(answer: Answer) -> str:
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    return str(answer.header("WWW-Authenticate"))


@pytest.mark.parametrize(
    "method, path, scope",
    [
        ("GET", "/v2/", ""),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
        ("GET", "/v2/app/manifests/v1", "repository:app:pull"),
        ("GET", "/v2/library/app/manifests/v1", "repository:library/app:pull"),
        ("GET", f"/v2/acme/app/blobs/{DIGEST}", "repository:acme/app:pull"),
        ("GET", "/v2/acme/app/tags/list", "repository:acme/app:pull"),
        ("GET", f"/v2/acme/app/referrers/{DIGEST}", "repository:acme/app:pull"),
        ("PUT", "/v2/acme/app/manifests/v1", "repository:acme/app:pull,push"),
        ("POST", "/v2/acme/app/blobs/uploads/", "repository:acme/app:pull,push"),
        (
            "POST",
            f"/v2/acme/app/blobs/uploads/?mount={DIGEST}&from=base/os",
            "repository:acme/app:pull,push repository:base/os:pull",
        ),
        (
            "POST",
            f"/v2/acme/app/blobs/uploads/?mount={DIGEST}&from=%22x",
            "repository:acme/app:pull,push",
        ),
        ("PATCH", "/v2/acme/app/blobs/uploads/0", "repository:acme/app:pull,push"),
        ("PUT", "/v2/acme/app/blobs/uploads/0", "repository:acme/app:pull,push"),
        ("GET", "/v2/acme/app/blobs/uploads/0", "repository:acme/app:pull,push"),
        ("DELETE", "/v2/acme/app/blobs/uploads/0", "repository:acme/app:pull,push"),
        ("DELETE", "/v2/acme/app/manifests/v1", "repository:acme/app:delete"),
        ("DELETE", f"/v2/acme/app/blobs/{DIGEST}", "repository:acme/app:delete"),
    ],
)
async def test_the_challenge_names_the_scope_that_is_needed(
    closed: Registry, method: str, path: str, scope: str
) -> None:
    expected = f'{REALM},scope="{scope}"' if scope else REALM
    assert challenge(await closed.request(method, path)) == expected
    # A token that carries just this scope is enough to be let in.
    if "app" in path and "%22" not in path:
        await closed.use_token(Role.ADMIN, scope)
        assert (await closed.request(method, path)).status not in (401, 403)


async def test_a_token_without_the_scope_is_told_so(closed: Registry) -> None:
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull")
    answer = await closed.request("POST", "/v2/acme/app/blobs/uploads/")
    scope = 'scope="repository:acme/app:pull,push",error="insufficient_scope"'
    told = 'error_description="the token does not allow to push acme/app: ask for that scope"'
    assert challenge(answer) == f"{REALM},{scope},{told}"


async def test_podman_and_dockerd_learn_from_the_ping_how_to_log_in(closed: Registry) -> None:
    assert challenge(await closed.get("/v2/")) == REALM
    closed.authorization = basic("guest", PASSWORD)
    await closed.add_user("guest", Role.GUEST)
    assert (await closed.get("/v2/")).status == 200
    # `docker login` ends with a token that has no scope.
    await closed.use_token(Role.GUEST)
    assert (await closed.get("/v2/")).status == 200


async def test_containerd_heads_without_a_ping_and_learns_the_scope(closed: Registry) -> None:
    answer = await closed.head("/v2/acme/app/manifests/v1")
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == f'{REALM},scope="repository:acme/app:pull"'


async def test_containers_image_cancels_with_the_rights_of_a_push(closed: Registry) -> None:
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    location = await closed.start_upload("acme/app")
    assert (await closed.request("DELETE", location)).status == 204
