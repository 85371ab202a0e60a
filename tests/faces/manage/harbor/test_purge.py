"""Purges of the audit log in Harbor's words."""

import json

import pytest

from entrepot.services.auditing import Act, record
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/system/purgeaudit"
HOUR = 3600.0
PARAMETERS = {"audit_retention_hour": 24, "include_event_types": "create_artifact,pull_artifact"}


async def log_lines(yard: Yard) -> list[str]:
    async with yard.catalog.begin() as tx:
        return [line.operation for line in await tx.audit.after(0, 99)]


async def test_a_schedule_comes_back_as_it_was_put(yard: Yard) -> None:
    daily = {"type": "Daily", "cron": "0 0 0 * * *"}
    body = {"schedule": daily, "parameters": PARAMETERS}
    await yard.make(f"{BASE}/schedule", body)
    got = await yard.get(f"{BASE}/schedule")
    assert json.loads(got["job_parameters"]) == PARAMETERS
    assert got["schedule"]["type"] == "Daily"
    await yard.do("PUT", f"{BASE}/schedule", {"schedule": {"type": "None"}})
    await yard.do("GET", f"{BASE}/schedule")


@pytest.mark.parametrize(
    "events, left",
    [
        ("create_artifact", ["manifest.deleted", "project.created"]),
        ("delete", ["manifest.published", "project.created"]),
        ("other", ["manifest.published", "manifest.deleted"]),
        ("create,delete,pull,other", []),
    ],
)
async def test_only_what_is_named_goes(yard: Yard, events: str, left: list[str]) -> None:
    operations = ("manifest.published", "manifest.deleted", "project.created")
    for operation in operations:
        async with yard.catalog.begin(write=True) as tx:
            await record(tx, ALICE, yard.clock.now(), Act(operation, "x"))
    yard.clock.seconds += 25 * HOUR
    body = {
        "schedule": {"type": "Manual"},
        "parameters": {"audit_retention_hour": 24, "include_event_types": events},
    }
    place = await yard.make(f"{BASE}/schedule", body)
    await yard.work()
    assert (await yard.get(place))["job_status"] == "Success"
    assert [one for one in await log_lines(yard) if one in operations] == left


async def test_a_dry_run_changes_nothing(yard: Yard) -> None:
    async with yard.catalog.begin(write=True) as tx:
        await record(tx, ALICE, yard.clock.now(), Act("manifest.published", "x"))
    yard.clock.seconds += 25 * HOUR
    body = {"schedule": {"type": "Manual"}, "parameters": {**PARAMETERS, "dry_run": True}}
    place = await yard.make(f"{BASE}/schedule", body)
    await yard.work()
    assert "manifest.published" in await log_lines(yard)
    assert json.loads((await yard.get(place))["job_parameters"])["dry_run"] is True


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"audit_retention_hour": 1},
        {"include_event_types": "other"},
        {**PARAMETERS, "audit_retention_hour": "1"},
        {**PARAMETERS, "audit_retention_hour": -1},
        {**PARAMETERS, "audit_retention_hour": 240_001},
    ],
)
async def test_what_cannot_be_purged(yard: Yard, parameters: dict[str, object]) -> None:
    body = {"schedule": {"type": "Manual"}, "parameters": parameters}
    assert await yard.refused("POST", f"{BASE}/schedule", body) == 400
