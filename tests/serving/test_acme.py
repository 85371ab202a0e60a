"""The life of a certificate: got, served, renewed, and what failures cost."""

import asyncio
import contextlib
import resource
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters import tls
from entrepot.adapters.acme import AcmeError, Answer, HttpResponder, Issuer, Request, Store
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.system import SystemClock
from entrepot.serving.acme import LOOK_SECONDS, Acme, Renewal
from entrepot.serving.certificate import Certificate, find_certificate
from entrepot.serving.edges import Edges
from entrepot.settings import Server, Settings, load
from tests.adapters.acme.authority import DAY, DIRECTORY, Authority, Hours, problem

HOST = "registry.example"
NOBODY = "https://127.0.0.1:1/dir"
SETTINGS = Settings(server=Server(tls="acme", acme_hosts=(HOST,), acme_directory=DIRECTORY))


class Told:
    """A log that keeps its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **facts: self.events.append((level, event, facts))

    def facts(self, name: str) -> list[Any]:
        """The values of one fact, in order."""
        return [facts[name] for _, _, facts in self.events if name in facts]


class Never:
    """Chance that never strikes."""

    def token(self) -> str:
        return "0" * 32


class Until(Hours):
    """Time that ends, by cancelling whoever waits."""

    def __init__(self, days: float) -> None:
        super().__init__(1_800_000_000.0)
        self.end = self.time + days * DAY

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.time > self.end:
            raise asyncio.CancelledError


class House:
    """A renewal and all that it works with, for so many days."""

    def __init__(self, data: DataDirectory, days: float) -> None:
        self.clock = Until(days)
        self.log = Told()
        self.authority = Authority(self.clock)
        self.store = Store(data.acme_certificate)
        find = find_certificate(SETTINGS, data, self.clock)
        assert find is not None
        self.certificate = Certificate(find, self.log)

    async def live(self, *hosts: str) -> None:
        """Let the days pass."""
        issuer = Issuer(
            Request(DIRECTORY, hosts or (HOST,)),
            self.store,
            transport=self.authority,
            responder=HttpResponder(),
            clock=self.clock,
        )
        renewal = Renewal(
            issuer,
            self.store,
            self.certificate,
            frozenset(hosts or (HOST,)),
            clock=self.clock,
            random=Never(),
            log=self.log,
        )
        with contextlib.suppress(asyncio.CancelledError):
            await renewal.run()

    @property
    def ordered(self) -> int:
        return len(self.authority.orders)


@pytest.fixture
def data(tmp_path: Path) -> Any:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    directory = DataDirectory(tmp_path / "data")
    yield directory
    directory.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)


async def test_it_is_renewed_at_two_thirds_of_its_life(data: DataDirectory) -> None:
    house = House(data, days=130)
    await house.live()
    assert house.ordered == 3
    orders = [facts for _, event, facts in house.log.events if event == "certificate ordered"]
    assert len(orders) == 3
    assert max(house.clock.slept) == LOOK_SECONDS
    assert [level for level, *_ in house.log.events if level not in ("info", "debug")] == []


async def test_what_is_got_is_served_at_once(data: DataDirectory) -> None:
    house = House(data, days=1)
    files = house.log.facts("file")
    await house.live()
    assert files == []
    assert house.log.facts("file") == [str(data.acme_certificate)]


async def test_a_restart_orders_nothing(data: DataDirectory) -> None:
    await House(data, days=1).live()
    again = House(data, days=1)
    await again.live()
    assert again.ordered == 0


async def test_another_name_is_ordered_at_once(data: DataDirectory) -> None:
    await House(data, days=1).live()
    again = House(data, days=1)
    await again.live(HOST, "other.example")
    assert again.ordered == 1


async def test_failures_wait_longer_each_time_and_end(data: DataDirectory) -> None:
    house = House(data, days=1)
    house.authority.instead["neworder"] = [problem("rejectedIdentifier")] * 4
    await house.live()
    assert house.log.facts("next_try_seconds") == [60, 240, 960, 3840]
    assert house.log.facts("failures") == [1, 2, 3, 4]
    assert house.ordered == 1


async def test_a_rate_limit_is_kept(data: DataDirectory) -> None:
    house = House(data, days=1)
    limit = Answer(429, {"retry-after": "7200"}, problem("rateLimited").body)
    house.authority.instead["neworder"] = [limit]
    await house.live()
    assert house.log.facts("next_try_seconds") == [7200]


async def test_a_challenge_that_fails_leaves_what_was_served(data: DataDirectory) -> None:
    house = House(data, days=0.5)
    house.authority.prove = lambda *_: False
    await house.live()
    assert "could not be proved" in house.log.facts("cause")[0]
    # Let's Encrypt's bound: five failures of a name in an hour.
    within = [at for at in range(len(house.clock.slept)) if sum(house.clock.slept[:at]) < 3600]
    assert len(within) <= 4


async def test_a_fault_of_ours_does_not_end_it(data: DataDirectory) -> None:
    house = House(data, days=1)
    proved: list[str] = []

    def prove(host: str, *_: str) -> bool:
        proved.append(host)
        if len(proved) == 1:
            raise RuntimeError("a fault")
        return True

    house.authority.prove = prove
    await house.live()
    assert "exception" in [level for level, *_ in house.log.events]
    assert house.store.issued() is not None


async def test_the_authoritys_window_is_kept(data: DataDirectory) -> None:
    house = House(data, days=28)
    start = house.clock.now()
    house.authority.instead["ari"] = [problem("serverInternal", 500)]
    house.authority.window = (start + 20 * DAY, start + 21 * DAY)
    await house.live()
    assert house.ordered == 2  # the new one is left alone for a tenth of its life
    assert "no renewal window" in [event for _, event, _ in house.log.events]


async def test_one_that_comes_at_its_end_is_not_ordered_on_and_on(data: DataDirectory) -> None:
    house = House(data, days=1)
    house.authority.lifetime_seconds = 3600.0
    house.authority.window = (1.0, 2.0)
    await house.live()
    assert house.ordered <= 24 * 2 + 1


async def test_a_clock_that_is_wrong(data: DataDirectory) -> None:
    house = House(data, days=0.01)
    house.authority.lifetime_seconds = 0.0
    await house.live()
    assert "clock" in house.log.facts("cause")[0]


def test_what_is_torn_is_not_served(data: DataDirectory) -> None:
    find = find_certificate(SETTINGS, data, Hours())
    assert find is not None
    own = (data.tls / tls.CERTIFICATE, data.tls / tls.KEY)
    assert find() == own
    Store(data.acme_certificate).keep(b"", b"torn")
    assert find() == own


@pytest.mark.parametrize("challenge,ports", [("http-01", [":80"]), ("tls-alpn-01", [])])
async def test_what_the_settings_make(
    data: DataDirectory, challenge: str, ports: list[str]
) -> None:
    house = House(data, days=1)
    server = Server(tls="acme", acme_hosts=(HOST.upper(),), acme_challenge=challenge)
    kept, log = data.acme_certificate, house.log
    made = Acme(server, kept, house.certificate, clock=house.clock, random=Never(), log=log)
    assert [listener.address for listener in made.listeners] == ports
    assert [listener.tls for listener in made.listeners] == [False] * len(ports)
    assert house.log.facts("hosts") == [[HOST]]


def test_a_root_that_is_none(data: DataDirectory) -> None:
    house = House(data, days=1)
    server = Server(tls="acme", acme_hosts=(HOST,), acme_root=str(data.path / "none.pem"))
    kept, log = data.acme_certificate, house.log
    with pytest.raises(OSError, match=r"server\.acme_root") as caught:
        Acme(server, kept, house.certificate, clock=house.clock, random=Never(), log=log)
    assert isinstance(caught.value.__cause__, AcmeError)


@pytest.mark.parametrize("leads", [True, False])
async def test_the_port_of_challenges_is_not_for_clients(
    data: DataDirectory, *, leads: bool
) -> None:
    tls.own_certificate(data.tls, [HOST], SystemClock().now())
    toml = f"[server]\ntls = 'acme'\nacme_hosts = ['{HOST}']\nlisten = ['*:443', 'unix:/s']"
    log: Any = Told()
    edges = Edges(load(toml, {}, {}), data, SystemClock(), log, leads=leads)
    shortcut: Any = None
    public, challenges = ["*:443", "unix:/s"], [":80"] * leads
    assert [one.address for one in edges.listeners(shortcut)] == public + challenges
    bound = ("0.0.0.0:443", "[::]:443", "unix:/s", *["0.0.0.0:80", "[::]:80"] * leads)
    assert edges.listening(bound) == ("0.0.0.0:443", "[::]:443", "unix:/s")
    assert edges.ca_file is None


async def test_nothing_is_ordered_before_it_listens(data: DataDirectory) -> None:
    toml = f"[server]\ntls = 'acme'\nacme_hosts = ['{HOST}']\nacme_directory = '{NOBODY}'"
    log = Told()
    telling: Any = log
    edges = Edges(load(toml, {}, {}), data, SystemClock(), telling)
    watching = asyncio.ensure_future(edges.watch())
    for _ in range(10):
        await asyncio.sleep(0)
    assert "certificate ordered" not in [event for _, event, _ in log.events]
    edges.listening(())
    async with asyncio.timeout(5):
        while not log.facts("next_try_seconds"):
            await asyncio.sleep(0)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert "cannot be reached" in log.facts("cause")[0]
