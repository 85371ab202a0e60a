"""The proxies do the harm they are told to, and no other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from tests.servers.faults import Cut, PostgresProxy, TcpProxy, When, says
from tests.servers.postgres import USER, Postgres

LOST = (ConnectionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A server that says again what it is told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(echo) as made:
        yield made


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Ends]]


@pytest.fixture
async def connect(proxy: TcpProxy) -> AsyncIterator[Connect]:
    """Connects through the proxy; the connections are closed when the test ends."""
    opened: list[Ends] = []

    async def one() -> Ends:
        opened.append(await asyncio.open_connection("127.0.0.1", proxy.port))
        return opened[-1]

    yield one
    for _, writer in opened:
        writer.transport.abort()


async def said(ends: Ends, data: bytes) -> bytes:
    ends[1].write(data)
    return await ends[0].readexactly(len(data))


async def test_it_passes_on_what_it_is_given(proxy: TcpProxy, connect: Connect) -> None:
    ends = await connect()
    data = bytes(range(256)) * 4096
    assert await said(ends, data) == data
    assert proxy.accepted == 1


async def test_cut_on_command(proxy: TcpProxy, connect: Connect) -> None:
    ends = await connect()
    assert await said(ends, b"one") == b"one"
    assert proxy.cut() == 1
    with pytest.raises(ConnectionResetError):
        await said(ends, b"two")


async def test_cut_after_so_many_bytes(proxy: TcpProxy, connect: Connect) -> None:
    proxy.weather.cut_after_bytes = 1000
    ends = await connect()
    assert await said(ends, b"x" * 400) == b"x" * 400
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await said(ends, b"y" * 400)
    assert proxy.cuts == 1


async def test_refused(proxy: TcpProxy, connect: Connect) -> None:
    proxy.weather.refuse = True
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await said(await connect(), b"one")
    proxy.weather.refuse = False
    assert await said(await connect(), b"two") == b"two"


async def test_refused_when_the_server_is_gone() -> None:
    async with TcpProxy(1) as proxy:
        ends = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await said(ends, b"one")
        ends[1].transport.abort()


async def test_stalled_and_flowing_again(proxy: TcpProxy, connect: Connect) -> None:
    ends = await connect()
    assert await said(ends, b"one") == b"one"
    proxy.stall()
    waiting = asyncio.create_task(said(ends, b"two"))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    proxy.flow()
    assert await waiting == b"two"


async def test_delayed(proxy: TcpProxy, connect: Connect) -> None:
    proxy.weather.delay_seconds = 0.05
    ends = await connect()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await said(ends, b"one") == b"one"
    assert loop.time() - began >= 0.1


@pytest.fixture
async def before_postgres(postgres: Postgres) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(postgres.port) as made:
        yield made


@pytest.fixture
async def counting(postgres: Postgres, postgres_url: str) -> str:
    """The name of a database with a table of one row, n = 0."""
    name = postgres_url.rpartition("/")[2]
    postgres.sql("CREATE TABLE t AS SELECT 0 AS n", database=name)
    return name


async def add(url: str) -> None:
    """Count one more, in a transaction; raises one of LOST when the connection is cut."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        async with connection.transaction():
            await connection.execute("UPDATE t SET n = n + 1")
    finally:
        connection.terminate()


async def test_postgres_through_the_proxy(
    postgres: Postgres, counting: str, before_postgres: PostgresProxy
) -> None:
    url = postgres.url(counting, port=before_postgres.port)
    assert USER in url
    await add(url)
    assert postgres.sql("SELECT n FROM t", database=counting) == "1"
    assert before_postgres.messages >= 3


@pytest.mark.parametrize("when, left", [(When.BEFORE, "0"), (When.AFTER, "1")])
async def test_cut_on_either_side_of_a_commit(
    postgres: Postgres, counting: str, before_postgres: PostgresProxy, when: When, left: str
) -> None:
    before_postgres.plan = Cut(1, when, says(b"COMMIT"))
    with pytest.raises(LOST):
        await add(postgres.url(counting, port=before_postgres.port))
    assert before_postgres.plan.done.is_set()
    assert postgres.sql("SELECT n FROM t", database=counting) == left


@pytest.mark.parametrize("when", list(When))
async def test_cut_at_each_message_of_a_transaction(
    postgres: Postgres, counting: str, before_postgres: PostgresProxy, when: When
) -> None:
    """Whatever the step, it is done or not; and each step is come upon."""
    url = postgres.url(counting, port=before_postgres.port)
    done = step = 0
    while True:
        step += 1
        before_postgres.plan = plan = Cut(step, when)
        try:
            await add(url)
        except LOST:
            assert plan.done.is_set()
        else:
            assert not plan.done.is_set()
            break
    done = int(postgres.sql("SELECT n FROM t", database=counting))
    assert step > 3
    # The last run was let through; of the others only the one whose COMMIT was heard has counted.
    assert done == (1 if when is When.BEFORE else 2)
