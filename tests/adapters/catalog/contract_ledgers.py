"""What ledgers, policies and pulls of every catalog must do."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import EDGE_BLOB, EDGE_SELF, EDGE_SPARSE, Catalog, Edge, Tx
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER, Ledger
from entrepot.ports.policies import PolicyRow
from entrepot.ports.pulls import Pulled
from tests.adapters.catalog.rows import NAME, NOW, digest, live, manifest, publish

SIBLING = RepositoryName(f"{NAME.project}/web")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two", "three", "four"]),
        st.sets(st.sampled_from(["layer", "longer layer", "base"])),
        st.sampled_from([NAME, SIBLING, RepositoryName("other/app")]),
    ),
    max_size=12,
)


async def take_away(tx: Tx, name: RepositoryName, text: str) -> list[Ledger]:
    repository = await tx.repositories.ensure(name, NOW)
    row = await tx.manifests.find(repository.id, digest(text))
    assert row is not None
    ledgers = await tx.ledgers.discharge(row.id)
    await tx.manifests.remove(row)
    return ledgers


async def used(tx: Tx, name: str = NAME.project) -> tuple[int, int]:
    ledger = await tx.ledgers.find(KIND_PROJECT, name)
    return (ledger.used_bytes, ledger.manifests) if ledger else (0, 0)


class Ledgers:
    async def test_a_digest_is_charged_once_for_a_project(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await publish(tx, NAME, "one", blobs=("layer", "base"))
            assert await used(tx) == (len("onelayerbase"), 1)
            await publish(tx, SIBLING, "two", blobs=("layer",))
            assert await used(tx) == (len("onelayerbasetwo"), 2)
            await take_away(tx, NAME, "one")
            assert await used(tx) == (len("layertwo"), 1)
            await take_away(tx, SIBLING, "two")
            assert await used(tx) == (0, 0)

    async def test_a_project_and_a_user_are_found_in_one_read(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.ledgers.owners("acme", "acme") == []
            project = await tx.ledgers.ensure(KIND_PROJECT, "acme")
            user = await tx.ledgers.ensure(KIND_USER, "acme")
            await tx.ledgers.ensure(KIND_PROJECT, "other")
            found = await tx.ledgers.owners("acme", "acme")
            assert sorted(found, key=lambda one: one.kind) == [project, user]
            assert await tx.ledgers.owners("acme", "") == [project]

    async def test_a_manifest_goes_off_each_ledger_it_is_on(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            alice = await tx.ledgers.ensure(KIND_USER, "alice")
            assert await tx.ledgers.ensure(KIND_USER, "alice") == alice
            await publish(tx, NAME, "one", blobs=("layer",), user="alice")
            charged = replace(alice, used_bytes=len("onelayer"), manifests=1)
            assert await tx.ledgers.find(KIND_USER, "alice") == charged
            assert await used(tx) == (len("onelayer"), 1)
            gone = await take_away(tx, NAME, "one")
            assert sorted(found.kind for found in gone) == [KIND_PROJECT, KIND_USER]
            assert await tx.ledgers.find(KIND_USER, "alice") == alice

    async def test_what_may_be_missing_is_not_charged(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            for text in ("one", "layer", "absent"):
                await live(tx, repository.id, text)
            edges = [
                Edge(digest("one"), EDGE_SELF),
                Edge(digest("layer"), EDGE_BLOB),
                Edge(digest("absent"), EDGE_SPARSE),
            ]
            number = await tx.manifests.add(manifest(repository.id, "one"), b"one", edges)
            charged = await tx.ledgers.charge(number, NAME.project, "bob")
            assert [(one.kind, one.name) for one in charged] == [
                (KIND_PROJECT, NAME.project),
                (KIND_USER, "bob"),
            ]
            assert {(one.used_bytes, one.manifests) for one in charged} == {(len("onelayer"), 1)}
            await take_away(tx, NAME, "one")
            assert await used(tx) == (0, 0)

    async def test_limits_are_kept_and_taken_off(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            names = ["a", "b", "c"]
            made = [await tx.ledgers.ensure(KIND_PROJECT, name) for name in reversed(names)]
            await tx.ledgers.ensure(KIND_USER, "d")
            await tx.ledgers.set_limits(made[0].id, 7, None)
            found = await tx.ledgers.find(KIND_PROJECT, "c")
            assert found is not None
            assert (found.limit_bytes, found.limit_manifests) == (7, None)
            page = await tx.ledgers.page(KIND_PROJECT, "a", 5)
            assert [ledger.name for ledger in page] == ["b", "c"]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
    @given(steps=STEPS)
    async def test_nothing_drifts(
        self, catalog: Catalog, steps: list[tuple[str, set[str], RepositoryName]]
    ) -> None:
        async with catalog.begin(write=True) as tx:
            for text, blobs, name in steps:
                repository = await tx.repositories.ensure(name, NOW)
                if await tx.manifests.find(repository.id, digest(text)):
                    await take_away(tx, name, text)
                else:
                    await publish(tx, name, text, blobs=tuple(sorted(blobs)))
                assert await tx.inspection.drifted_ledgers(10) == []

    async def test_drift_is_found(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await publish(tx, NAME, "one", blobs=("layer",))
            row = await publish(tx, NAME, "two")
            await tx.ledgers.discharge(row.id)
            found = await tx.inspection.drifted_ledgers(10)
        assert [finding.invariant for finding in found] == ["I7"]
        assert "charged on no project" in found[0].message
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, SIBLING, "three", blobs=("layer",))
            await tx.manifests.remove(row)  # without a discharge
            found = await tx.inspection.drifted_ledgers(10)
        messages = " ".join(finding.message for finding in found)
        assert "manifests that hold" in messages


class Policies:
    async def test_a_policy_is_written_over_and_removed(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for project, kind in (("b", "naming"), ("a", "retention"), ("a", "naming")):
                await tx.policies.put(PolicyRow(project, kind, "{}", NOW, "alice"))
            newer = PolicyRow("a", "naming", '{"x": 1}', NOW + 1, "bob")
            await tx.policies.put(newer)
            assert [row.kind for row in await tx.policies.of("a")] == ["naming", "retention"]
            assert (await tx.policies.of("a"))[0] == newer
            assert [row.project for row in await tx.policies.page("naming", "a", 5)] == ["b"]
            assert await tx.policies.remove("a", "naming")
            assert not await tx.policies.remove("a", "naming")
            assert [row.kind for row in await tx.policies.of("a")] == ["retention"]


class Pulls:
    async def test_pulls_add_up(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            one, two = sorted([digest("one"), digest("two")])
            for at, count in ((NOW, 2), (NOW - 5, 1)):
                await tx.pulls.add(Pulled(repository.id, one, at, count))
            await tx.pulls.add(Pulled(repository.id, two, NOW, 1))
            found = await tx.pulls.page(repository.id, "", 5)
            assert found == [
                Pulled(repository.id, one, NOW, 3),
                Pulled(repository.id, two, NOW, 1),
            ]
            assert await tx.pulls.page(repository.id, one, 5) == found[1:]
            await tx.pulls.remove(repository.id, one)
            assert await tx.pulls.page(repository.id, "", 5) == found[1:]

    async def test_the_last_use_of_a_blob_is_that_of_who_holds_it(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", blobs=("a", "b"))
            other = await publish(tx, SIBLING, "one", blobs=("a",))
            assert await tx.pulls.last_use(digest("a")) == max(one.pushed_at, other.pushed_at)
            await tx.pulls.add(Pulled(other.repository_id, other.digest, NOW + 50, 1))
            assert await tx.pulls.last_use(digest("a")) == NOW + 50
            assert await tx.pulls.last_use(digest("b")) == one.pushed_at
            assert await tx.pulls.last_use(one.digest) == NOW + 50  # its own bytes, in both
            assert await tx.pulls.last_use(digest("held by nobody")) is None
