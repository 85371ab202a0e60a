"""What goes with an account."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.identity import Source
from entrepot.rules.access import Kind
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.access_tokens import AccessTokenService, NewToken
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from tests.services.house import Counting
from tests.services.people import People, open_people

WEB = Target.of(RepositoryName("acme/web"))


async def acting(people: People, name: str) -> Acting:
    return Acting((await people.holder(name)).identity, Caller(name))


async def test_another_one_of_that_name_gets_nothing_of_the_first() -> None:
    async with open_people() as people:
        catalog, clock = people.catalog, people.clock
        await people.add("root", Role.ADMIN)
        await people.add("alice", Role.USER)
        root, alice = await acting(people, "root"), await acting(people, "alice")
        await ProjectService(catalog, clock).create("acme", root)
        await GrantService(catalog, clock).give(
            Wanted(SubjectKind.USER, "alice", "acme", "developer"), root
        )
        async with catalog.begin(write=True) as tx:
            await tx.groups.enter("alice", "web", Source.LOCAL)
        tokens = AccessTokenService(catalog, clock, Counting())
        _, secret = await tokens.create(NewToken("laptop"), alice)
        assert await people.access.permits(alice.identity, Permission.PUSH, WEB)

        await people.accounts.remove("alice")
        await people.add("alice", Role.USER)
        again = await people.holder("alice")
        assert not await people.access.permits(again.identity, Permission.PUSH, WEB)
        with pytest.raises(Fault) as caught:
            await people.access.login("alice", secret)
        assert caught.value.code is Code.UNAUTHORIZED
        assert await tokens.of("alice") == []
        async with catalog.begin() as tx:
            assert await tx.groups.of("alice") == []
        assert (await people.gate.standing.of(Kind.USER, "alice")) is not None
