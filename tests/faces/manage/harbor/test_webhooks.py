"""Webhook policies in Harbor's words, and what was sent."""

from typing import Any

import pytest

from entrepot.services.webhooks import WebhookChange
from entrepot.wiring.telling import Telling
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/projects/team/webhook"
POLICIES = f"{BASE}/policies"
TARGET = {
    "type": "http",
    "address": "https://hooks.example.com/x",
    "skip_cert_verify": True,
    "payload_format": "CloudEvents",
}
EVENTS = ["PUSH_ARTIFACT", "SCANNING_COMPLETED"]


def policy(**more: Any) -> dict[str, Any]:
    return {
        "name": "ci",
        "description": "tell CI",
        "enabled": True,
        "event_types": EVENTS,
        "targets": [TARGET],
        **more,
    }


def telling(yard: Yard) -> Telling:
    found = yard.doors.house.telling
    assert found is not None
    return found


def number_of(place: str) -> int:
    return int(place.rpartition("/")[2])


async def test_a_policy_comes_back_as_it_was_put(yard: Yard) -> None:
    place = await yard.make(POLICIES, policy(), who="projectAdmin of the project")
    got = await yard.get(place)
    assert {key: got[key] for key in policy()} == policy()
    assert (got["project_id"], got["creator"]) == (await yard.project_id(), "in-projectAdmin")
    assert await yard.get(POLICIES) == [got]
    assert await yard.get(f"/projects/{got['project_id']}/webhook/policies?q=name%3Dx") == []
    # Changed elsewhere, it shows what it is now.
    document = (await telling(yard).webhooks.find(got["id"])).document
    changed = type(document)(document.url, document.format, ("manifest.deleted",))
    await telling(yard).webhooks.change(got["id"], WebhookChange(document=changed), ALICE)
    assert (await yard.get(place))["event_types"] == ["DELETE_ARTIFACT"]


async def test_an_authorization_is_not_shown(yard: Yard) -> None:
    place = await yard.make(POLICIES, policy(targets=[{**TARGET, "auth_header": "Bearer x"}]))
    assert (await yard.get(place))["targets"][0]["auth_header"] == "*****"
    hidden = policy(name="again", targets=[{**TARGET, "auth_header": "*****"}])
    await yard.do("PUT", place, hidden)
    assert (await yard.get(place))["targets"][0]["auth_header"] == "*****"
    assert (await yard.get(place))["name"] == "again"
    await yard.do("PUT", place, policy(enabled=False))
    got = await yard.get(place)
    assert (got["enabled"], "auth_header" in got["targets"][0]) == (False, False)


async def test_a_policy_is_removed(yard: Yard) -> None:
    place = await yard.make(POLICIES, policy())
    other = place.replace("/team/", "/other/")
    assert await yard.refused("GET", other) == 404
    assert await yard.refused("DELETE", other) == 404
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("PUT", place, policy()) == 404


@pytest.mark.parametrize(
    "change, status",
    [
        ({"targets": []}, 400),
        ({"targets": [TARGET, TARGET]}, 400),
        ({"targets": [{**TARGET, "type": "fax"}]}, 400),
        ({"targets": [{**TARGET, "payload_format": "XML"}]}, 400),
        ({"targets": [{**TARGET, "address": "nowhere"}]}, 400),
        ({"event_types": []}, 400),
        ({"event_types": ["LUNCH"]}, 400),
        ({"event_types": ["SCANNING_FAILED"]}, 412),
        ({"name": ""}, 400),
        ({"description": "x" * 5000}, 400),
        ({"targets": "x"}, 422),
    ],
)
async def test_what_no_policy_can_be(yard: Yard, change: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", POLICIES, policy(**change)) == status


async def test_who_keeps_policies(yard: Yard) -> None:
    for path in ("policies", "lasttrigger"):
        assert await yard.refused("GET", f"/projects/nosuch/webhook/{path}") == 404
    await yard.make(POLICIES, policy())
    assert await yard.refused("POST", POLICIES, policy()) == 409
    assert await yard.refused("POST", POLICIES, policy(), who="guest of the project") == 403
    assert await yard.refused("GET", POLICIES, who="guest of the project") == 403
    events = await yard.get(f"{BASE}/events")
    assert events["notify_type"] == ["http", "slack"]
    assert "PUSH_ARTIFACT" in events["event_type"]
    assert "SCANNING_FAILED" not in events["event_type"]


async def test_what_was_sent(yard: Yard) -> None:
    place = await yard.make(POLICIES, policy())
    slack = {"type": "slack", "address": "https://hooks.example.com/slack"}
    other = await yard.make(POLICIES, policy(name="chat", targets=[slack]))
    sent = await telling(yard).deliveries.test(number_of(place), ALICE)
    runs = f"{place}/executions"
    found = await yard.ask("GET", runs)
    assert found.header("X-Total-Count") == "1"
    run = found.json[0]
    assert (run["id"], run["vendor_id"], run["status"]) == (sent.id, number_of(place), "Running")
    assert run["metrics"] == {"task_count": 1, "running_task_count": 1}
    assert run["extra_attrs"]["payload"].startswith("{")
    task = (await yard.get(f"{runs}/{sent.id}/tasks"))[0]
    assert (task["execution_id"], task["run_count"]) == (sent.id, 0)
    log = await yard.ask("GET", f"{runs}/{sent.id}/tasks/{task['id']}/log")
    assert b"Running: 0 attempts" in log.body
    job = (await yard.get(f"{BASE}/jobs?policy_id={number_of(place)}"))[0]
    assert (job["notify_type"], job["status"]) == ("http", "Running")
    path = f"{BASE}/jobs?policy_id={number_of(place)}&status=Success"
    assert await yard.get(path) == []
    assert await yard.get(f"{other}/executions?q=status%3DRunning") == []
    assert await yard.refused("GET", f"{other}/executions/{sent.id}/tasks") == 404
    assert await yard.refused("GET", f"{runs}/{sent.id}/tasks/99/log") == 404
    assert await yard.refused("GET", f"{BASE}/jobs") == 422
    assert await yard.refused("GET", f"{BASE}/jobs?policy_id=99") == 404
    last = await yard.get(f"{BASE}/lasttrigger")
    assert [(one["policy_name"], one["event_type"]) for one in last] == [
        ("ci", "PUSH_ARTIFACT"),
        ("chat", "PUSH_ARTIFACT"),
    ]
    assert last[0]["last_trigger_time"] == "0001-01-01T00:00:00.000Z"
