"""Retention: what is planned is what is done, and nothing else."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Tx
from entrepot.ports.jobs import NewJob
from entrepot.ports.policies import PolicyRow
from entrepot.ports.pulls import Pulled
from entrepot.ports.trash import TrashScope
from entrepot.rules.retention.facts import Action
from entrepot.rules.retention.language import parse
from entrepot.services.configs import ImageConfigs
from entrepot.services.jobs.run import Cancelled, Pace, Run
from entrepot.services.policies import PolicyService
from entrepot.services.push import Pushed
from entrepot.services.retention import KIND, RetentionService
from tests.services.house import ALICE, House, descriptor, index, open_house

DAY = 86400.0
NAME = RepositoryName("acme/api")
OTHER = RepositoryName("acme/web")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as made:
        yield made


def retention(house: House) -> RetentionService:
    return RetentionService(
        house.catalog,
        house.clock,
        configs=ImageConfigs(house.catalog, house.store),
        deletion=house.deletion,
        policies=PolicyService(house.catalog, house.clock),
    )


async def set_policy(house: House, text: str) -> None:
    async with house.catalog.begin(write=True) as tx:
        document = encode({"text": text}).decode()
        await tx.policies.put(PolicyRow("acme", "retention", document, 0.0, "alice"))


async def claimed(house: House, args: str = '{"project": "acme"}') -> Run:
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        await tx.jobs.enqueue(NewJob(KIND, args, actor="bob"), now)
        job = await tx.jobs.claim("me", now, now + 1e9)
    assert job is not None
    return Run(job, house.catalog, house.clock, Pace())


async def tags(house: House, name: RepositoryName = NAME) -> list[str]:
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        return list(await tx.tags.page(repository.id, "", 1000)) if repository else []


async def push_aged(house: House, days: list[int], name: RepositoryName = NAME) -> None:
    """Push an image for each age, tagged by it, the oldest first."""
    now = house.clock.seconds
    for age in sorted(days, reverse=True):
        house.clock.seconds = now - age * DAY
        await house.add_image(Tag(f"d{age}"), [b"layer of %d" % age], name)
    house.clock.seconds = now


async def test_a_run_does_what_the_preview_says(house: House) -> None:
    await push_aged(house, [1, 2, 3, 40, 50])
    await push_aged(house, [4, 60], OTHER)
    text = "keep 30d\nkeep n: 4"
    await set_policy(house, text)
    service = retention(house)
    plans = await service.preview("acme", parse(text), "", 10)
    assert [plan.name for plan in plans] == [NAME, OTHER]
    assert [plan.plan.deleted for plan in plans] == [1, 0]
    doomed = [one for one in plans[0].plan.decisions if one.action is Action.DELETE]
    assert [one.tags for one in doomed] == [("d50",)]
    run = await claimed(house)
    await service.run(run)
    assert await tags(house) == ["d1", "d2", "d3", "d40"]
    assert await tags(house, OTHER) == ["d4", "d60"]
    assert run.progress["deleted"] == 1
    async with house.catalog.begin() as tx:
        (entry,) = await tx.trash.page(TrashScope(), 0, 10)
        (move,) = (await tx.tags.history(entry.repository_id, Tag("d50"), 1))[:1]
    assert (entry.digest, entry.tags) == (doomed[0].digest, (Tag("d50"),))
    assert entry.reason.startswith("retention: ")
    assert (entry.actor, entry.client) == ("bob", "retention")
    assert move.after is None


async def test_done_again_it_finds_nothing(house: House) -> None:
    await push_aged(house, [1, 50])
    await set_policy(house, "keep 30d")
    service = retention(house)
    for deleted in (1, 0):
        plans = await service.preview("acme", parse("keep 30d"), "", 10)
        assert plans[0].plan.deleted == deleted
        await service.run(await claimed(house))
    assert await tags(house) == ["d1"]


async def test_i12_it_goes_on_where_it_was_stopped(house: House) -> None:
    await push_aged(house, [40, 41])
    await set_policy(house, "keep 30d")
    service = retention(house)
    run = await claimed(house)
    saved = run.save

    async def save_once(tx: Tx, progress: dict[str, object]) -> None:
        if run.progress:
            raise Cancelled
        await saved(tx, progress)

    run.save = save_once  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        await service.run(run)
    assert len(await tags(house)) == 1
    assert run.progress["deleted"] == 1
    async with house.catalog.begin(write=True) as tx:
        now = house.clock.now()
        await tx.jobs.reap(now + 1e10, 10)
        job = await tx.jobs.claim("another", now + 1e10, now + 2e10)
    assert job is not None
    again = Run(job, house.catalog, house.clock, Pace())
    await service.run(again)
    assert await tags(house) == []
    assert again.progress["deleted"] == 2


async def test_what_an_index_holds_stays_with_it(house: House) -> None:
    child = await house.add_image(Tag("child"), [b"a"], NAME)
    raw = index([child.raw])
    await house.push.publish(NAME, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(NAME)
        assert repository is not None
    await house.deletion.delete(NAME, Tag("child"), ALICE)
    await set_policy(house, "delete untagged")
    service = retention(house)
    await service.run(await claimed(house))
    assert (await house.pull.manifest(NAME, child.digest))[1] == child.raw
    # Nor does it count on its own while the index is in the trash.
    await house.deletion.delete(NAME, Digest.of(raw), ALICE)
    await service.run(await claimed(house))
    assert (await house.pull.manifest(NAME, child.digest))[1] == child.raw


async def test_an_immutable_tag_is_kept_with_the_reason(house: House) -> None:
    await push_aged(house, [40, 50])

    async with house.catalog.begin(write=True) as tx:
        document = encode([{"tag": "d50"}]).decode()
        await tx.policies.put(PolicyRow("acme", "immutability", document, 0.0, "alice"))
    service = retention(house)
    plans = await service.preview("acme", parse("keep 30d"), "", 10)
    kept = [one for one in plans[0].plan.decisions if one.action is Action.KEEP]
    assert [one.reason.split(" due to ")[0] for one in kept] == [
        "tag 'd50' is protected: Failed to process request"
    ]
    await set_policy(house, "keep 30d")
    await service.run(await claimed(house))
    assert await tags(house) == ["d50"]


async def test_what_moved_meanwhile_is_left_alone(house: House) -> None:
    await push_aged(house, [50])
    await set_policy(house, "keep 30d")
    service = retention(house)
    run = await claimed(house)
    carry_out = service._carry_out

    async def late(run: Run, name: RepositoryName, plan: object) -> None:
        await house.add_image(Tag("new"), [b"layer of 50"], NAME)  # the same image, just tagged
        await carry_out(run, name, plan)  # type: ignore[arg-type]

    service._carry_out = late  # type: ignore[method-assign]
    await service.run(run)
    assert await tags(house) == ["d50", "new"]


async def test_pulls_labels_and_platforms_are_asked_for(house: House) -> None:
    config = {
        "os": "linux",
        "architecture": "arm64",
        "config": {"Labels": {"team": "shop"}},
    }
    raw_config = encode(config)
    await house.add_blob(raw_config, NAME)
    media_type = "application/vnd.oci.image.config.v1+json"
    raw = encode({"schemaVersion": 2, "config": descriptor(media_type, raw_config), "layers": []})
    await house.push.publish(NAME, Pushed(raw, OCI_MANIFEST, Tag("arm")), ALICE)
    digest = Digest.of(raw)
    await house.add_image(Tag("plain"), [b"x"], NAME)
    service = retention(house)

    async def doomed(text: str) -> list[tuple[str, ...]]:
        (plan,) = await service.preview("acme", parse(text), "", 1)
        return [one.tags for one in plan.plan.decisions if one.action is Action.DELETE]

    assert await doomed('delete where label "team" = "shop"') == [("arm",)]
    assert await doomed('delete where platform = "linux/arm64"') == [("arm",)]
    assert await doomed('keep where label "team"') == [("plain",)]
    assert len(await doomed("delete where never pulled")) == 2
    async with house.catalog.begin(write=True) as tx:
        repository = await tx.repositories.find(NAME)
        assert repository is not None
        await tx.pulls.add(Pulled(repository.id, digest, house.clock.now(), 1))
    assert await doomed("delete where never pulled") == [("plain",)]
    assert await doomed("keep where pulled within 1d") == [("plain",)]


async def test_a_project_without_a_policy_says_so(house: House) -> None:
    with pytest.raises(Fault) as caught:
        await retention(house).document("acme")
    assert caught.value.code is Code.NOT_FOUND
    await set_policy(house, "keep n: 3")
    found = await retention(house).document("acme")
    assert found.policy == parse("keep n: 3")
    assert msgspec.json.encode(found.schedule) == b'""'


RULES = st.lists(
    st.sampled_from(
        [
            "keep 30d",
            "keep n: 2",
            'keep where tag ~ "d1*"',
            'delete where tag ~ "d2*"',
            "delete untagged",
            'in "web": keep n: 1',
        ]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(rules=RULES, ages=st.sets(st.integers(1, 60), max_size=6))
async def test_dry_run_equals_run(rules: list[str], ages: set[int]) -> None:
    async with open_house() as house:
        await push_aged(house, sorted(ages))
        await push_aged(house, [7, 45], OTHER)
        text = "\n".join(rules)
        await set_policy(house, text)
        service = retention(house)
        plans = await service.preview("acme", parse(text), "", 10)
        before = {name: set(await tags(house, name)) for name in (NAME, OTHER)}
        for plan in plans:
            gone = {tag for one in plan.plan.decisions for tag in one.tags}
            before[plan.name] -= gone
        await service.run(await claimed(house))
        assert {name: set(await tags(house, name)) for name in (NAME, OTHER)} == before


async def test_a_dry_run_tells_and_changes_nothing(house: House) -> None:
    await push_aged(house, [1, 2, 40])
    await push_aged(house, [3], OTHER)
    await set_policy(house, "keep 30d")
    run = await claimed(house, '{"project": "acme", "dry_run": true}')
    await retention(house).run(run)
    assert await tags(house) == ["d1", "d2", "d40"]
    async with house.catalog.begin() as tx:
        lines = [line.text for line in await tx.job_lines.page(run.job.id, 0, 99)]
    assert [line for line in lines if "would delete" in line and "d40" in line]
    assert lines[-1] == "acme/web: 0 of its artifacts would change"
    assert run.progress["repositories"] == [["api", 3, 2], ["web", 1, 1]]
