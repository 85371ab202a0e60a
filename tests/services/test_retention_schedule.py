"""Schedules that follow retention policies."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.services.jobs import JobService
from entrepot.services.retention_schedule import ScheduledPolicyService, schedule_name
from tests.services.house import ALICE, House, open_house

NIGHTLY = {"text": "keep n: 3", "schedule": "0 3 * * *"}
BY_HAND = {"text": "keep n: 3"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as made:
        yield made


@pytest.fixture
def jobs(house: House) -> JobService:
    return JobService(house.catalog, house.clock)


@pytest.fixture
def policies(house: House, jobs: JobService) -> ScheduledPolicyService:
    return ScheduledPolicyService(house.catalog, house.clock, jobs)


async def test_a_policy_brings_its_schedule_and_takes_it_along(
    policies: ScheduledPolicyService, jobs: JobService
) -> None:
    await policies.put("team", "retention", NIGHTLY, ALICE)
    (schedule,) = await jobs.schedules("", 10)
    assert (schedule.name, schedule.kind, schedule.cron) == (
        "retention.team",
        "retention",
        "0 3 * * *",
    )
    assert (schedule.args, schedule.mutex) == ('{"project":"team"}', "retention:team")
    await policies.put("team", "retention", {**NIGHTLY, "schedule": "0 4 * * *"}, ALICE)
    assert [each.cron for each in await jobs.schedules("", 10)] == ["0 4 * * *"]
    await policies.remove("team", "retention", ALICE)
    assert await jobs.schedules("", 10) == []


async def test_a_policy_without_one_removes_it(
    policies: ScheduledPolicyService, jobs: JobService
) -> None:
    await policies.put("team", "retention", BY_HAND, ALICE)
    assert await jobs.schedules("", 10) == []
    await policies.put("team", "retention", NIGHTLY, ALICE)
    await policies.put("team", "environment", {"environment": "test"}, ALICE)
    assert len(await jobs.schedules("", 10)) == 1
    await policies.put("team", "retention", BY_HAND, ALICE)
    assert await jobs.schedules("", 10) == []


async def test_a_schedule_that_was_lost_comes_back(
    policies: ScheduledPolicyService, jobs: JobService
) -> None:
    await policies.put("team", "retention", NIGHTLY, ALICE)
    await jobs.remove_schedule("retention.team")
    await policies.put("team", "retention", NIGHTLY, ALICE)
    assert len(await jobs.schedules("", 10)) == 1


async def test_what_is_refused_schedules_nothing(
    policies: ScheduledPolicyService, jobs: JobService
) -> None:
    for document in ({**NIGHTLY, "schedule": "at night"}, {**NIGHTLY, "text": "keep it"}):
        with pytest.raises(Fault) as caught:
            await policies.put("team", "retention", document, ALICE)
        assert caught.value.code is Code.REQUEST_INVALID
    assert await jobs.schedules("", 10) == []


@pytest.mark.parametrize("project", ["a", "x" * 200])
async def test_every_project_has_a_name_for_its_own(
    policies: ScheduledPolicyService, jobs: JobService, project: str
) -> None:
    await policies.put(project, "retention", NIGHTLY, ALICE)
    (schedule,) = await jobs.schedules("", 10)
    assert schedule.name == schedule_name(project)
    assert schedule_name(project) != schedule_name(f"{project}y")
