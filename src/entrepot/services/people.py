"""People of a directory (LDAP): their passwords, and who of them is gone."""

from collections import OrderedDict
from typing import Any, Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.identity import Directory, Person, Source, SourceFailed
from entrepot.ports.people import Profile

from .context import Caller
from .enabling import EnablingService
from .recently import remember
from .welcoming import Welcomer

KIND = "people-sync"
NAMES_MAX = 8192
"""Names as typed, with whose they are; more than passwords that are remembered."""
PAGE = 100
SEEN_DAYS = 90.0
"""Whoever was not vouched for in so long is not asked about: their next login will tell."""
GONE_FREE = 5
"""So many may be gone at once; beyond it, no more than half of all."""
FAILURES_MAX = 3
"""Questions in a row that the directory fails at, before it is left alone."""
DAY_SECONDS = 86400.0
SYNC = Caller("people-sync")


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...


class PeopleService:
    """Asks the directory, for `AccountService`.

    That counts wrong passwords, remembers right ones for a while, and asks one by one.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        directory: Directory,
        welcomer: Welcomer,
        log: Log,
        looks_up: bool = True,
    ) -> None:
        """`looks_up` says whether the directory can be asked about people without a password."""
        self.looks_up = looks_up
        self._catalog = catalog
        self._clock = clock
        self._directory = directory
        self._welcomer = welcomer
        self._log = log
        self._enabling = EnablingService(catalog, clock)
        self._names: OrderedDict[str, str] = OrderedDict()

    async def vouch(self, name: str, password: str) -> bool:
        """Return whether the password is that of a person of the directory, who has an account now.

        Raises `Fault`: UNAVAILABLE while the directory cannot be asked, which is never taken for a
        wrong password, and CONFLICT as `Welcomer.welcome` does.
        """
        try:
            person = await self._directory.authenticate(name, password)
        except SourceFailed as error:
            self._log.warning("directory unavailable", reason=str(error))
            raise Fault(
                Code.UNAVAILABLE,
                "the directory of users cannot be asked now, so that nobody of it can log in: try "
                "again later; the server's log says what is wrong",
            ) from error
        if person is None:
            return False
        account = await self._welcomer.welcome(person)
        remember(self._names, name, account.name, NAMES_MAX)
        return True

    def name_of(self, name: str) -> str:
        """Return whose a name is that was vouched for, which may be written otherwise."""
        return self._names.get(name, name)

    async def trouble(self) -> str | None:
        """Return why the directory cannot be asked now, or None."""
        try:
            await self._directory.check()
        except SourceFailed as error:
            return str(error)
        return None

    async def look_up(self, name: str) -> Person | None:
        """Return a person as the directory has them; `Fault(UNAVAILABLE)` if it cannot be asked."""
        try:
            return await self._directory.look_up(name)
        except SourceFailed as error:
            raise Fault(
                Code.UNAVAILABLE, f"the directory of users cannot be asked now: {error}"
            ) from error

    async def bring(self, name: str) -> str | None:
        """Give a person of the directory an account before they first log in; return its name.

        None for nobody. `Fault`: UNAVAILABLE, and CONFLICT as `Welcomer.welcome` does.
        """
        person = await self.look_up(name)
        if person is None:
            return None
        return (await self._welcomer.welcome(person)).name

    async def sync(self, run: Run) -> None:
        """Bring all who logged in lately into step, and switch off who is gone: a job.

        Should more than half be gone at once, the search is wrong rather than they: then nobody is
        switched off, and `Fault(UNAVAILABLE)` raised.
        """
        gone, asked, failures, after = list[Profile](), 0, 0, ""
        since = self._clock.now() - SEEN_DAYS * DAY_SECONDS
        while page := await self._page(after):
            after = page[-1].name
            for profile in page:
                if profile.seen_at < since or not profile.enabled:
                    continue
                try:
                    is_there = await self._refreshed(profile)
                except SourceFailed as error:
                    failures += 1
                    self._log.warning("person not synced", user=profile.name, reason=str(error))
                    if failures >= FAILURES_MAX:
                        raise Fault(Code.UNAVAILABLE, f"the directory: {error}") from error
                    continue
                asked, failures = asked + 1, 0
                gone += [] if is_there else [profile]
            await run.pause()
        if len(gone) > max(GONE_FREE, asked // 2):
            raise Fault(
                Code.UNAVAILABLE,
                f"{len(gone)} of {asked} people are not found in the directory any more, so that "
                "nobody was switched off: see ldap.base, ldap.filter, ldap.allowed_groups and what "
                "ldap.bind_dn may read",
            )
        for profile in gone:
            await self._enabling.put(profile.name, enabled=False, caller=SYNC)
        async with self._catalog.begin(write=True) as tx:
            await run.save(tx, {"people": asked, "gone": len(gone)})

    async def _page(self, after: str) -> list[Profile]:
        async with self._catalog.begin() as tx:
            return await tx.profiles.page(Source.LDAP, after, PAGE)

    async def _refreshed(self, profile: Profile) -> bool:
        """Whether the person is still there, and still the same one."""
        person = await self._directory.look_up(profile.name)
        if person is None or person.subject != profile.subject:
            return False
        try:
            await self._welcomer.welcome(person)
        except Fault as fault:
            # An administrator gave them a password here, or renamed whom the directory renamed.
            self._log.warning("person not synced", user=profile.name, reason=fault.message)
        return True
