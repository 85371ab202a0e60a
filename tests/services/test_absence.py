"""Why somebody who could be known is nobody now."""

import pytest

from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.ports.robots import Robot
from entrepot.rules.access import Kind
from entrepot.services.absence import why_absent
from tests.services.granting import open_ground


@pytest.mark.parametrize(
    "kind, who, told",
    [
        (Kind.USER, "nobody", "has no account here"),
        (Kind.USER, "off", "is switched off: ask an administrator"),
        (Kind.ROBOT, "robot$off", "is switched off: ask whoever runs it"),
        (Kind.ROBOT, "robot$old", "has expired"),
        (Kind.ROBOT, "robot$none", "does not exist"),
        (Kind.ROBOT, "robot$well", "was changed meanwhile"),
        (Kind.WORKLOAD, "workload:ci:x", "is trusted by no rule"),
    ],
)
async def test_what_is_told(kind: Kind, who: str, told: str) -> None:
    async with open_ground() as ground:
        async with ground.catalog.begin(write=True) as tx:
            await tx.profiles.put(Profile("off", Source.LOCAL, "off", "", "", False, 1.0))
            for name, enabled, ends in (
                ("off", False, None),
                ("old", False, 9.0),
                ("well", True, 11.0),
            ):
                await tx.robots.add(
                    Robot(0, f"robot${name}", "", "", (), enabled, ends, 1.0, "root", 1.0)
                )
        async with ground.catalog.begin() as tx:
            assert (await why_absent(tx, kind, who, 10.0)).startswith(told)
