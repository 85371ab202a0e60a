"""Replicas replaced one by one under traffic: no request fails."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.blackbox.fleet import Fleet, fleet_of
from tests.blackbox.processes import Workspace
from tests.blackbox.traffic import Traffic
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed

ERROR = '"level": "error"'
LEAVE_SECONDS = 2.0
"""Many times what the balancer needs to see that a replica takes leave."""
BETWEEN_IMAGES = 6
"""What is pushed and pulled between two steps."""


@pytest.fixture
def fleet(server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed) -> Iterator[Fleet]:
    """Three replicas, which take leave of the balancer before they end."""
    settings = {
        "ENTREPOT_SERVER_LEAVE_SECONDS": str(LEAVE_SECONDS),
        "ENTREPOT_SERVER_WORKERS": "2",
    }
    with fleet_of(server_workspace, postgres, seaweed, settings=settings) as made:
        yield made
        logs = [daemon.output() for replica in made.replicas for daemon in replica.starts]
        assert [line for log in logs for line in log.splitlines() if ERROR in line] == []


async def test_one_by_one(fleet: Fleet) -> None:
    """Each, of two processes, is asked to end, drains, and comes again with one, or two."""
    async with Traffic(fleet.balancer.url, fleet.login) as traffic:
        await traffic.more(BETWEEN_IMAGES)
        for number, replica in enumerate(fleet.replicas):
            await asyncio.to_thread(replica.stop)
            await traffic.more(BETWEEN_IMAGES)
            replica.start(ENTREPOT_SERVER_WORKERS=str(1 + number % 2))
            await asyncio.to_thread(fleet.await_ready)
            await traffic.more(BETWEEN_IMAGES)
    assert traffic.failed == []
    assert fleet.balancer.failed() == []
    assert fleet.balancer.refused == 0
    assert len(fleet.balancer.served()) == len(fleet.replicas)
