"""The short way to a manifest says just what the application says, or nothing."""

import asyncio
from collections.abc import AsyncIterator, Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.faces.registry import shortcut as module
from entrepot.faces.registry.shortcut import RegistryShortcut
from entrepot.faces.root import request_ids
from entrepot.faces.shortcut import Brief, Fields, Later
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.rules.roles import Role
from entrepot.settings import Auth
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import index

ACCEPT = f"{OCI_MANIFEST}, {OCI_INDEX}"


@pytest.fixture
async def closed() -> AsyncIterator[Registry]:
    """A registry that asks for a login."""
    async with open_registry(auth=Auth(anonymous_pull=("public/*",))) as registry:
        await registry.login(Role.ADMIN)
        yield registry


def at_once(answer: Brief | Later | None) -> Brief | None:
    """Return what was said without waiting, as it always is with an embedded catalog."""
    assert answer is None or isinstance(answer, Brief)
    return answer


class Short:
    """Asks the short way and the application, and compares."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.shortcut = RegistryShortcut(registry.house.registry, request_ids("t"))
        self.fields: dict[tuple[tuple[str, str], ...], Fields] = {}

    async def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> Brief | None:
        """Return the short answer; fail if the application's is another one."""
        authorization = self.registry.authorization
        pairs = {"Accept": ACCEPT, **(headers or {})}
        known = [("Authorization", authorization)] if authorization else []
        sent = (*pairs.items(), *known)
        raw = [(key.lower().encode(), value.encode("latin-1")) for key, value in sent]
        fields = self.fields.setdefault(sent, Fields(raw))
        brief = at_once(self.shortcut(method.encode(), path.encode("latin-1"), fields, ""))
        answer = await self.registry.request(method, path, pairs)
        if brief is None:
            return None
        lines = brief.head.decode("latin-1").split("\r\n")
        short = {tuple(line.lower().split(": ", 1)) for line in lines[1:-1]}
        assert ("x-request-id", brief.request_id) in short
        whole = {(key.lower(), value.lower()) for key, value in answer.headers}
        assert short - {("x-request-id", brief.request_id)} == whole
        assert lines[0] == f"HTTP/1.1 {answer.status} OK"
        assert brief.body == answer.body
        return brief


async def test_by_tag_and_by_digest(registry: Registry) -> None:
    short, raw = Short(registry), await registry.push_image("v1")
    for reference in ("v1", Digest.of(raw)):
        for method in ("GET", "HEAD", "GET"):
            assert await short.ask(f"/v2/app/manifests/{reference}", method=method)
    assert await short.ask("/v2/app/manifests/v1")


async def test_what_is_counted_is_left_to_the_application(registry: Registry) -> None:
    await registry.push_image("v1")
    aside = frozenset({b"GET", b"HEAD"})
    shortcut = RegistryShortcut(registry.house.registry, request_ids("t"), aside=aside)
    for method in aside:
        assert shortcut(method, b"/v2/app/manifests/v1", Fields([]), "192.0.2.1") is None
    assert shortcut(b"POST", b"/v2/app/blobs/uploads/", Fields([]), "192.0.2.1") is not None


async def test_a_tag_that_moved_shows_where_it_is_now(registry: Registry) -> None:
    short, path = Short(registry), "/v2/app/manifests/v1"
    for number in range(3):
        raw = await registry.push_image("v1", [b"layer %d" % number])
        await asyncio.sleep(0)  # the loop turns between two requests of one client
        brief = await short.ask(path)
        assert brief is not None
        assert brief.body == raw
    await registry.request("DELETE", path)
    await asyncio.sleep(0)
    assert await short.ask(path) is None


async def test_within_one_turn_of_the_loop_the_catalog_is_asked_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.push_image("v1")
    pull, count = registry.house.registry.pull, 0
    version = pull.version

    async def counted() -> int:
        nonlocal count
        count += 1
        return await version()

    monkeypatch.setattr(pull, "version", counted)
    shortcut = RegistryShortcut(registry.house.registry, request_ids("t"))
    fields = Fields([])
    for turn in range(3):
        for _ in range(5):
            assert shortcut(b"GET", b"/v2/app/manifests/v1", fields, "")
        assert count == turn + 1
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"sha256:0"'},
        {"If-Match": "*"},
        {"Range": "bytes=0-1"},
        {"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
        {"Authorization": "Basic eDp5"},
    ],
)
async def test_what_is_not_plain_goes_the_usual_way(
    registry: Registry, headers: dict[str, str]
) -> None:
    short, _ = Short(registry), await registry.push_image("v1")
    assert await short.ask("/v2/app/manifests/v1", headers) is None


@pytest.mark.parametrize(
    "path",
    [
        "/v2/app/manifests/none",
        "/v2/none/manifests/v1",
        "/v2/app/manifests/v1?x",
        "/v2/app/manifests/%76%31",
        "/v2/app/blobs/v1",
        "/v2/app/tags/list",
        "/v2/app//manifests/v1",
        "/v2/App/manifests/v1",
        "/v2/",
        "/",
    ],
)
async def test_other_targets_go_the_usual_way(registry: Registry, path: str) -> None:
    short, _ = Short(registry), await registry.push_image("v1")
    assert short.shortcut(b"GET", path.encode(), Fields([]), "") is None


async def test_what_may_be_warned_of_goes_the_usual_way(registry: Registry) -> None:
    short = Short(registry)
    note = {"vnd.microsoft.artifact.lifecycle.end-of-life.date": "2099-01-01"}
    await registry.push_image("v1", annotations=note)
    assert await short.ask("/v2/app/manifests/v1") is None


async def test_large_manifests_go_the_usual_way(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BODY_MAX_BYTES", 10)
    short, _ = Short(registry), await registry.push_image("v1")
    assert await short.ask("/v2/app/manifests/v1") is None


async def test_a_bounded_number_is_remembered(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENTRIES_MAX", 2)
    monkeypatch.setattr(module, "NAMES_MAX", 2)
    short = Short(registry)
    for number in range(4):
        await registry.push_image("v1", name=f"app{number}")
    for number in (0, 1, 2, 3, 0):
        assert await short.ask(f"/v2/app{number}/manifests/v1")
    assert len(short.shortcut._entries) == 2
    raw = await registry.push_image("v2")
    monkeypatch.setattr(module, "BODIES_MAX_BYTES", len(raw))
    assert await short.ask("/v2/app/manifests/v2")
    assert len(short.shortcut._entries) == 1
    assert short.shortcut._bodies_bytes == len(raw)


async def test_who_may_not_pull_hears_it_from_the_application(closed: Registry) -> None:
    await closed.push_image("v1", name="acme/app")
    await closed.push_image("v1", name="public/app")
    short, path = Short(closed), "/v2/acme/app/manifests/v1"
    for scope, allowed in (("acme/app:pull", True), ("acme/app:push", False), ("a/b:pull", False)):
        await closed.use_token(Role.DEVELOPER, f"repository:{scope}")
        assert bool(await short.ask(path)) is allowed
    await closed.login(None)
    assert await short.ask(path) is None
    assert await short.ask("/v2/public/app/manifests/v1")


@pytest.mark.parametrize("change", ["role", "removed", "expired"])
async def test_a_yes_ends_with_what_it_stood_on(closed: Registry, change: str) -> None:
    await closed.push_image("v1", name="acme/app")
    await closed.use_token(Role.GUEST, "repository:acme/app:pull")
    short, path = Short(closed), "/v2/acme/app/manifests/v1"
    assert await short.ask(path)
    if change == "role":
        await closed.house.accounts.change("guest", role=Role.DEVELOPER)
    elif change == "removed":
        await closed.house.accounts.remove("guest")
    else:
        closed.clock.seconds += 100_000
        asker = next(iter(short.fields.values())).memo
        (key,) = asker.may
        asker.may[key] = (asker.may[key][0], -1.0)  # as if a second had passed
    await asyncio.sleep(0)
    assert await short.ask(path) is None


@pytest.mark.parametrize("name", ["app", "library/app", "acme/blobs/uploads"])
async def test_where_to_push(closed: Registry, name: str) -> None:
    path, headers = f"/v2/{name}/blobs/uploads/", {"Content-Length": "0"}
    short = Short(closed)
    for scope, allowed in ((f"{name}:push,pull", True), (f"{name}:pull", False)):
        await closed.use_token(Role.DEVELOPER, f"repository:{scope}")
        known = [(b"authorization", str(closed.authorization).encode())]
        brief = at_once(short.shortcut(b"POST", path.encode(), Fields(known), ""))
        assert (brief is not None) is allowed
        answer = await closed.request("POST", path, headers)
        if brief is None:
            assert answer.status == 401
            continue
        lines = [line.split(": ", 1) for line in brief.head.decode().split("\r\n")[1:-1]]
        names = {line[0].lower() for line in lines}
        assert names - {"x-request-id"} == {key.lower() for key, _ in answer.headers}
        location = dict(lines)["Location"]
        pushed = await closed.request("PUT", f"{location}?digest={Digest.of(b'x')}", (), b"x")
        assert pushed.status == 201
    assert short.shortcut(b"POST", f"{path}?mount=x".encode(), Fields(known), "") is None


TARGETS = st.sampled_from(["v1", "v2", "none", "sha256:" + "0" * 64, "v1?a", "V1", "", "a" * 129])


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["GET", "HEAD", "push", "delete", "index"]), TARGETS), max_size=12
    )
)
async def test_in_any_order_both_ways_agree(steps: list[tuple[str, str]]) -> None:
    async with open_registry() as registry:
        short = Short(registry)
        raw = await registry.push_image("v1")
        for number, (what, reference) in enumerate(steps):
            await asyncio.sleep(0)
            path = f"/v2/app/manifests/{reference}"
            if what == "push":
                await registry.push_image(f"v{number % 3}", [b"%d" % number])
            elif what == "index":
                await registry.push_index(index([raw], annotations={"n": f"{number}"}), "v2")
            elif what == "delete":
                await registry.request("DELETE", "/v2/app/manifests/v2")
            else:
                await short.ask(path, method=what)


async def test_a_catalog_far_away_is_waited_for(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.push_image("v1")
    pull = registry.house.registry.pull
    version = pull.version

    async def far() -> int:
        await asyncio.sleep(0)
        return await version()

    monkeypatch.setattr(pull, "version", far)
    shortcut = RegistryShortcut(registry.house.registry, request_ids("t"))
    asked = (b"GET", b"/v2/app/manifests/v1", Fields([]), "")
    assert shortcut(*asked) is None  # the first time it finds that out
    for _ in range(2):
        later = shortcut(*asked)
        assert isinstance(later, Coroutine)
        brief = await later
        answer = await registry.request("GET", "/v2/app/manifests/v1")
        assert brief is not None
        assert brief.body == answer.body
    await registry.request("DELETE", "/v2/app/manifests/v1")
    later = shortcut(*asked)
    assert isinstance(later, Coroutine)
    assert await later is None
