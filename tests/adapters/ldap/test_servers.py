"""Servers that are down, slow, strange or not who they say; TLS of a real slapd."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from entrepot.adapters.ldap import LdapDirectory
from entrepot.adapters.ldap import directory as module
from entrepot.adapters.ldap.login import look_up
from entrepot.adapters.ldap.session import Session
from entrepot.adapters.ldap.sockets import client_context
from entrepot.adapters.tls import own_certificate
from entrepot.ports.identity import SourceFailed
from tests.adapters.ldap.conftest import Open, Reports, settings
from tests.adapters.ldap.slapd import PASSWORD, PEOPLE, Slapd, free_port
from tests.adapters.ldap.test_directory import ATTACKS

pytestmark = pytest.mark.blackbox

ALICE = f"uid=alice,{PEOPLE}"
Act = Callable[[socket.socket], None]


@contextmanager
def server(act: Act) -> Iterator[str]:
    """A server that does one thing with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                clients.append(client)
                with suppress(OSError):
                    act(client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ldap://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for client in clients:
            client.close()
        thread.join(5)


def say(data: bytes, *, times: int = 1) -> Act:
    def act(client: socket.socket) -> None:
        client.recv(1000)
        for _ in range(times):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    return act


def trickle(client: socket.socket) -> None:
    """An answer without end, byte by byte: no single read takes long."""
    client.sendall(b"\x30\x84\x00\x10\x00\x00")
    with suppress(OSError):
        while True:
            client.sendall(b"\x00")
            time.sleep(0.02)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name])
def test_ldap_injection_finds_nobody_below_the_gate(slapd: Slapd, name: str) -> None:
    """The names are asked of the real server: none is more than a value that nobody has."""
    ldap = settings(slapd.url)
    with Session(slapd.url, ldap, client_context("")) as session:
        found = look_up(session, ldap, name=name, report=lambda _: None)
    # Directories leave out spaces round a value, and prepare letters (RFC 4518).
    if name in (" alice", "alice ", "a\uff4cice"):
        assert found is not None
        assert found.name == "alice"
    else:
        assert found is None


@pytest.mark.parametrize(
    "who,password", [(ALICE, ""), (ALICE, "\0"), (ALICE, PASSWORD + "\0"), ("", PASSWORD), ("", "")]
)
def test_no_connection_binds_nobody(slapd: Slapd, who: str, password: str) -> None:
    """Below the gate, too: whoever asks, a success is always somebody's."""
    with Session(slapd.url, settings(slapd.url), client_context("")) as session:
        assert session.bind(who, password) == "a name and a password are needed"
        assert session.bind(ALICE, PASSWORD) is None


async def test_who_is_found_is_who_has_the_password(directory: Open, slapd: Slapd) -> None:
    """A template that is no DN says nothing of the entry; slapd takes old quotes, as AD a UPN."""
    template = f'uid="{{name}}",{PEOPLE}'
    person = await directory(bind_template=template).authenticate("alice", PASSWORD)
    assert person is not None
    other = directory(bind_template=template, filter="(|(mail={name}@example.com)(cn=bob))")
    with pytest.raises(SourceFailed, match=r"who is not .*ldap\.bind_template is made of"):
        await directory(
            bind_template=template, filter="(&(uid=bob)(!(description={name})))"
        ).authenticate("alice", PASSWORD)
    with pytest.raises(SourceFailed, match="more than one person"):
        await other.authenticate("alice", PASSWORD)


@pytest.mark.parametrize("kind", ["start_tls", "ldaps"])
async def test_tls_with_a_certificate_that_is_trusted(
    directory: Open, slapd: Slapd, kind: str
) -> None:
    url = slapd.ldaps_url if kind == "ldaps" else slapd.url
    ca = str(slapd.certificate)
    opened = directory(url, start_tls=kind == "start_tls", ca=ca, groups="search")
    person = await opened.authenticate("alice", PASSWORD)
    assert person is not None
    assert person.groups == ("admins", "builders")
    assert await opened.authenticate("alice", "wrong") is None


@pytest.mark.parametrize("kind", ["start_tls", "ldaps"])
async def test_tls_of_an_unknown_authority_is_refused(
    directory: Open, slapd: Slapd, kind: str, tmp_path: Path
) -> None:
    url = slapd.ldaps_url if kind == "ldaps" else slapd.url
    other, _ = own_certificate(tmp_path, [], time.time())
    for ca in ("", str(other)):
        opened = directory(url, start_tls=kind == "start_tls", ca=ca)
        with pytest.raises(SourceFailed, match=r"certificate is not trusted .*ldap\.ca"):
            await opened.authenticate("alice", PASSWORD)


@pytest.mark.parametrize("kind", ["start_tls", "ldaps"])
async def test_tls_of_another_host_is_refused(directory: Open, slapd: Slapd, kind: str) -> None:
    """127.0.0.2 is slapd's too, by a relay, but not in its certificate."""
    port = slapd.secure if kind == "ldaps" else slapd.plain
    with relay("127.0.0.2", port) as relayed:
        scheme = "ldaps" if kind == "ldaps" else "ldap"
        opened = directory(
            f"{scheme}://127.0.0.2:{relayed}",
            start_tls=kind == "start_tls",
            ca=str(slapd.certificate),
        )
        with pytest.raises(SourceFailed, match=r"not trusted \(IP address mismatch"):
            await opened.authenticate("alice", PASSWORD)


@contextmanager
def relay(host: str, target: int) -> Iterator[int]:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                upstream = socket.create_connection(("127.0.0.1", target))
                with client, upstream:
                    back = threading.Thread(target=copy, args=(upstream, client))
                    back.start()
                    copy(client, upstream)
                    back.join()

    with socket.create_server((host, 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


async def test_no_password_is_sent_where_start_tls_is_refused(directory: Open) -> None:
    """A man in the middle who says no to StartTLS learns nothing."""
    heard: list[bytes] = []

    def act(client: socket.socket) -> None:
        heard.append(client.recv(1000))
        message_id = heard[-1][2 : 4 + heard[-1][3]]
        # extendedResp, resultCode 2: protocolError
        answer = message_id + b"\x78\x07\x0a\x01\x02\x04\x00\x04\x00"
        client.sendall(bytes([0x30, len(answer)]) + answer)
        client.settimeout(1)
        with suppress(OSError):
            heard.append(client.recv(1000))

    with server(act) as url:
        opened = directory(url, start_tls=True)
        with pytest.raises(SourceFailed, match="startTLS failed - protocolError"):
            await opened.authenticate("alice", "secret-canary")
    assert b"canary" not in b"".join(heard)
    assert b"of-the-searcher" not in b"".join(heard)


def test_a_file_that_is_no_authority(slapd: Slapd, reports: Reports, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    for text in (None, "no certificate"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(SourceFailed, match=r"ldap\.ca: .*ca.pem holds no certificates"):
            LdapDirectory(settings(slapd.ldaps_url, ca=str(path)), reports)


async def test_a_server_that_is_down(directory: Open) -> None:
    with pytest.raises(SourceFailed, match=r"Connection refused.*see whether it runs"):
        await directory(f"ldap://127.0.0.1:{free_port()}").authenticate("alice", PASSWORD)


async def test_a_name_without_an_address(directory: Open) -> None:
    with pytest.raises(SourceFailed, match="its name has no address"):
        await directory(f"ldap://{'a' * 64}.localhost").check()


@pytest.mark.parametrize(
    "act,words",
    [
        (lambda client: None, r":[0-9]+: it does not answer in time"),
        (trickle, r":[0-9]+: it does not answer in time"),
        (lambda client: client.shutdown(socket.SHUT_RDWR), "ldap://"),
        (say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "ldap://"),
        (say(b"\x30\x03\x02\x01\x01"), "ldap://"),
        (say(b"\x30\x05\x02\x01\xff\x61\x00"), "ldap://"),
        (say(b"\x30\x84\x7f\xff\xff\xff" + bytes(1 << 20), times=3), "more than 2 MiB"),
    ],
    ids=["silent", "trickling", "hanging-up", "web", "cut", "other", "endless"],
)
async def test_a_server_that_is_none_fails_in_time(directory: Open, act: Act, words: str) -> None:
    began = time.monotonic()
    with server(act) as url:
        seconds = 10.0 if "MiB" in words else 0.3
        opened = directory(url, connect_seconds=0.3, answer_seconds=seconds)
        with pytest.raises(SourceFailed, match=words):
            await opened.authenticate("alice", PASSWORD)
    assert time.monotonic() - began < seconds + 2


async def test_tls_that_never_answers_fails_in_time(directory: Open) -> None:
    with server(lambda client: None) as url:
        for one, start_tls in ((url.replace("ldap:", "ldaps:"), False), (url, True)):
            opened = directory(one, start_tls=start_tls, connect_seconds=0.3)
            with pytest.raises(SourceFailed, match=r":[0-9]+: it does not answer in time"):
                await opened.check()


async def test_the_next_server_is_asked(directory: Open, slapd: Slapd, reports: Reports) -> None:
    down = f"ldap://127.0.0.1:{free_port()}"
    with server(lambda client: None) as silent:
        opened = directory(down, silent, slapd.url, answer_seconds=0.3)
        assert await opened.authenticate("alice", PASSWORD) is not None
        began = time.monotonic()
        # For a while they are asked last, so that nobody waits for them.
        assert await opened.authenticate("bob", "of bob") is not None
        assert await opened.authenticate("alice", "wrong") is None
        await opened.check()
        assert time.monotonic() - began < 0.3
    assert [line[:30] for line in reports.lines[:2]] == [
        f"LDAP: {down}: "[:30],
        f"LDAP: {silent}: "[:30],
    ]
    assert len(reports.lines) == 3


async def test_a_wrong_password_is_asked_of_one_server_only(
    directory: Open, slapd: Slapd, reports: Reports
) -> None:
    asked: list[socket.socket] = []
    with server(asked.append) as second:
        opened = directory(slapd.url, second)
        assert await opened.authenticate("alice", "wrong") is None
    assert asked == []


async def test_logins_at_once_are_bounded(directory: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 4)
    asked: list[socket.socket] = []
    with server(asked.append) as url:
        opened = directory(url, connections=2, connect_seconds=0.1, answer_seconds=0.4)
        tasks = [asyncio.create_task(opened.check()) for _ in range(5)]
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(asked) <= 4
    assert all(isinstance(each, SourceFailed) for each in done)
    assert [str(each) for each in done if "wait for the directory" in str(each)] == [str(done[4])]


async def test_many_at_once(directory: Open, slapd: Slapd) -> None:
    opened = directory(connections=4)
    people = await asyncio.gather(
        *(opened.authenticate("bob", "of bob" if n % 2 else "wrong") for n in range(40))
    )
    assert [person is not None for person in people] == [bool(n % 2) for n in range(40)]


async def test_closing_does_not_wait(directory: Open) -> None:
    with server(lambda client: None) as url:
        opened = directory(url, answer_seconds=0.5)
        task = asyncio.create_task(opened.check())
        await asyncio.sleep(0)
        began = time.monotonic()
        await opened.close()
        assert time.monotonic() - began < 0.2
        with pytest.raises(SourceFailed):
            await task


async def test_health(directory: Open, slapd: Slapd) -> None:
    await directory().check()
    await directory(bind_dn="", bind_password="").check()
