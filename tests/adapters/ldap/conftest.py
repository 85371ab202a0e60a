"""A directory with people in it, and Entrepot's view of it."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from entrepot.adapters.ldap import LdapDirectory
from entrepot.settings import Ldap
from tests.adapters.ldap.slapd import (
    GROUPS,
    PEOPLE,
    SEARCHER_DN,
    SEARCHER_PASSWORD,
    Slapd,
    start_slapd,
)
from tests.blackbox.processes import Workspace
from tests.blackbox.toolbox import Toolbox

Open = Callable[..., LdapDirectory]


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """Alice (admins, builders), Bob (builders) and Carol, who is in no group."""
    toolbox = Toolbox.of_environment()
    toolbox.system("slapd")
    with Workspace() as workspace:
        slapd = start_slapd(workspace, toolbox)
        alice = slapd.person("alice", mail="alice@example.com", displayName="Alice Ä. Example")
        bob = slapd.person("bob", "of bob")
        slapd.person("carol")
        slapd.group("admins", alice)
        slapd.group("builders", alice, bob)
        yield slapd


@dataclass(slots=True)
class Reports:
    """The lines for people."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def reports() -> Reports:
    return Reports()


def settings(*urls: str, **changes: Any) -> Ldap:
    """For search, then bind."""
    usual: dict[str, Any] = {
        "url": urls,
        "base": PEOPLE,
        "group_base": GROUPS,
        "bind_dn": SEARCHER_DN,
        "bind_password": SEARCHER_PASSWORD,
        "connect_seconds": 2.0,
        "answer_seconds": 2.0,
    }
    return Ldap(**(usual | changes))


@pytest.fixture
async def directory(slapd: Slapd, reports: Reports) -> AsyncIterator[Open]:
    """Opens directories on the server (or others), with changed settings."""
    opened: list[LdapDirectory] = []

    def open_one(*urls: str, **changes: Any) -> LdapDirectory:
        opened.append(LdapDirectory(settings(*(urls or (slapd.url,)), **changes), reports))
        return opened[-1]

    yield open_one
    for each in opened:
        await each.close()
