"""The steps of changing a robot, where `test_robots` does not come by."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.robots import Credential, CredentialKind, Robot
from entrepot.rules.access import Identity
from entrepot.rules.networks import Networks
from entrepot.rules.robots import ROBOT_GRANTS_MAX
from entrepot.services.robotparts import (
    Gift,
    RobotChange,
    RobotView,
    ahead,
    applied,
    check_networks,
    merged,
)

ROBOT = Robot(1, "robot$ci", "", "", ("10.0.0.0/8",), True, 900.0, 0.0, "root", 0.0)
ALICE = Identity("alice")


def credential(used_at: float | None) -> Credential:
    return Credential("1", CredentialKind.ROBOT, "robot$ci", "", b"", "", (), 0.0, None, used_at)


def test_gifts_of_one_scope_are_one_and_roles_stay_apart() -> None:
    gifts = [
        Gift("a", "", ("x", "y")),
        Gift("a", "guest"),
        Gift("a", "", ("y", "z")),
        Gift("b", "", ("x",)),
    ]
    assert merged(gifts) == (
        Gift("a", "", ("x", "y", "z")),
        Gift("a", "guest"),
        Gift("b", "", ("x",)),
    )


def test_as_many_as_there_may_be_and_not_one_more() -> None:
    gifts = [Gift(f"a/{number}", "guest") for number in range(ROBOT_GRANTS_MAX)]
    assert len(merged([*gifts, *gifts])) == ROBOT_GRANTS_MAX
    with pytest.raises(Fault) as caught:
        merged([*gifts, Gift("b", "guest")])
    assert caught.value.code is Code.REQUEST_INVALID


def test_an_end_lies_ahead() -> None:
    assert ahead(None, 5.0) is None
    assert ahead(5.1, 5.0) == 5.1
    with pytest.raises(Fault):
        ahead(5.0, 5.0)


def test_what_is_not_said_stays() -> None:
    assert applied(ROBOT, RobotChange(), ALICE, 5.0) == ROBOT
    changed = applied(ROBOT, RobotChange(expires=True), ALICE, 5.0)
    assert (changed.expires_at, changed.networks) == (None, ROBOT.networks)
    changed = applied(ROBOT, RobotChange(networks=(), enabled=False), ALICE, 5.0)
    assert (changed.networks, changed.enabled, changed.expires_at) == ((), False, 900.0)


def test_who_is_taken_from_less_touches_nothing_that_is_taken_from_more() -> None:
    check_networks(ROBOT, ALICE)
    check_networks(ROBOT, Identity("a", networks=(Networks.parse(["10.0.0.0/8", "unix"]),)))
    with pytest.raises(Fault) as caught:
        check_networks(ROBOT, Identity("a", networks=(Networks.parse(["10.0.0.0/9"]),)))
    assert caught.value.code is Code.DENIED


def test_the_last_use_is_that_of_any_secret() -> None:
    assert RobotView(ROBOT).used_at is None
    secrets = tuple(credential(at) for at in (None, 7.0, 3.0))
    assert RobotView(ROBOT, (), secrets).used_at == 7.0
