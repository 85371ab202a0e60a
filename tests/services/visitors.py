"""People of a directory in a test's hands, and who welcomes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.signer import Es256Signer
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.ports.identity import Person, Source, SourceFailed
from entrepot.ports.people import Profile
from entrepot.rules.access import Policy
from entrepot.services.accounts import AccountService
from entrepot.services.people import PeopleService
from entrepot.services.welcoming import Welcomer
from entrepot.wiring.gate import Gate, Ground, Sources, Terms, assemble_gate
from tests.services.house import Counting, HandClock
from tests.services.people import KEY, PlainPasswords

SESAME = "open sesame"
CAROL = Person("carol", Source.LDAP, "uuid-carol", "carol@example.com", "Carol C.", ("dev",))


@dataclass
class Said:
    """A log."""

    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append((event, facts))

    warning = info


@dataclass
class FakeDirectory:
    """Whoever is in `people` has the password `SESAME`; names are found whatever their case."""

    people: dict[str, Person] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failing: str = ""

    def put(self, *people: Person) -> None:
        self.people |= {person.name: person for person in people}

    async def authenticate(self, name: str, password: str) -> Person | None:
        self.asked.append(name)
        found = await self.look_up(name)
        return found if password == SESAME else None

    async def look_up(self, name: str) -> Person | None:
        if self.failing:
            raise SourceFailed(self.failing)
        return self.people.get(name.lower())

    async def check(self) -> None: ...
    async def close(self) -> None: ...


@dataclass
class NoRun:
    """A job's run of which only the last progress is kept."""

    progress: dict[str, Any] = field(default_factory=dict)

    async def save(self, _tx: object, progress: dict[str, Any]) -> None:
        self.progress = progress

    async def pause(self) -> None: ...


@dataclass
class Visitors:
    """The services with what they stand on."""

    catalog: Catalog
    clock: HandClock
    directory: FakeDirectory
    welcomer: Welcomer
    people: PeopleService
    accounts: AccountService
    gate: Gate
    log: Said

    async def login(self, name: str = "carol", password: str = SESAME) -> str:
        """Return who that is."""
        return (await self.gate.access.login(name, password)).identity.name

    async def account(self, name: str = "carol") -> Account:
        found = await self.accounts.find(name)
        assert found is not None
        return found

    async def profile(self, name: str = "carol") -> Profile:
        async with self.catalog.begin() as tx:
            found = await tx.profiles.find(name)
        assert found is not None
        return found

    async def groups(self, name: str = "carol") -> list[tuple[str, Source]]:
        async with self.catalog.begin() as tx:
            return await tx.groups.of(name)

    async def written(self) -> int:
        """Return how many lines the audit log has."""
        async with self.catalog.begin() as tx:
            return await tx.audit.last()

    def change(self, name: str = "carol", **changes: Any) -> Person:
        """Change somebody in the directory."""
        self.directory.people[name] = replace(self.directory.people[name], **changes)
        return self.directory.people[name]


@asynccontextmanager
async def open_visitors(*, decides_admins: bool = True) -> AsyncIterator[Visitors]:
    """Yield services without any account; Carol is in the directory."""
    catalog = await open_catalog("sqlite:///:memory:")
    clock, chance, log, directory = HandClock(), Counting(), Said(), FakeDirectory()
    directory.put(CAROL)
    admins = frozenset({Source.LDAP, Source.OIDC}) if decides_admins else frozenset[Source]()
    welcomer = Welcomer(catalog, clock, admins_of=admins)
    people = PeopleService(catalog, clock, directory=directory, welcomer=welcomer, log=log)
    accounts = AccountService(catalog, PlainPasswords(), clock, chance, elsewhere=people)
    ground = Ground(catalog, clock, chance, Es256Signer(KEY))
    gate = assemble_gate(ground, accounts, Policy(), Terms(), Sources(people=people))
    try:
        yield Visitors(catalog, clock, directory, welcomer, people, accounts, gate, log)
    finally:
        await catalog.close()
