"""Orders that go well, and each way in which they do not."""

import email.utils
import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.adapters.acme import AcmeError, Answer, HttpResponder, Issued, Issuer, Request, Store
from entrepot.adapters.acme.client import NONCE_TRIES
from entrepot.adapters.acme.issuing import POLLS_MAX

from .authority import DAY, DIRECTORY, Authority, Hours, problem, said

HOSTS = ("registry.example", "other.example")
MAC_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"


class House:
    """An issuer and all that it works with."""

    def __init__(self, directory: Path, **options: str) -> None:
        self.clock = Hours()
        self.authority = Authority(self.clock, mac_keys=options or None)
        self.responder = HttpResponder()
        self.authority.prove = lambda _host, token, wanted: self.responder.answer(token) == wanted
        self.store = Store(directory / "acme" / "certificate.pem")
        self.request = Request(DIRECTORY, HOSTS, ("mailto:admin@example.com",))

    def issuer(self) -> Issuer:
        return Issuer(
            self.request,
            self.store,
            transport=self.authority,
            responder=self.responder,
            clock=self.clock,
        )

    async def obtain(self) -> Issued:
        return await self.issuer().obtain()

    async def refusal(self) -> AcmeError:
        with pytest.raises(AcmeError) as caught:
            await self.obtain()
        assert self.responder._answers == {}
        return caught.value


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_certificate_for_all_names_is_kept(house: House) -> None:
    issued = await house.obtain()
    assert issued.hosts == {*HOSTS}
    assert issued.ends - issued.starts == 90 * DAY
    assert house.store.issued() == issued
    files = [*house.store.certificate.parent.iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(house.store.certificate.parent.stat().st_mode) == 0o700
    assert len(files) == 2
    assert house.responder._answers == {}


async def test_the_account_is_kept(house: House) -> None:
    await house.obtain()
    first = house.store.issued()
    house.clock.time += DAY
    await house.obtain()
    assert len(house.authority.accounts) == 1
    assert house.store.issued() != first


async def test_another_authority_gets_another_account(house: House) -> None:
    keys = [house.store.account(url) for url in (DIRECTORY, DIRECTORY, f"{DIRECTORY}2")]
    assert keys[0].public() == keys[1].public() != keys[2].public()


async def test_refused_nonces_are_tried_anew(house: House) -> None:
    for part in ("account", "neworder", "authz", "chal", "finalize", "order", "cert"):
        house.authority.instead[part] = [problem("badNonce")] * (NONCE_TRIES - 1)
    assert (await house.obtain()).hosts == {*HOSTS}


async def test_nonces_that_are_always_refused_end_it(house: House) -> None:
    house.authority.instead["neworder"] = [problem("badNonce")] * NONCE_TRIES
    error = await house.refusal()
    assert error.kind == "badNonce"
    assert house.authority.asked.count("POST neworder") == NONCE_TRIES


@pytest.mark.parametrize("dated", [False, True])
async def test_a_rate_limit_says_when_to_come_again(house: House, *, dated: bool) -> None:
    at = house.clock.now() + 3600
    when = email.utils.formatdate(at, usegmt=True) if dated else "3600"
    house.authority.instead["neworder"] = [
        problem("rateLimited", 429, detail="too many certificates", retry_after=when)
    ]
    house.authority.instead["neworder"][0] = replace(
        house.authority.instead["neworder"][0], headers={"retry-after": when}
    )
    error = await house.refusal()
    assert error.kind == "rateLimited"
    assert error.wait_seconds == 3600
    assert "too many certificates" in str(error)


@pytest.mark.parametrize("when", ["", "soon", "-1", "9" * 400, "Thu, 99 Foo 2026"])
async def test_nonsense_of_a_retry_after(house: House, when: str) -> None:
    answer = Answer(503, {"retry-after": when})
    house.authority.instead["neworder"] = [answer]
    error = await house.refusal()
    assert 0 <= error.wait_seconds <= DAY
    assert "status 503" in str(error)


async def test_a_challenge_that_fails_is_told_with_host_cause_and_cure(house: House) -> None:
    house.authority.prove = lambda host, *_: host == "registry.example"
    text = str(await house.refusal())
    assert "other.example could not be proved by http-01" in text
    assert "saw another page" in text
    assert "look where its DNS leads" in text


async def test_an_order_that_ends_meanwhile_is_made_anew_the_next_time(house: House) -> None:
    house.authority.instead["order"] = [said({"status": "invalid"})]
    assert "it is invalid; a new order is made later" in str(await house.refusal())
    await house.obtain()
    assert len(house.authority.orders) == 2


async def test_an_order_that_is_gone(house: House) -> None:
    house.authority.instead["finalize"] = [problem("malformed", 404, detail="order expired")]
    assert "order expired" in str(await house.refusal())
    await house.obtain()


async def test_waiting_as_long_as_asked(house: House) -> None:
    processing = said({"status": "processing"})
    house.authority.instead["order"] = [
        processing,
        replace(processing, headers={"retry-after": "45"}),
        replace(processing, headers={"retry-after": "86400"}),
    ]
    await house.obtain()
    assert house.clock.slept == [1.0, 45.0, 600.0]


async def test_an_authority_that_never_ends(house: House) -> None:
    house.authority.instead["order"] = [said({"status": "processing"})] * (POLLS_MAX + 1)
    assert "still works on it" in str(await house.refusal())
    assert sum(house.clock.slept) < 3600


async def test_a_kind_of_challenge_that_is_not_offered(house: House) -> None:
    house.authority.kinds = ["dns-01"]
    text = str(await house.refusal())
    assert "offers dns-01, not http-01" in text
    assert "server.acme_challenge" in text


async def test_hosts_that_are_proved_already(house: House) -> None:
    house.authority.prove = lambda *_: pytest.fail("there is nothing to prove")
    proved = [
        said({"status": "valid", "identifier": {"type": "dns", "value": host}}) for host in HOSTS
    ]
    house.authority.instead["authz"] = proved
    house.authority.instead["neworder"] = []
    order = house.authority._neworder({"identifiers": [{"value": host} for host in HOSTS]}, None)
    house.authority.instead["neworder"] = [order]
    only = next(iter(house.authority.orders.values()))
    only.proved = dict.fromkeys(HOSTS, "valid")
    assert (await house.obtain()).hosts == {*HOSTS}


async def test_a_certificate_that_is_not_ours(house: House) -> None:
    house.authority.other_key = True
    assert "another key" in str(await house.refusal())
    house.authority.other_key, house.authority.drop_host = False, True
    assert "is not for registry.example" in str(await house.refusal())
    house.authority.instead["cert"] = [Answer(200, {}, b"<html>")]
    assert "cannot be used" in str(await house.refusal())
    assert house.store.issued() is None


async def test_an_external_account(tmp_path: Path) -> None:
    house = House(tmp_path, mine=MAC_KEY)
    assert "server.acme_eab_kid" in str(await house.refusal())
    house.request = replace(house.request, eab=("mine", MAC_KEY))
    await house.obtain()
    # Used once only: the account is known from now on.
    house.authority.mac_keys = {}
    await house.obtain()


@pytest.mark.parametrize(
    "answer,words",
    [
        (Answer(200, {}, b"<html>"), "is no JSON object"),
        (said({}), "is no ACME directory (newNonce is missing)"),
        (said([1]), "is no JSON object"),
        (Answer(404), "status 404"),
        (said({"newNonce": 1, "newAccount": 2, "newOrder": 3}), "is no ACME directory"),
    ],
)
async def test_what_is_no_directory(house: House, answer: Answer, words: str) -> None:
    house.authority.instead["dir"] = [answer]
    assert words in str(await house.refusal())


@pytest.mark.parametrize(
    "part,answer",
    [
        ("nonce", Answer(200, {"replay-nonce": ""})),
        ("account", Answer(200, {}, b"{}")),
        ("neworder", said({}, 201)),
        ("neworder", said({"authorizations": 3}, 201, location="https://ca.example/order/1")),
        ("authz", said({"challenges": [{"type": "http-01", "token": "../../x", "url": "x"}]})),
        ("authz", said({"challenges": "none"})),
        ("authz", said({"challenges": [{"type": "http-01"}]})),
        ("chal", Answer(500, {}, b"oops")),
        ("order", said({"status": 7, "error": "x"})),
        ("order", said({"status": "ready"})),
    ],
)
async def test_answers_that_make_no_sense(house: House, part: str, answer: Answer) -> None:
    house.authority.instead[part] = [answer]
    assert str(await house.refusal())


async def test_the_window_that_the_authority_suggests(house: House) -> None:
    issued = await house.obtain()
    assert await house.issuer().window(issued) is None
    house.authority.window = (issued.starts + 10, issued.starts + 20)
    assert await house.issuer().window(issued) == house.authority.window
    # RFC 9773 section 4.1: a leading zero byte where the serial's first bit is set.
    assert issued.identifier.endswith(".AIdlQyE")
    assert await house.issuer().window(replace(issued, identifier="")) is None
    house.authority.instead["ari"] = [said({"suggestedWindow": {"start": "x"}})]
    assert await house.issuer().window(issued) is None


async def test_an_order_says_what_it_replaces(house: House) -> None:
    house.authority.window = (1.0, 2.0)
    first = await house.obtain()
    await house.obtain()
    assert house.authority.replaced == ["", first.identifier]
    house.authority.instead["neworder"] = [problem("alreadyReplaced", 409)]
    await house.obtain()
    assert house.authority.replaced[2:] == [""]
    house.authority.instead["neworder"] = [problem("rateLimited", 429)]
    assert (await house.refusal()).kind == "rateLimited"
    house.authority.window = None
    await house.obtain()
    assert house.authority.replaced[3:] == [""]


def test_what_cannot_be_used_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "acme" / "certificate.pem")
    assert store.issued() is None
    for torn in (b"", b"torn", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        store.keep(b"", torn)
        assert store.issued() is None


async def test_nothing_is_ordered_for_a_disk_that_takes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await house.obtain()
    assert house.authority.asked == []
    assert [*house.store.certificate.parent.iterdir()] == []


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    Store(tmp_path / "certificate.pem").account(DIRECTORY)
    (tmp_path / ".new-abc").write_text("half")
    Store(tmp_path / "certificate.pem")
    assert [path.name[:8] for path in tmp_path.iterdir()] == ["account-"]


def test_an_account_that_is_torn_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "certificate.pem")
    store.account(DIRECTORY)
    (file,) = tmp_path.glob("account-*")
    file.write_text("torn")
    with pytest.raises(OSError, match="remove it, and a new account is made"):
        store.account(DIRECTORY)
