"""`entrepot user`, against a server on a real control socket and a real port."""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from entrepot.faces.cli.users import users
from entrepot.faces.manage.users import users_app
from entrepot.faces.server import Listener, ServerLimits
from entrepot.faces.server.run import Server
from entrepot.rules.roles import Role
from tests.services.people import PASSWORD, People, open_people


class Shop:
    """A running server, and the command line before it."""

    def __init__(self, people: People, data: Path, address: str) -> None:
        self.people = people
        self.data = data
        self.address = address

    async def run(self, *arguments: str, stdin: str | bytes | None = None) -> Result:
        """Run `entrepot user ... --data DATA`."""
        return await self.run_bare(*arguments, "--data", str(self.data), stdin=stdin)

    async def run_bare(
        self, *arguments: str, stdin: str | bytes | None = None, **variables: str
    ) -> Result:
        runner = CliRunner(env={name: None for name in os.environ if name.startswith("ENTREPOT_")})
        return await asyncio.to_thread(
            runner.invoke, users, arguments, input=stdin, env=variables, catch_exceptions=False
        )

    async def names(self) -> list[str]:
        return [account.name for account in await self.people.accounts.page("", 100)]


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        (Path(name) / "run").mkdir(mode=0o700)
        yield Path(name)


@pytest.fixture
async def shop(data: Path) -> AsyncIterator[Shop]:
    """A server with the administrator root; it listens on the socket and on a port."""
    async with open_people() as people:
        await people.add("root", Role.ADMIN)
        public = users_app(people.accounts, people.access, operator=False)
        operator = users_app(people.accounts, people.access, operator=True)
        server = Server(public, limits=ServerLimits(), ssl_context=None, hooks=None)
        socket = f"unix:{data / 'run' / 'entrepot.sock'}"
        listeners = [Listener(address="127.0.0.1:0"), Listener(address=socket, app=operator)]
        address, _ = await server.start(listeners)
        try:
            yield Shop(people, data, address)
        finally:
            await server.stop(drain_seconds=5)


async def test_a_user_is_added_with_a_password_typed_twice(shop: Shop) -> None:
    done = await shop.run("add", "alice", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        "user alice added with role user",
    )
    assert PASSWORD not in done.output
    assert await shop.people.accounts.verify("alice", PASSWORD)


async def test_a_password_typed_differently_is_asked_again(shop: Shop) -> None:
    done = await shop.run("add", "alice", stdin=f"one\ntwo\n{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert await shop.people.accounts.verify("alice", PASSWORD)


async def test_without_a_terminal_it_is_told_how_a_password_is_sent(shop: Shop) -> None:
    for typed in ("", PASSWORD):
        done = await shop.run("add", "alice", stdin=typed)
        assert done.exit_code == 1
        assert "send it with --password-stdin, or let one be made with --generate" in done.stderr


@pytest.mark.parametrize("line", [f"{PASSWORD}\n", f"{PASSWORD}\r\n", PASSWORD, f"{PASSWORD}\nx\n"])
async def test_the_password_is_the_first_line_of_stdin(shop: Shop, line: str) -> None:
    done = await shop.run("add", "alice", "--role", "guest", "--password-stdin", stdin=line)
    assert (done.exit_code, done.stdout) == (0, "user alice added with role guest\n")
    assert await shop.people.accounts.verify("alice", PASSWORD)


async def test_a_generated_password_is_shown_once(shop: Shop) -> None:
    done = await shop.run("add", "ci", "--generate")
    shown = re.fullmatch(r"user ci added with role user\npassword: (\S{20,})\n", done.stdout)
    assert shown is not None
    assert await shop.people.accounts.verify("ci", shown[1])
    again = await shop.run("passwd", "ci", "--generate")
    assert shown[1] not in again.stdout
    assert await shop.people.accounts.verify("ci", shown[1]) is None
    assert await shop.people.accounts.verify("ci", again.stdout.split()[-1])


async def test_a_password_is_changed(shop: Shop) -> None:
    done = await shop.run("passwd", "root", "--password-stdin", stdin="another one")
    assert (done.exit_code, done.stdout) == (0, "password of root changed\n")
    assert await shop.people.accounts.verify("root", "another one")


async def test_a_role_is_changed_and_a_user_removed(shop: Shop) -> None:
    await shop.people.add("alice")
    done = await shop.run("role", "alice", "maintainer")
    assert done.stdout == "user alice now has role maintainer\n"
    done = await shop.run("remove", "alice")
    assert done.stdout == "user alice removed\n"
    assert await shop.names() == ["root"]


async def test_the_list_is_a_table_or_json(shop: Shop) -> None:
    await shop.people.add("a-rather-long-name", Role.GUEST)
    table = (await shop.run("list")).stdout.splitlines()
    assert table == [
        "NAME                ROLE   CREATED",
        "a-rather-long-name  guest  2027-01-15T08:00:00Z",
        "root                admin  2027-01-15T08:00:00Z",
    ]
    listed = msgspec.json.decode((await shop.run("list", "--json")).stdout)
    assert [(user["name"], user["role"]) for user in listed] == [
        ("a-rather-long-name", "guest"),
        ("root", "admin"),
    ]


@pytest.mark.parametrize(
    "arguments,message",
    [
        (("add", "root", "--generate"), "there is a user root already"),
        (("add", "a:b", "--generate"), "this cannot be a user name: use up to 64 letters"),
        (("passwd", "nobody", "--generate"), "there is no user nobody"),
        (("remove", "nobody"), "there is no user nobody"),
        (("remove", "root"), "root is the last administrator"),
        (("role", "root", "guest"), "root is the last administrator"),
        (("remove", "a/../b ?"), "there is no user a/../b ?"),
    ],
    ids=str,
)
async def test_a_refusal_is_said_in_plain_words(
    shop: Shop, arguments: tuple[str, ...], message: str
) -> None:
    done = await shop.run(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"entrepot: {message}")
    assert await shop.names() == ["root"]


@pytest.mark.parametrize(
    "line,message",
    [
        ("short", "use 8 to 128 characters"),
        ("", "the password is empty"),
        ("\n", "the password is empty"),
        (b"pass\xffword\n", "the password is not valid UTF-8"),
    ],
    ids=str,
)
async def test_a_bad_password_is_told_why(shop: Shop, line: str | bytes, message: str) -> None:
    done = await shop.run("add", "alice", "--password-stdin", stdin=line)
    assert done.exit_code == 1
    assert message in done.stderr
    assert await shop.names() == ["root"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("add",),
        ("add", "alice", "--role", "king"),
        ("add", "alice", "--generate", "--password-stdin"),
        ("role", "alice", "king"),
    ],
    ids=str,
)
async def test_a_misuse_is_status_2(shop: Shop, arguments: tuple[str, ...]) -> None:
    done = await shop.run(*arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr


async def test_no_server_is_said_before_a_password_is_asked_for(shop: Shop) -> None:
    (shop.data / "run" / "entrepot.sock").unlink()
    done = await shop.run("add", "alice", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"entrepot: the server is not running on {shop.data}: start it")
    assert "Password" not in done.stdout


async def test_a_socket_that_was_left_behind_is_no_server(shop: Shop) -> None:
    socket = shop.data / "run" / "entrepot.sock"
    socket.unlink()
    bound = await asyncio.start_unix_server(lambda *_: None, socket)
    bound.close()
    await bound.wait_closed()
    assert socket.exists()
    assert "is not running" in (await shop.run("list")).stderr


async def test_a_path_too_long_for_a_socket_is_said(shop: Shop) -> None:
    done = await shop.run_bare("list", "--data", str(shop.data / ("x" * 120)))
    assert done.exit_code == 1
    assert "too long" in done.stderr
    assert "--server" in done.stderr


async def test_a_server_elsewhere_asks_who_you_are(shop: Shop) -> None:
    url = f"http://{shop.address}"
    given = ("--server", url, "--username", "root")
    assert (await shop.run_bare("list", *given, stdin=f"{PASSWORD}\n")).exit_code == 0
    assert (await shop.run_bare("list", *given, "--admin-password", PASSWORD)).exit_code == 0
    variables = {
        "ENTREPOT_SERVER": shop.address,
        "ENTREPOT_USERNAME": "root",
        "ENTREPOT_ADMIN_PASSWORD": PASSWORD,
    }
    assert (await shop.run_bare("list", **variables)).exit_code == 0
    wrong = await shop.run_bare("list", *given, "--admin-password", "wrong")
    assert (wrong.exit_code, wrong.stderr) == (
        1,
        "entrepot: user name or password is wrong: log in again\n",
    )


async def test_who_is_no_administrator_is_told_so(shop: Shop) -> None:
    await shop.people.add("alice")
    given = ("--server", shop.address, "--username", "alice", "--admin-password", PASSWORD)
    done = await shop.run_bare("remove", "root", *given)
    assert done.exit_code == 1
    assert "alice may not use user.manage" in done.stderr


@pytest.mark.parametrize("url", ["", "http://", "ftp://localhost", "http://[::1", "localhost:x"])
async def test_an_address_that_is_none_is_said(shop: Shop, url: str) -> None:
    done = await shop.run_bare("list", "--server", url, "--admin-password", PASSWORD)
    assert done.exit_code == 1
    assert "is not an address" in done.stderr


async def test_nobody_at_an_address_is_said(shop: Shop) -> None:
    gone = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    done = await shop.run_bare(
        "list", "--server", f"localhost:{port}", "--admin-password", PASSWORD
    )
    assert done.exit_code == 1
    assert f"nothing listens at localhost:{port}" in done.stderr


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
)
async def test_another_program_at_an_address_is_said(shop: Shop, sent: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    done = await shop.run_bare(
        "list", "--server", f"127.0.0.1:{port}", "--admin-password", PASSWORD
    )
    other.close()
    await other.wait_closed()
    assert done.exit_code == 1
    assert "does not answer" in done.stderr or "not from an Entrepot server" in done.stderr
