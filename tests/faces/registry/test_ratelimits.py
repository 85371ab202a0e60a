"""Pull rate limits as clients see them, and attempts to get round them."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.asgi import App, Receive, Response, Scope, Send
from entrepot.faces.registry.ratelimits import add_limits
from entrepot.faces.server import ForwardedApp, TrustedProxies
from entrepot.oci.digest import Digest
from entrepot.rules.ratelimits import Rate, Standing
from entrepot.rules.roles import Role
from entrepot.services.ratelimiting import Allowance
from entrepot.settings import Auth, Rates
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import index

V1 = "/v2/public/app/manifests/v1"
PROXY = "10.0.0.1"


class From:
    """Sends requests on as if they came from `address`, as the server has it; None: by path."""

    def __init__(self, app: App) -> None:
        self.inner = app
        self.address: str | None = "192.0.2.1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (self.address, 4711) if self.address is not None else None
        await self.inner(scope, receive, send)


@pytest.fixture
async def limited() -> AsyncIterator[Registry]:
    """A registry with an image that anyone may pull three times, and users five times."""
    auth = Auth(anonymous_pull=("public/*",))
    rates = Rates(anonymous_pulls="3/6h", user_pulls="5/6h")
    async with open_registry(auth=auth, rates=rates) as registry:
        await registry.login(Role.ADMIN)
        await registry.push_image("v1", name="public/app")
        await registry.login(None)
        registry.app = From(registry.app)
        yield registry


def come_from(registry: Registry, address: str | None) -> None:
    assert isinstance(registry.app, From)
    registry.app.address = address


def stand_behind(registry: Registry, *, standard: bool) -> None:
    """Believe what PROXY says, and nobody else."""
    assert isinstance(registry.app, From)
    inner = registry.app.inner
    registry.app = From(ForwardedApp(inner, TrustedProxies((PROXY,)), standard=standard))


async def pulls(registry: Registry, headers: dict[str, str] | None = None) -> int:
    """Pull until it is refused, and return how often it was not."""
    for count in range(20):
        if (await registry.get(V1, headers or {})).status == 429:
            return count
    return 20


def limits(answer: Answer) -> tuple[str | None, ...]:
    names = ("RateLimit-Limit", "RateLimit-Remaining", "Docker-RateLimit-Source")
    return tuple(answer.header(name) for name in names)


async def test_the_header_fields_of_docker_hub(limited: Registry) -> None:
    for remaining in (2, 1, 0):
        answer = await limited.get(V1)
        assert answer.status == 200
        assert limits(answer) == ("3;w=21600", f"{remaining};w=21600", "192.0.2.1")


async def test_head_says_where_one_stands_and_is_not_counted(limited: Registry) -> None:
    for _ in range(5):
        answer = await limited.head(V1)
        assert answer.status == 200
        assert limits(answer) == ("3;w=21600", "3;w=21600", "192.0.2.1")
    assert await pulls(limited) == 3
    answer = await limited.head(V1)
    assert (answer.status, answer.header("RateLimit-Remaining")) == (200, "0;w=21600")


async def test_a_refusal_says_what_to_do_and_when(limited: Registry) -> None:
    await pulls(limited)
    limited.clock.seconds += 3600
    answer = await limited.get(V1)
    assert (answer.status, answer.code) == (429, "TOOMANYREQUESTS")
    assert answer.header("Retry-After") == "18000"
    assert limits(answer) == ("3;w=21600", "0;w=21600", "192.0.2.1")
    assert "log in" in answer.message
    assert "wait 5 hours" in answer.message
    limited.clock.seconds += int(answer.header("Retry-After") or 0)
    assert (await limited.get(V1)).status == 200


async def test_users_and_tokens_of_theirs_count_as_one(limited: Registry) -> None:
    await pulls(limited)
    await limited.login(Role.GUEST)
    answer = await limited.get(V1)
    assert limits(answer) == ("5;w=21600", "4;w=21600", "guest")
    await limited.use_token(Role.GUEST, "repository:public/app:pull")
    assert await pulls(limited) == 4
    assert "log in" not in (await limited.get(V1)).message


async def test_a_token_for_nobody_is_counted_by_address(limited: Registry) -> None:
    await pulls(limited)
    await limited.use_token(None, "repository:public/app:pull")
    assert await pulls(limited) == 0
    come_from(limited, "192.0.2.2")
    assert await pulls(limited) == 3


async def test_each_manifest_of_an_image_counts_and_blobs_do_not(limited: Registry) -> None:
    await limited.login(Role.ADMIN)
    raw = await limited.push_image("", [b"layer"], name="public/app")
    assert (await limited.push_index(index([raw]), "many", "public/app")).status == 201
    await limited.login(None)
    await limited.get("/v2/public/app/manifests/many")
    answer = await limited.get(f"/v2/public/app/manifests/{Digest.of(raw)}")
    assert answer.header("RateLimit-Remaining") == "1;w=21600"
    for _ in range(5):
        answer = await limited.get(f"/v2/public/app/blobs/{Digest.of(b'layer')}")
        assert (answer.status, limits(answer)) == (200, (None,) * 3)
    assert await pulls(limited) == 1


async def test_what_is_not_changed_counts_too(limited: Registry) -> None:
    etag = (await limited.get(V1)).header("ETag") or ""
    answer = await limited.get(V1, {"If-None-Match": etag})
    assert (answer.status, answer.header("RateLimit-Remaining")) == (304, "1;w=21600")


async def test_who_may_not_pull_is_not_counted(limited: Registry) -> None:
    for _ in range(5):
        assert (await limited.get("/v2/secret/app/manifests/v1")).status == 401
    assert await pulls(limited) == 3


async def test_pushes_pass_when_pulls_do_not(limited: Registry) -> None:
    await limited.login(Role.ADMIN)
    await pulls(limited)
    await limited.push_image("v2", name="public/app")


async def test_without_limits_nothing_is_said(registry: Registry) -> None:
    await registry.push_image("v1")
    assert limits(await registry.get("/v2/app/manifests/v1")) == (None,) * 3


# Attacks.


async def test_attack_another_user_agent_resets_nothing(limited: Registry) -> None:
    assert await pulls(limited, {"User-Agent": "docker/27"}) == 3
    for agent in ("docker/28", "", "skopeo", "192.0.2.9"):
        assert await pulls(limited, {"User-Agent": agent}) == 0


@pytest.mark.parametrize("standard", [False, True])
async def test_attack_headers_of_a_stranger_never_change_the_address(
    limited: Registry, *, standard: bool
) -> None:
    stand_behind(limited, standard=standard)
    come_from(limited, "192.0.2.1")
    statuses = []
    for number in range(5):
        lie = f"198.51.100.{number}"
        headers = {
            "X-Forwarded-For": lie,
            "Forwarded": f"for={lie}",
            "X-Real-IP": lie,
            "True-Client-IP": lie,
        }
        statuses.append((await limited.get(V1, headers)).status)
    assert statuses == [200] * 3 + [429] * 2


async def test_attack_what_a_client_says_to_a_trusted_proxy_is_not_believed(
    limited: Registry,
) -> None:
    stand_behind(limited, standard=False)
    come_from(limited, PROXY)
    statuses = [
        # The proxy adds the address that it saw, behind what the client made up.
        (await limited.get(V1, {"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.7"})).status
        for number in range(5)
    ]
    assert statuses == [200] * 3 + [429] * 2
    assert await pulls(limited, {"X-Forwarded-For": "192.0.2.8"}) == 3


async def test_attack_another_writing_of_an_address_is_the_same(limited: Registry) -> None:
    assert await pulls(limited) == 3
    come_from(limited, "::ffff:192.0.2.1")
    assert await pulls(limited) == 0
    come_from(limited, "2001:db8::1")
    assert await pulls(limited) == 3
    come_from(limited, "2001:DB8::2%eth0")
    assert await pulls(limited) == 0


async def test_attack_another_way_to_name_the_image_is_counted_too(limited: Registry) -> None:
    raw = (await limited.get(V1)).body
    paths = (
        f"{V1}?x=1",
        f"/v2/public/app/manifests/{Digest.of(raw)}",
        "/v2/public/app/manifests/%761",
    )
    statuses = [(await limited.get(path)).status for path in paths]
    assert statuses == [200, 200, 429]


def test_attack_a_name_cannot_write_header_fields() -> None:
    response, standing = Response(200), Standing(allowed=True, remaining=1, reset_seconds=1)
    name = "workload:ci:repo:acme/app\r\nSet-Cookie: a=b \N{SNOWMAN}"
    add_limits(response, Allowance(Rate(2, 60), standing, name, is_anonymous=False))
    source = dict(response.headers)[b"Docker-RateLimit-Source"].decode()
    assert source == "workload:ci:repo:acme/app%0D%0ASet-Cookie:%20a=b%20%E2%98%83"


async def test_all_who_come_by_unix_socket_are_one(limited: Registry) -> None:
    come_from(limited, None)
    assert limits(await limited.get(V1))[2] == "unix"
    assert await pulls(limited) == 2
