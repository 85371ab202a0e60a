"""People whom a source vouches for, and what is kept of them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.identity import Person, Source
from entrepot.rules.access import Kind
from entrepot.rules.roles import Role
from entrepot.services.welcoming import SEEN_SECONDS, STEP
from tests.services.people import PASSWORD
from tests.services.visitors import CAROL, Visitors, open_visitors

OIDC = Person("carol", Source.OIDC, "https://id.example carol-1", groups=("web",))


@pytest.fixture
async def visitors() -> AsyncIterator[Visitors]:
    async with open_visitors() as made:
        yield made


async def refused(visitors: Visitors, person: Person) -> Fault:
    with pytest.raises(Fault) as caught:
        await visitors.welcomer.welcome(person)
    return caught.value


async def test_the_first_login_makes_an_account_that_no_password_opens(visitors: Visitors) -> None:
    account = await visitors.welcomer.welcome(CAROL)
    assert (account.name, account.role, account.password_hash) == ("carol", Role.USER, "")
    assert await visitors.account() == account
    profile = await visitors.profile()
    assert (profile.source, profile.subject) == (Source.LDAP, "uuid-carol")
    assert (profile.email, profile.display_name) == ("carol@example.com", "Carol C.")
    assert await visitors.groups() == [("dev", Source.LDAP)]


async def test_the_next_login_writes_nothing(visitors: Visitors) -> None:
    await visitors.welcomer.welcome(CAROL)
    version, lines = visitors.catalog.version(), await visitors.written()
    visitors.clock.seconds += SEEN_SECONDS / 2
    await visitors.welcomer.welcome(CAROL)
    assert visitors.catalog.version() == version
    visitors.clock.seconds += SEEN_SECONDS
    await visitors.welcomer.welcome(CAROL)
    assert (await visitors.profile()).seen_at == visitors.clock.now()
    assert await visitors.written() == lines


async def test_groups_follow_the_source_and_leave_others_alone(visitors: Visitors) -> None:
    before = await visitors.welcomer.welcome(CAROL)
    async with visitors.catalog.begin(write=True) as tx:
        await tx.groups.enter("carol", "locals", Source.LOCAL)
        await tx.groups.enter("carol", "dev", Source.LOCAL)
    visitors.clock.seconds += 10
    more = await visitors.welcomer.welcome(replace(CAROL, groups=("dev", "ops")))
    assert more.changed_at == before.changed_at
    less = await visitors.welcomer.welcome(replace(CAROL, groups=("ops",)))
    # Tokens and sessions of before are over.
    assert less.changed_at > before.changed_at
    assert await visitors.groups() == [
        ("dev", Source.LOCAL),
        ("locals", Source.LOCAL),
        ("ops", Source.LDAP),
    ]


async def test_many_groups_in_small_transactions(visitors: Visitors) -> None:
    many = tuple(f"g{number}" for number in range(2 * STEP + 7))
    await visitors.welcomer.welcome(replace(CAROL, groups=many))
    assert {name for name, _ in await visitors.groups()} == {*many}
    await visitors.welcomer.welcome(replace(CAROL, groups=()))
    assert await visitors.groups() == []


async def test_administrators_are_whom_the_source_says(visitors: Visitors) -> None:
    made = await visitors.welcomer.welcome(replace(CAROL, is_admin=True))
    assert made.role is Role.ADMIN
    taken = await visitors.welcomer.welcome(CAROL)
    assert taken.role is Role.USER
    assert taken.changed_at > made.changed_at
    await visitors.accounts.change("carol", role=Role.MAINTAINER)
    assert (await visitors.welcomer.welcome(CAROL)).role is Role.MAINTAINER


async def test_roles_given_here_stay_where_the_source_says_nothing_of_them() -> None:
    async with open_visitors(decides_admins=False) as visitors:
        await visitors.welcomer.welcome(replace(CAROL, is_admin=True))
        assert (await visitors.account()).role is Role.USER
        await visitors.accounts.change("carol", role=Role.ADMIN)
        assert (await visitors.welcomer.welcome(CAROL)).role is Role.ADMIN


async def test_attack_local_account_is_not_taken_over(visitors: Visitors) -> None:
    await visitors.accounts.add("carol", PASSWORD, Role.ADMIN)
    for person in (CAROL, OIDC):
        fault = await refused(visitors, person)
        assert fault.code is Code.CONFLICT
        assert "local account" in fault.message
    assert (await visitors.account()).role is Role.ADMIN
    assert await visitors.groups() == []


@pytest.mark.parametrize("other", [OIDC, replace(CAROL, subject="uuid-of-another")])
async def test_attack_name_of_somebody_else_is_not_taken_over(
    other: Person, visitors: Visitors
) -> None:
    await visitors.welcomer.welcome(CAROL)
    fault = await refused(visitors, other)
    assert (fault.code, "known by ldap" in fault.message) == (Code.CONFLICT, True)
    assert (await visitors.profile()).subject == "uuid-carol"


async def test_a_renamed_person_keeps_their_name_here(visitors: Visitors) -> None:
    await visitors.welcomer.welcome(OIDC)
    account = await visitors.welcomer.welcome(replace(OIDC, name="caroline"))
    assert account.name == "carol"
    assert await visitors.accounts.find("caroline") is None


async def test_attack_renamed_to_the_name_of_an_administrator(visitors: Visitors) -> None:
    await visitors.accounts.add("admin", PASSWORD, Role.ADMIN)
    await visitors.welcomer.welcome(OIDC)
    assert (await visitors.welcomer.welcome(replace(OIDC, name="admin"))).name == "carol"


async def test_a_person_who_is_renamed_in_a_directory_is_refused(visitors: Visitors) -> None:
    await visitors.welcomer.welcome(CAROL)
    fault = await refused(visitors, replace(CAROL, name="caroline"))
    assert (fault.code, "known here as carol" in fault.message) == (Code.CONFLICT, True)


@pytest.mark.parametrize("name", ["robot$ci", "a b", "", "x" * 65, "á"])
async def test_attack_name_that_is_none(name: str, visitors: Visitors) -> None:
    assert (await refused(visitors, replace(OIDC, name=name))).code is Code.REQUEST_INVALID


async def test_who_is_switched_off_stays_so(visitors: Visitors) -> None:
    await visitors.welcomer.welcome(CAROL)
    async with visitors.catalog.begin(write=True) as tx:
        await tx.profiles.put(replace(await visitors.profile(), enabled=False))
    assert (await refused(visitors, replace(CAROL, is_admin=True))).code is Code.DENIED
    assert (await visitors.account()).role is Role.USER


async def test_what_is_remembered_of_rights_is_read_anew(visitors: Visitors) -> None:
    await visitors.welcomer.welcome(CAROL)
    standing = await visitors.gate.standing.of(Kind.USER, "carol")
    assert standing is not None
    await visitors.welcomer.welcome(replace(CAROL, is_admin=True))
    after = await visitors.gate.standing.of(Kind.USER, "carol")
    assert after is not None
    assert (standing.identity.role, after.identity.role) == (Role.USER, Role.ADMIN)
