"""Connections to PostgreSQL, made with patience and held as long as they last."""

import asyncio
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import asyncpg

from entrepot.adapters.catalog.prepare import HEAD, CatalogUnusable
from entrepot.ports.catalog import CatalogFailed

from . import wholes
from .addresses import places, unusable
from .failing import failure_of, is_broken

APPLICATION = "entrepot"
PATIENCE_SECONDS = 15.0
"""How long a statement waits for a server that restarts, or for a new primary one."""
CONNECT_SECONDS = 5.0
STATEMENTS_MAX = 512
"""Prepared statements that a connection keeps; the program has some four hundred."""
PAUSE_MIN_SECONDS = 0.05
PAUSE_MAX_SECONDS = 0.5
UNHEARD_SECONDS = 10.0
"""A server that acknowledges nothing for so long is gone, although no packet says so."""
SETTLE_SECONDS = 2.0
"""How long one that is cancelled waits for its statement, which others' work depends on."""

Result = TypeVar("Result")


class Raw(Protocol):
    """What is used of the driver's connection, which has no types of its own."""

    def execute(self, text: str, *values: object) -> Coroutine[Any, Any, str]: ...
    def executemany(
        self, text: str, values: Sequence[Sequence[object]]
    ) -> Coroutine[Any, Any, None]: ...
    def fetch(self, text: str, *values: object) -> Coroutine[Any, Any, list[Any]]: ...
    def fetchrow(self, text: str, *values: object) -> Coroutine[Any, Any, Any]: ...
    def fetchval(self, text: str, *values: object) -> Coroutine[Any, Any, Any]: ...
    def transaction(self) -> AbstractAsyncContextManager[None]: ...
    async def set_type_codec(self, typename: str, **how: object) -> None: ...
    def add_termination_listener(self, callback: Callable[[Any], None]) -> None: ...
    def is_in_transaction(self) -> bool: ...
    def is_closed(self) -> bool: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 - the driver's name
    def terminate(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a connection is for: the longest that a statement, a lock, a pause may take."""

    name: str
    statement_seconds: float
    lock_seconds: float = 0.0
    idle_in_transaction_seconds: float = 0.0
    idle_seconds: float = 0.0
    writes: bool = True


READING = Purpose("reads", 20.0, writes=False)
WATCHING = Purpose("watches", 5.0, writes=False)
ASIDE = Purpose("jobs", 300.0, writes=False)
# A replica that is paused, or cut off, holds up the others no longer than this.
WRITING = Purpose("writes", 30.0, lock_seconds=20.0, idle_in_transaction_seconds=5.0)
HOLDING = Purpose("holds", 10.0, idle_seconds=20.0)


async def connect(url: str, purpose: Purpose) -> Raw:
    """Return a new connection to the first of the hosts that takes writes.

    Raises as asyncpg and OSError do, and `CatalogUnusable`.
    """
    failed: Exception | None = None
    for place in places(url):
        try:
            return await _connect(place, purpose)
        except ssl.SSLCertVerificationError as error:
            failed = CatalogFailed(
                "the catalog's server shows a certificate that is not trusted: see sslmode and "
                f"sslrootcert ({error.verify_message})"
            )
        except ValueError:
            # The driver's message may quote a part of the URL.
            raise unusable("the driver refuses one of its options") from None
        except Exception as error:
            # The next one may be there; the first to say something is told.
            failed = failed if failed is not None and not is_broken(failed) else error
    raise failed or unusable("it has no host")


async def connect_again(url: str, purpose: Purpose) -> Raw:
    """As `connect`, to a catalog that is in use: what is amiss now may be right again later."""
    try:
        return await connect(url, purpose)
    except CatalogUnusable as error:
        raise CatalogFailed(str(error)) from error


async def _connect(place: str, purpose: Purpose) -> Raw:
    raw: Raw = await asyncpg.connect(
        place,
        timeout=CONNECT_SECONDS,
        command_timeout=purpose.statement_seconds + CONNECT_SECONDS,
        statement_cache_size=STATEMENTS_MAX,
        max_cacheable_statement_size=1 << 16,
        max_cached_statement_lifetime=0,
        # Never a standby: it may be behind, and it decides nothing.
        target_session_attrs="primary",
        # The revision of the code tells newer replicas who is connected (ADR 0024).
        server_settings={"application_name": f"{APPLICATION}/{HEAD} {purpose.name}"},
    )
    try:
        _watch_over(raw)
        await raw.execute(_set_up(purpose))
        await raw.set_type_codec(
            "numeric",
            schema="pg_catalog",
            encoder=wholes.encoded,
            decoder=wholes.decoded,
            format="binary",
        )
    except BaseException:
        drop(raw)
        raise
    return raw


def _set_up(purpose: Purpose) -> str:
    """Return what sets a session up; at its start pgbouncer would refuse these parameters."""
    wished = {
        "jit": "off",
        # Texts of ours are quoted for it.
        "standard_conforming_strings": "on",
        "statement_timeout": _milliseconds(purpose.statement_seconds),
        "lock_timeout": _milliseconds(purpose.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(purpose.idle_in_transaction_seconds),
        "idle_session_timeout": _milliseconds(purpose.idle_seconds),
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": _milliseconds(UNHEARD_SECONDS),
    }
    if not purpose.writes:
        # The other way round would take back what a full disk's keeper has set.
        wished["default_transaction_read_only"] = "on"
    sets = [f"set_config('{name}', '{value}', false)" for name, value in wished.items()]
    # Whoever is told that something is done must not lose it in a crash.
    sets.append(
        "set_config('synchronous_commit', replace(current_setting('synchronous_commit'), "
        "'off', 'on'), false)"
    )
    return f"SELECT {', '.join(sets)}"


def _watch_over(raw: Raw) -> None:
    """Let the kernel notice a server that went away without a word."""
    transport: asyncio.Transport | None = getattr(raw, "_transport", None)
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 5),
        ("TCP_KEEPINTVL", 2),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", int(UNHEARD_SECONDS * 1000)),
    ):
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def patiently(
    attempt: Callable[[], Awaitable[Result]], *, patience_seconds: float = PATIENCE_SECONDS
) -> Result:
    """Return what `attempt` returns, tried again as long as connections break; at last `Busy`.

    Only for what may be done twice.
    """
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + patience_seconds, PAUSE_MIN_SECONDS
    while True:
        try:
            return await attempt()
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            if not is_broken(error) or loop.time() + pause >= until:
                raise failure from error
        # By chance, so that a fleet does not come back as one.
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        pause = min(2 * pause, PAUSE_MAX_SECONDS)


def drop(raw: Raw) -> None:
    """Let go of a connection at once, whatever it is doing."""
    raw.terminate()


async def to_the_end(raw: Raw, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what `work` on the connection returns.

    Whoever is cancelled meanwhile waits until it is over, so that the connection is at rest; if
    that takes too long, the connection is closed.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait({task}, timeout=SETTLE_SECONDS)
        finally:
            if not task.done():
                drop(raw)
                task.cancel()
            elif not task.cancelled() and (error := task.exception()) and is_broken(error):
                drop(raw)
        raise


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
