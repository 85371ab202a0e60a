"""Secrets by chance, and where what they make is taken from."""

import pytest

from entrepot.adapters.system import SystemRandom
from entrepot.oci.errors import Code, Fault
from entrepot.ports.robots import CredentialKind
from entrepot.rules import credentials
from entrepot.rules.access import Identity
from entrepot.rules.networks import Networks
from entrepot.services.minting import Purpose, mint, networks_within
from tests.services.house import Counting


@pytest.mark.parametrize("kind", CredentialKind)
@pytest.mark.parametrize("random", [SystemRandom(), Counting()], ids=["system", "counting"])
def test_a_secret_is_known_by_its_id_and_its_hash(
    kind: CredentialKind, random: SystemRandom | Counting
) -> None:
    seen = set()
    for _ in range(50):
        made, secret = mint(random, Purpose(kind, "alice", "x", "[]", ("10.0.0.0/8",), 7.0), 5.0)
        found = credentials.read(secret)
        assert found is not None
        assert found[1] == made.id
        assert credentials.is_same(secret, made.hash)
        assert (made.kind, made.owner, made.created_at, made.expires_at) == (kind, "alice", 5, 7.0)
        seen |= {made.id, secret}
    assert len(seen) == 100


def test_networks_are_those_of_the_maker_or_within() -> None:
    free = Identity("alice")
    bound = Identity("alice", networks=(Networks.parse(["10.0.0.0/8", "unix"]),))
    assert networks_within(free, ()) == ()
    assert networks_within(free, ("10.0.0.1",)) == ("10.0.0.1/32",)
    assert networks_within(bound, ()) == ("10.0.0.0/8", "unix")
    assert networks_within(bound, ("10.2.0.0/16",)) == ("10.2.0.0/16",)
    with pytest.raises(Fault) as caught:
        networks_within(bound, ("10.0.0.0/8", "192.0.2.1"))
    assert caught.value.code is Code.DENIED
    with pytest.raises(Fault):
        networks_within(bound, ("x",))
