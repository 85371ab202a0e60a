"""harborapi (PyPI), whose models check every answer: contents, rules, registry."""

from collections.abc import Awaitable
from typing import Any

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import (
    BadRequest,
    Conflict,
    NotFound,
    PreconditionFailed,
    StatusError,
    Unauthorized,
)
from harborapi.models import (
    Configurations,
    CVEAllowlist,
    CVEAllowlistItem,
    ImmutableRule,
    ImmutableSelector,
    Label,
    OIDCTestReq,
    Registry,
    RegistryCredential,
    RegistryPing,
    RegistryUpdate,
    ReplicationFilter,
    ReplicationPolicy,
    ReplicationTrigger,
    ReplicationTriggerSettings,
    RetentionPolicy,
    RetentionPolicyScope,
    RetentionRule,
    RetentionRuleTrigger,
    RetentionSelector,
    Schedule,
    ScheduleObj,
    Tag,
    WebhookPolicy,
    WebhookTargetObject,
)

from tests.blackbox.harbor_site import IMAGE, INDEX, Site, check_record, is_whole
from tests.blackbox.harborapi_client import PASSWORD, client, new_project, number_of

LIBRARY, APP = IMAGE.split("/")
TOOLS = INDEX.partition("/")[2]

# --- contents ------------------------------------------------------------------------------------


async def test_repositories(harbor: HarborAsyncClient) -> None:
    found = await harbor.get_repositories(LIBRARY, sort="name")
    assert [each.name for each in found] == [IMAGE, INDEX]
    everywhere = await harbor.get_repositories(query="name=~app")
    assert IMAGE in [each.name for each in everywhere]
    repository = await harbor.get_repository(LIBRARY, TOOLS)
    assert repository.name == INDEX
    assert repository.artifact_count == 1
    repository.description = "# Tools"
    await harbor.update_repository(LIBRARY, TOOLS, repository)
    assert (await harbor.get_repository(LIBRARY, TOOLS)).description == "# Tools"
    with pytest.raises(NotFound):
        await harbor.get_repository(LIBRARY, "nothing/here")


async def test_artifacts(harbor: HarborAsyncClient, site: Site) -> None:
    (artifact,) = await harbor.get_artifacts(LIBRARY, APP, with_label=True, with_accessory=True)
    assert artifact.digest == site.images["referred"]
    assert artifact.type == "IMAGE"
    assert [tag.name for tag in artifact.tags or []] == ["v1"]
    assert {each.type for each in artifact.accessories or []}
    by_tag = await harbor.get_artifact(LIBRARY, APP, "v1", with_accessory=True)
    assert by_tag.id == artifact.id
    assert by_tag.extra_attrs is not None
    assert (by_tag.extra_attrs.root or {})["architecture"] == "amd64"
    accessories = await harbor.get_artifact_accessories(LIBRARY, APP, "v1")
    assert {each.subject_artifact_digest for each in accessories} == {artifact.digest}
    index = await harbor.get_artifact(LIBRARY, TOOLS, site.images["platforms"])
    assert len(index.references or []) == 3
    assert await harbor.get_artifact_build_history(LIBRARY, APP, "v1") is not None
    with pytest.raises(NotFound):
        await harbor.get_artifact(LIBRARY, APP, "nothing")
    with pytest.raises(StatusError):
        await harbor.get_artifact(LIBRARY, APP, f"sha256:{0:064}")
    of_project = await harbor.get_project_artifacts(LIBRARY)
    assert artifact.digest in [each.digest for each in of_project]


async def test_tags_and_copies(harbor: HarborAsyncClient, site: Site) -> None:
    await harbor.create_artifact_tag(LIBRARY, APP, "v1", Tag(name="stable"))
    with pytest.raises(Conflict):
        await harbor.create_artifact_tag(LIBRARY, APP, "v1", Tag(name="stable"))
    tags = await harbor.get_artifact_tags(LIBRARY, APP, "v1")
    # Newest first.
    assert [tag.name for tag in tags] == ["stable", "v1"]
    await harbor.delete_artifact_tag(LIBRARY, APP, "v1", "stable")
    with pytest.raises(NotFound):
        await harbor.delete_artifact_tag(LIBRARY, APP, "v1", "stable")
    await new_project(harbor, "py-copies")
    await harbor.copy_artifact("py-copies", "deep/copy", f"{IMAGE}:v1")
    copy = await harbor.get_artifact("py-copies", "deep/copy", "v1")
    assert copy.digest == site.images["referred"]
    await harbor.delete_artifact("py-copies", "deep/copy", "v1")
    with pytest.raises(NotFound):
        await harbor.get_artifact("py-copies", "deep/copy", "v1")
    await harbor.copy_artifact("py-copies", "copy", f"{IMAGE}@{site.images['referred']}")
    await harbor.delete_repository("py-copies", "copy")
    with pytest.raises(NotFound):
        await harbor.delete_repository("py-copies", "copy")


async def test_labels(harbor: HarborAsyncClient) -> None:
    everywhere = Label(name="py-everywhere", color="#FF0000", description="first", scope="g")
    number = number_of(await harbor.create_label(everywhere))
    project = (await harbor.get_project(LIBRARY)).project_id
    inside = Label(name="py-inside", scope="p", project_id=project)
    local = number_of(await harbor.create_label(inside))
    with pytest.raises(Conflict):
        await harbor.create_label(everywhere)
    assert (await harbor.get_label(number)).name == "py-everywhere"
    await harbor.update_label(number, Label(name="py-everywhere", color="#00FF00", scope="g"))
    assert (await harbor.get_label(number)).color == "#00FF00"
    assert [each.id for each in await harbor.get_labels(scope="g", name="py-every")] == [number]
    assert [each.id for each in await harbor.get_labels(scope="p", project_id=project)] == [local]
    for each in (number, local):
        await harbor.add_artifact_label(LIBRARY, APP, "v1", Label(id=each))
    artifact = await harbor.get_artifact(LIBRARY, APP, "v1", with_label=True)
    assert {label.id for label in artifact.labels or []} == {number, local}
    marked = await harbor.get_artifacts(LIBRARY, APP, query=f"labels=({local})")
    assert [each.digest for each in marked] == [artifact.digest]
    await harbor.delete_artifact_label(LIBRARY, APP, "v1", local)
    with pytest.raises(NotFound):
        await harbor.delete_artifact_label(LIBRARY, APP, "v1", local)
    for each in (number, local):
        await harbor.delete_label(each)
        with pytest.raises(NotFound):
            await harbor.get_label(each)


# --- rules ---------------------------------------------------------------------------------------


async def test_retention(harbor: HarborAsyncClient) -> None:
    project = await new_project(harbor, "py-retention")
    with pytest.raises(NotFound):
        await harbor.get_project_retention_id("py-retention")
    tags = RetentionSelector(kind="doublestar", decoration="matches", pattern="v*")
    tags.extras = '{"untagged":true}'
    places = RetentionSelector(kind="doublestar", decoration="repoMatches", pattern="**")
    rule = RetentionRule(
        action="retain",
        template="latestPushedK",
        params={"latestPushedK": 5},
        tag_selectors=[tags],
        scope_selectors={"repository": [places]},
    )
    policy = RetentionPolicy(
        algorithm="or",
        rules=[rule],
        scope=RetentionPolicyScope(level="project", ref=project),
        trigger=RetentionRuleTrigger(kind="Schedule", settings={"cron": "0 0 0 * * *"}),
    )
    number = number_of(await harbor.create_retention_policy(policy))
    assert await harbor.get_project_retention_id("py-retention") == number
    with pytest.raises(StatusError):
        await harbor.create_retention_policy(policy)
    found = await harbor.get_retention_policy(number)
    assert found.rules is not None
    assert found.rules[0].params == {"latestPushedK": 5}
    assert found.rules[0].tag_selectors == [tags]
    assert found.rules[0].scope_selectors == {"repository": [places]}
    found.rules[0].params = {"latestPushedK": 7}
    await harbor.update_retention_policy(number, found)
    again = await harbor.get_retention_policy(number)
    assert again.rules is not None
    assert again.rules[0].params == {"latestPushedK": 7}
    execution = number_of(await harbor.start_retention_execution(number, dry_run=True))
    assert execution in [each.id for each in await harbor.get_retention_executions(number)]
    for task in await harbor.get_retention_tasks(number, execution):
        assert task.id is not None
        assert await harbor.get_retention_execution_task_log(number, execution, task.id)
    assert (await harbor.get_retention_metadata()).templates
    await harbor.delete_retention_policy(number)
    with pytest.raises(NotFound):
        await harbor.get_retention_policy(number)
    await harbor.delete_project("py-retention")


async def test_immutability(harbor: HarborAsyncClient) -> None:
    await new_project(harbor, "py-fixed")
    tags = ImmutableSelector(kind="doublestar", decoration="matches", pattern="v1.*")
    places = ImmutableSelector(kind="doublestar", decoration="repoMatches", pattern="**")
    rule = ImmutableRule(
        action="immutable",
        template="immutable_template",
        tag_selectors=[tags],
        scope_selectors={"repository": [places]},
    )
    number = number_of(await harbor.create_project_immutable_tag_rule("py-fixed", rule))
    (found,) = await harbor.get_project_immutable_tag_rules("py-fixed")
    assert found.id == number
    assert found.tag_selectors is not None
    assert found.tag_selectors[0].pattern == "v1.*"
    assert not found.disabled
    found.disabled = True
    await harbor.update_project_immutable_tag_rule("py-fixed", number, found)
    (again,) = await harbor.get_project_immutable_tag_rules("py-fixed")
    assert again.disabled
    await harbor.delete_project_immutable_tag_rule("py-fixed", number)
    assert not await harbor.get_project_immutable_tag_rules("py-fixed")
    await harbor.delete_project("py-fixed")


async def test_registries_and_replication(harbor: HarborAsyncClient) -> None:
    credential = RegistryCredential(type="basic", access_key="reader", access_secret=PASSWORD)
    kind, url = "docker-registry", "https://registry.example.org"
    registry = Registry(name="py-remote", credential=credential, type=kind, url=url)
    number = number_of(await harbor.create_registry(registry))
    found = await harbor.get_registry(number)
    assert (found.name, found.url, found.type) == ("py-remote", url, kind)
    assert found.credential is not None
    assert found.credential.access_key == "reader"
    assert found.credential.access_secret != PASSWORD
    await harbor.update_registry(number, RegistryUpdate(description="second"))
    assert (await harbor.get_registry(number)).description == "second"
    assert [each.id for each in await harbor.get_registries(name="py-remote")] == [number]
    assert (await harbor.get_registry_info(number)).type == kind
    assert "docker-registry" in await harbor.get_registry_adapters()
    assert (await harbor.get_registry_providers()).root
    with pytest.raises(StatusError):
        await harbor.check_registry_status(RegistryPing(id=number))
    policy = ReplicationPolicy(
        name="py-pull",
        src_registry=Registry(id=number),
        dest_namespace=LIBRARY,
        trigger=ReplicationTrigger(
            type="scheduled", trigger_settings=ReplicationTriggerSettings(cron="0 0 3 * * *")
        ),
        filters=[ReplicationFilter(type="name", value="library/**")],
        enabled=True,
        override=True,
    )
    rule = number_of(await harbor.create_replication_policy(policy))
    stored = await harbor.get_replication_policy(rule)
    assert stored.src_registry is not None
    assert stored.src_registry.id == number
    assert stored.trigger is not None
    assert stored.trigger.trigger_settings is not None
    assert stored.trigger.trigger_settings.cron == "0 0 3 * * *"
    stored.enabled = False
    await harbor.update_replication_policy(rule, stored)
    assert not (await harbor.get_replication_policy(rule)).enabled
    assert [each.id for each in await harbor.get_replication_policies(name="py-pull")] == [rule]
    with pytest.raises(PreconditionFailed):
        await harbor.delete_registry(number)
    # Stored now, carried out by a later version.
    with pytest.raises(PreconditionFailed):
        await harbor.start_replication(rule)
    assert not await harbor.get_replications(policy_id=rule)
    with pytest.raises(NotFound):
        await harbor.get_replication(1)
    await harbor.delete_replication_policy(rule)
    await harbor.delete_registry(number)
    with pytest.raises(NotFound):
        await harbor.get_registry(number)


async def test_webhooks(harbor: HarborAsyncClient) -> None:
    project = await new_project(harbor, "py-hooks")
    target = WebhookTargetObject(type="http", address="https://hooks.example.org/a")
    policy = WebhookPolicy(name="py-hook", enabled=True, targets=[target])
    policy.event_types = ["PUSH_ARTIFACT", "DELETE_ARTIFACT"]
    number = number_of(await harbor.create_webhook_policy("py-hooks", policy))
    found = await harbor.get_webhook_policy("py-hooks", number)
    assert found.targets is not None
    assert found.targets[0].address == target.address
    assert sorted(found.event_types or []) == ["DELETE_ARTIFACT", "PUSH_ARTIFACT"]
    assert found.project_id == project
    found.description = "second"
    await harbor.update_webhook_policy("py-hooks", number, found)
    assert [each.description for each in await harbor.get_webhook_policies("py-hooks")] == [
        "second"
    ]
    events = await harbor.get_webhook_supported_events("py-hooks")
    assert "PUSH_ARTIFACT" in [each.root for each in events.event_type or []]
    assert await harbor.get_webhook_policy_last_trigger("py-hooks") is not None
    assert not await harbor.get_webhook_jobs("py-hooks", number)
    await harbor.delete_webhook_policy("py-hooks", number)
    with pytest.raises(NotFound):
        await harbor.get_webhook_policy("py-hooks", number)
    await harbor.delete_project("py-hooks")


# --- the registry itself -------------------------------------------------------------------------


def _schedule(kind: str, cron: str = "", **parameters: Any) -> Schedule:
    words = {"type": kind, **({"cron": cron} if cron else {})}
    return Schedule(schedule=ScheduleObj.model_validate(words), parameters=parameters)


async def test_garbage_collection(harbor: HarborAsyncClient) -> None:
    await harbor.create_gc_schedule(_schedule("Daily", "0 0 0 * * *", delete_untagged=True))
    schedule = (await harbor.get_gc_schedule()).schedule
    assert schedule is not None
    assert schedule.type is not None
    assert (schedule.type.value, schedule.cron) == ("Daily", "0 0 0 * * *")
    await harbor.update_gc_schedule(_schedule("None"))
    await harbor.create_gc_schedule(_schedule("Manual", dry_run=True))
    jobs = await harbor.get_gc_jobs()
    assert jobs
    assert jobs[0].id is not None
    assert (await harbor.get_gc_job(jobs[0].id)).job_status
    assert isinstance(await harbor.get_gc_log(jobs[0].id), list)
    with pytest.raises(NotFound):
        await harbor.get_gc_job(999_999)


async def test_audit(harbor: HarborAsyncClient) -> None:
    parameters = {"audit_retention_hour": 24, "include_operations": "create,delete"}
    await harbor.create_purge_job_schedule(_schedule("Weekly", "0 0 0 * * 0", **parameters))
    found = await harbor.get_purge_job_schedule()
    assert found.schedule is not None
    assert found.schedule.cron == "0 0 0 * * 0"
    await harbor.update_purge_job_schedule(_schedule("None"))
    assert await harbor.get_purge_job_history() is not None
    with pytest.raises(NotFound):
        await harbor.get_purge_job(999_999)
    await new_project(harbor, "py-audited")
    logs = await harbor.get_project_logs("py-audited")
    assert [each.operation for each in logs] == ["create"]
    everything = await harbor.get_audit_logs(
        query="resource_type=project", page_size=100, limit=100
    )
    assert "py-audited" in " ".join(each.resource or "" for each in everything)
    await harbor.delete_project("py-audited")


async def test_the_registry(harbor: HarborAsyncClient, site: Site) -> None:
    assert await harbor.ping() == "Pong"
    health = await harbor.health_check()
    assert health.status == "healthy"
    info = await harbor.get_system_info()
    assert info.harbor_version
    statistics = await harbor.get_statistics()
    assert statistics.total_repo_count is not None
    volumes = await harbor.get_system_volume_info()
    assert volumes.storage
    found = await harbor.search("app")
    assert IMAGE in [each.repository_name for each in found.repository or []]
    stranger = client(site, "admin", "wrong")
    with pytest.raises(Unauthorized):
        await stranger.get_current_user()
    await stranger.client.aclose()


async def test_configurations(harbor: HarborAsyncClient) -> None:
    before = await harbor.get_config()
    assert before.robot_name_prefix is not None
    assert before.robot_name_prefix.value == "robot$"
    assert before.auth_mode is not None
    assert before.auth_mode.value == "db_auth"
    await harbor.update_config(Configurations(banner_message='{"message":"Hello"}'))
    after = await harbor.get_config()
    assert after.banner_message is not None
    assert after.banner_message.value == '{"message":"Hello"}'
    await harbor.update_config(Configurations(banner_message=""))
    allowed = CVEAllowlist(items=[CVEAllowlistItem(cve_id="CVE-2024-0001")], expires_at=None)
    await harbor.update_cve_allowlist(allowed)
    found = await harbor.get_cve_allowlist()
    assert [each.cve_id for each in found.items or []] == ["CVE-2024-0001"]
    await harbor.update_cve_allowlist(CVEAllowlist(items=[]))


async def test_what_is_not_here(harbor: HarborAsyncClient) -> None:
    """Scanners come with a later version: nothing is there, and nothing can be asked of them."""
    assert not await harbor.get_scanners()
    assert not (await harbor.get_project_scanner(LIBRARY)).uuid
    assert not await harbor.get_project_scanner_candidates(LIBRARY)
    assert not (await harbor.get_scan_all_metrics()).total
    assert (await harbor.get_scan_all_schedule()).schedule is None
    assert not (await harbor.get_scan_exports()).items
    refused: dict[type[StatusError], list[Awaitable[object]]] = {
        PreconditionFailed: [
            harbor.scan_artifact(LIBRARY, APP, "v1"),
            harbor.stop_artifact_scan(LIBRARY, APP, "v1"),
            harbor.stop_scan_all_job(),
            harbor.update_scan_all_schedule(_schedule("Daily", "0 0 0 * * *")),
        ],
        NotFound: [
            harbor.get_scanner("none"),
            harbor.get_scan_export(1),
            harbor.get_icon(f"sha256:{0:064}"),
            harbor.get_artifact_vulnerability_reports(LIBRARY, APP, "v1"),
        ],
    }
    await _all_refused(refused)


async def test_what_nobody_has_set_up(harbor: HarborAsyncClient) -> None:
    """Neither a directory nor a provider is configured, nothing was copied nor pruned."""
    assert not (await harbor.ping_ldap()).success
    refused: dict[type[StatusError], list[Awaitable[object]]] = {
        PreconditionFailed: [
            harbor.search_ldap_groups(group_name="x"),
            harbor.search_ldap_users("x"),
            harbor.import_ldap_users(["x"]),
            harbor.set_user_cli_secret(1, "Made4Tests-only"),
        ],
        BadRequest: [harbor.test_oidc(OIDCTestReq(url="https://127.0.0.1:1", verify_cert=False))],
        NotFound: [
            harbor.stop_purge_job(999_999),
            harbor.get_purge_job_log(999_999),
            harbor.stop_replication(1),
            harbor.get_replication_tasks(1),
            harbor.get_replication_task_log(1, 1),
            harbor.stop_retention_execution(999_999, 1),
        ],
    }
    await _all_refused(refused)


async def _all_refused(refused: dict[type[StatusError], list[Awaitable[object]]]) -> None:
    for kind, attempts in refused.items():
        for attempt in attempts:
            with pytest.raises(kind):
                await attempt


def test_what_is_told_of_it_is_true(site: Site, request: pytest.FixtureRequest) -> None:
    check_record(site, "harborapi, contents", whole=is_whole(request))
