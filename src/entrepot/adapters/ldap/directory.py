"""The directory: servers in order, in a bounded number of threads."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from entrepot.ports.identity import Person, SourceFailed
from entrepot.rules.passwords import check_name
from entrepot.settings import Ldap

from . import login
from .connecting import Unreachable
from .login import Report
from .session import Session
from .sockets import client_context

WAITING_MAX = 256
"""Questions under way or waiting for a thread; more are refused at once."""
PASSWORD_MAX_BYTES = 1024
DOWN_SECONDS = 30.0
"""How long a server that did not answer is asked after the others."""

_T = TypeVar("_T")


class LdapDirectory:
    """A `Directory`. Each question has a connection of its own, at most `connections` at once."""

    def __init__(self, ldap: Ldap, report: Report) -> None:
        """`report` gets a line for people, which holds no secret, from any thread.

        Raises `SourceFailed` where `ldap.ca` is no use.
        """
        self._ldap = ldap
        self._report = report
        try:
            self._context = client_context(ldap.ca)
        except OSError as error:
            raise SourceFailed(
                f"LDAP: ldap.ca: {ldap.ca} holds no certificates in PEM that can be read: {error}"
            ) from error
        self._threads = ThreadPoolExecutor(ldap.connections, thread_name_prefix="ldap")
        self._under_way = 0
        # When each was found down; one word per server, which threads may overwrite at will.
        self._down_at: dict[str, float] = {}

    async def authenticate(self, name: str, password: str) -> Person | None:
        """See `Directory`. A name that nobody can have here is not asked about."""
        if check_name(name) is not None or not _may_be_password(password):
            return None
        return await self._run(
            lambda session: login.log_in(
                session, self._ldap, name=name, password=password, report=self._report
            )
        )

    async def look_up(self, name: str) -> Person | None:
        """See `Directory`; None as well for those who may not log in any more."""
        if check_name(name) is not None:
            return None
        return await self._run(
            lambda session: login.look_up(session, self._ldap, name=name, report=self._report)
        )

    async def check(self) -> None:
        """See `Directory`. Where there is no `ldap.bind_dn`, connecting is all that is tried."""
        await self._run(
            lambda session: login.bind_searcher(session, self._ldap) if self._ldap.bind_dn else None
        )

    async def close(self) -> None:
        """Ask nothing more. What is under way ends by its own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, task: Callable[[Session], _T]) -> _T:
        if self._under_way >= WAITING_MAX:
            raise SourceFailed(
                f"LDAP: {WAITING_MAX} logins wait for the directory: try again later; see whether "
                "it is slow, or raise ldap.connections"
            )
        self._under_way += 1
        try:
            async with asyncio.timeout(self._patience_seconds()):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, self._asked, task)
        except TimeoutError as error:
            raise SourceFailed(
                "LDAP: the directory does not answer in time: see whether ldap.url can be reached "
                "from here, and how long it takes"
            ) from error
        finally:
            self._under_way -= 1

    def _patience_seconds(self) -> float:
        each = 2 * self._ldap.connect_seconds + self._ldap.answer_seconds
        return each * len(self._ldap.url)

    def _asked(self, task: Callable[[Session], _T]) -> _T:
        """Ask the first server that answers. Runs in a thread."""
        reasons: list[str] = []
        for url in self._in_order():
            try:
                with Session(url, self._ldap, self._context) as session:
                    answer = task(session)
            except Unreachable as error:
                reasons.append(str(error))
                self._note_down(url, str(error))
            else:
                self._down_at.pop(url, None)
                return answer
        raise SourceFailed(
            f"LDAP: no server of the directory can be asked ({'; '.join(reasons)}): see whether it "
            "runs and can be reached from here"
        )

    def _in_order(self) -> list[str]:
        since = time.monotonic() - DOWN_SECONDS
        return sorted(self._ldap.url, key=lambda url: self._down_at.get(url, since) > since)

    def _note_down(self, url: str, reason: str) -> None:
        was_known = url in self._down_at
        self._down_at[url] = time.monotonic()
        if not was_known:
            self._report(f"LDAP: {reason}")


def _may_be_password(password: str) -> bool:
    """Whether a directory may be asked: nothing, or nothing before a NUL, could bind anybody."""
    try:
        length = len(password.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= PASSWORD_MAX_BYTES and "\0" not in password
