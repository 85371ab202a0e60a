"""Attack: reaching what lies in other projects, and being first in a new one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from entrepot.faces.asgi import DRAIN, App
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.projects import Project
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.settings import Auth
from tests.faces.registry.client import Answer, call
from tests.faces.registry.registry import Registry, basic, open_registry
from tests.services.house import image, index

SECRET = b"a layer of beta alone"
MISSING = Digest.of(b"nowhere")
LOCATION = ("location", "docker-upload-uuid")


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """Projects acme, which mia runs, and beta, of which she has nothing; otto has neither."""
    async with open_registry(Auth()) as made:
        await made.login(Role.ADMIN)
        await made.push_image("1", name="acme/app")
        raw = await made.push_image("1", [SECRET], name="beta/app")
        await made.push_image(
            "signature",
            name="beta/app",
            artifactType="application/vnd.test",
            subject={
                "mediaType": OCI_MANIFEST,
                "digest": str(Digest.of(raw)),
                "size": len(raw),
            },
        )
        made.authorization = None
        for name in ("mia", "otto", "alice", "bob"):
            await made.add_user(name, Role.USER)
        await give(made, "mia", "projectAdmin")
        yield made


async def give(registry: Registry, user: str, role: str, area: str = "acme") -> None:
    async with registry.catalog.begin(write=True) as tx:
        await tx.grants.add(GrantRow(0, SubjectKind.USER, user, area, role, (), 0.0, "test"))
        await tx.epochs.advance(ACCESS_EPOCH)


async def by(
    registry: Registry, user: str, method: str, path: str, body: bytes = b"", **headers: str
) -> Answer:
    sent = {"Authorization": basic(user), **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await call(registry.app, method, path, sent, body)


def seen(answer: Answer) -> tuple[object, ...]:
    """Return an answer without what is new in each."""
    kept = [pair for pair in answer.headers if pair[0].lower() not in LOCATION]
    return answer.status, answer.body, sorted(kept)


class Reads:
    """Counts the transactions of a catalog: what takes time in an answer."""

    def __init__(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        begin: Callable[..., Any] = type(registry.catalog).begin

        def counted(catalog: Any, *args: Any, **options: Any) -> Any:
            self.count += 1
            return begin(catalog, *args, **options)

        monkeypatch.setattr(type(registry.catalog), "begin", counted)


async def test_a_mount_as_an_oracle(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """What mia may not pull looks like what is not there, in words and in work."""
    secret = Digest.of(SECRET)
    sources = {
        "forbidden repository": (secret, "beta/app"),
        "blob not in the forbidden repository": (MISSING, "beta/app"),
        "missing repository of a forbidden project": (secret, "beta/nowhere"),
    }
    reads, told, work = Reads(registry, monkeypatch), set(), set()
    for digest, source in sources.values():
        path = f"/v2/acme/app/blobs/uploads/?mount={digest}&from={source}"
        await by(registry, "mia", "POST", path)
        before = reads.count
        answer = await by(registry, "mia", "POST", path)
        told.add(str(seen(answer)))
        work.add(reads.count - before)
    assert (len(told), len(work)) == (1, 1)
    for query in (
        f"mount={secret}&from=none/app",
        f"mount={MISSING}&from=acme/app",
        f"mount={secret}",
    ):
        answer = await by(registry, "mia", "POST", f"/v2/acme/app/blobs/uploads/?{query}")
        assert {str(seen(answer))} == told
    # It was an answer to her, and the blob is not in her repository.
    assert answer.status == 202
    assert (await by(registry, "mia", "HEAD", f"/v2/acme/app/blobs/{secret}")).status == 404


async def test_a_mount_from_where_one_may_pull(registry: Registry) -> None:
    """So that the oracle's test is one of access, and not of mounts that never work."""
    await give(registry, "mia", "guest", "beta/app")
    path = f"/v2/acme/app/blobs/uploads/?mount={Digest.of(SECRET)}&from=beta/app"
    assert (await by(registry, "mia", "POST", path)).status == 201


PATHS = (
    "tags/list",
    "tags/list?n=0",
    "manifests/1",
    f"manifests/{Digest.of(image([SECRET]))}",
    f"blobs/{Digest.of(SECRET)}",
    f"referrers/{Digest.of(image([SECRET]))}",
)


@pytest.mark.parametrize("path", PATHS)
async def test_who_may_not_pull_cannot_tell_what_is_there(registry: Registry, path: str) -> None:
    """Of a project that there is: repositories and tags that are not there look the same."""
    for method in ("GET", "HEAD"):
        there = await by(registry, "mia", method, f"/v2/beta/app/{path}")
        missing = await by(registry, "mia", method, f"/v2/beta/nil/{path}")
        asks = method == "HEAD" and path.startswith("blobs/")
        assert there.status == missing.status == (404 if asks else 403)
        assert there.body == missing.body.replace(b"beta/nil", b"beta/app")
    nobody = await call(registry.app, "GET", f"/v2/beta/app/{path}")
    assert nobody.status == 401


@pytest.mark.parametrize("path", [*PATHS[3:5], "manifests/signature"])
async def test_a_digest_of_another_project_is_not_found_in_ones_own(
    registry: Registry, path: str
) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        assert (await by(registry, "mia", method, f"/v2/acme/app/{path}")).status == 404


async def test_referrers_of_another_project_are_not_listed_in_ones_own(registry: Registry) -> None:
    subject = Digest.of(image([SECRET]))
    mine = await by(registry, "mia", "GET", f"/v2/acme/app/referrers/{subject}")
    assert mine.json["manifests"] == []
    root = await by(registry, "admin", "GET", f"/v2/beta/app/referrers/{subject}")
    assert len(root.json["manifests"]) == 1


async def test_the_catalog_is_for_who_may_list_all(registry: Registry) -> None:
    for user in ("mia", "otto"):
        answer = await by(registry, user, "GET", "/v2/_catalog?last=acme")
        assert answer.status == 403
        assert b"beta" not in answer.body


async def test_a_manifest_does_not_fetch_blobs_of_another_project(registry: Registry) -> None:
    """Naming a digest that she never had must not make it hers."""
    raw = image([SECRET])
    put = await by(
        registry, "mia", "PUT", "/v2/acme/app/manifests/x", raw, Content_Type=OCI_MANIFEST
    )
    assert (put.status, put.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    raw = index([image([SECRET])])
    put = await by(registry, "mia", "PUT", "/v2/acme/app/manifests/x", raw, Content_Type=OCI_INDEX)
    assert (put.status, put.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert (
        await by(registry, "mia", "HEAD", f"/v2/acme/app/blobs/{Digest.of(SECRET)}")
    ).status == 404
    finish = f"/v2/acme/app/blobs/uploads/?digest={Digest.of(SECRET)}"
    assert (await by(registry, "mia", "POST", finish)).code == "DIGEST_INVALID"


async def test_the_upload_session_of_somebody_else(registry: Registry) -> None:
    """It is good in its repository, for who may push there, and cannot be guessed."""
    await give(registry, "alice", "developer")
    started = await by(registry, "alice", "POST", "/v2/acme/app/blobs/uploads/")
    place = str(started.header("Location"))
    session = place.rpartition("/")[2]
    data = b"of alice"
    assert (await by(registry, "alice", "PATCH", place, data)).status == 202
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        query = f"?digest={Digest.of(data)}" if method == "PUT" else ""
        # Not for who may not push there, nor for nobody.
        assert (await by(registry, "otto", method, place + query)).status == 403
        assert (await call(registry.app, method, place + query)).status == 401
        # Not in another repository, though she may push to it.
        for name in ("acme/other", "acme/app/x"):
            path = f"/v2/{name}/blobs/uploads/{session}{query}"
            answer = await by(registry, "mia", method, path)
            assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")
        for guess in (session[:-1] + ("A" if session[-1] != "A" else "B"), session[::-1], "A" * 24):
            path = f"/v2/acme/app/blobs/uploads/{guess}{query}"
            assert (await by(registry, "mia", method, path)).status == 404
    assert len(session) >= 20
    # After all that it is as it was.
    assert (await by(registry, "alice", "GET", place)).header("Range") == f"0-{len(data) - 1}"
    assert (await by(registry, "alice", "PUT", f"{place}?digest={Digest.of(data)}")).status == 201


def held(app: App, body: bytes, gate: asyncio.Event, begun: asyncio.Event) -> App:
    """Return the application with a client whose body comes when the gate opens."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def wait() -> None:
            begun.set()
            await gate.wait()

        async def late() -> Any:
            await wait()
            return {"type": "http.request", "body": body, "more_body": False}

        async def drain(write: Callable[[memoryview], None]) -> None:
            await wait()
            write(memoryview(body))

        del receive
        await app({**scope, "extensions": {DRAIN: {"drain": drain}}}, late, send)

    return wrapped


@pytest.mark.parametrize("what", ["manifest", "blob"])
async def test_two_are_first_in_a_new_project(registry: Registry, what: str) -> None:
    """Alice was told yes, as there was no project; then it is bob's before she has done."""
    gate, begun = asyncio.Event(), asyncio.Event()
    body = index([])
    path = {
        "manifest": "/v2/newp/app/manifests/1",
        "blob": f"/v2/newp/app/blobs/uploads/?digest={Digest.of(body)}",
    }[what]
    method = "PUT" if what == "manifest" else "POST"
    headers = {"Authorization": basic("alice"), "Content-Type": OCI_INDEX}
    slow = asyncio.create_task(
        call(held(registry.app, body, gate, begun), method, path, headers, body)
    )
    await begun.wait()
    mine = index([], annotations={"of": "bob"})
    put = await by(registry, "bob", "PUT", "/v2/newp/app/manifests/1", mine, Content_Type=OCI_INDEX)
    assert put.status == 201
    gate.set()
    answer = await slow
    assert (answer.status, answer.code) == (403, "DENIED")
    assert "somebody else has just made project newp" in answer.message
    # It is bob's alone, with what he pushed.
    assert (await by(registry, "bob", "GET", "/v2/newp/app/manifests/1")).body == mine
    assert (
        await by(registry, "bob", "HEAD", f"/v2/newp/app/blobs/{Digest.of(body)}")
    ).status == 404
    for path in ("/v2/newp/app/manifests/1", "/v2/newp/app/tags/list"):
        assert (await by(registry, "alice", "GET", path)).status == 403
    async with registry.catalog.begin() as tx:
        assert [row.subject for row in await tx.grants.page("newp", 0, 10)] == ["bob"]


async def test_who_may_push_everywhere_does_not_run_what_they_make(registry: Registry) -> None:
    """A grant of pushes in the whole registry is not project.create, nor all of a new project."""
    await registry.add_user("gil", Role.GUEST)
    await give(registry, "gil", "developer", "*")
    put = await by(
        registry, "gil", "PUT", "/v2/newp/app/manifests/1", index([]), Content_Type=OCI_INDEX
    )
    assert put.status in {201, 403}
    async with registry.catalog.begin() as tx:
        assert await tx.grants.page("newp", 0, 10) == []
    assert (await by(registry, "gil", "DELETE", "/v2/newp/app/manifests/1")).status == 403


async def test_a_projects_networks(registry: Registry) -> None:
    """Nobody comes to its repositories from elsewhere, whatever they say of where they are."""
    async with registry.catalog.begin(write=True) as tx:
        project = await tx.projects.find("acme")
        assert isinstance(project, Project)
        await tx.projects.change(replace(project, networks=("10.0.0.0/8",)))
        await tx.epochs.advance(ACCESS_EPOCH)
    spoofed = dict.fromkeys(("X_Forwarded_For", "X_Real_Ip", "Client_Ip"), "10.1.1.1")
    spoofed["Forwarded"] = "for=10.1.1.1"
    for user in ("mia", "admin"):
        for path in ("manifests/1", "tags/list", f"referrers/{MISSING}", f"blobs/{MISSING}"):
            answer = await by(registry, user, "GET", f"/v2/acme/app/{path}", b"", **spoofed)
            assert (answer.status, answer.code) == (403, "DENIED")
    # Nor by a mount into another project.
    digest = Digest.of(b"{}")
    path = f"/v2/other/app/blobs/uploads/?mount={digest}&from=acme/app"
    assert (await by(registry, "admin", "POST", path)).status == 202

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await registry.app({**scope, "client": ("10.1.1.1", 1)}, receive, send)

    headers = {"Authorization": basic("mia")}
    assert (await call(inside, "GET", "/v2/acme/app/manifests/1", headers)).status == 200
