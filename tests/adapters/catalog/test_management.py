"""Numbers, labels, pages, remotes and settings in the catalog."""

from dataclasses import replace

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog
from entrepot.ports.labels import Label, Mark
from entrepot.ports.pages import RepositoryFigures, RepositoryPage
from entrepot.ports.remotes import Remote, ReplicationRow
from entrepot.ports.sitesettings import SiteSettingRow
from tests.adapters.catalog.rows import NOW

APP = RepositoryName("acme/app")
LABEL = Label(0, "acme", "ready", "may go out", "#00FF00", NOW, NOW)
PAGE = RepositoryPage(APP, "An app", "# App", "https://example.com", ("Ann", "Bob"), NOW, "ann")
REMOTE = Remote(
    0, "hub", "oci", "https://x", "", insecure=True, account="ann", created_at=NOW, changed_at=NOW
)
POLICY = ReplicationRow(
    0, "nightly", 1, enabled=True, document="{}", created_at=NOW, changed_at=NOW, changed_by="ann"
)
MANY = 250
"""More than one statement asks for."""


async def test_numbers_are_given_in_order_and_kept(catalog: Catalog) -> None:
    names = [f"n{number:03}" for number in range(MANY)]
    async with catalog.begin(write=True) as tx:
        await tx.numbers.give("a", ["z"])
        await tx.numbers.give("a", names)
        await tx.numbers.give("a", ["z", *names, "new", "new"])
        await tx.numbers.give("b", ["z"])
        await tx.numbers.give("b", [])
    async with catalog.begin() as tx:
        found = await tx.numbers.of("a", ["z", *names, "none"])
        assert [found[name] for name in ("z", *names)] == [*range(1, MANY + 2)]
        assert await tx.numbers.of("a", ["new"]) == {"new": MANY + 2}
        assert await tx.numbers.of("b", ["z", "new"]) == {"z": 1}
        assert await tx.numbers.name("a", 1) == "z"
        assert await tx.numbers.name("b", 2) is None


async def test_labels(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        first = await tx.labels.add(LABEL)
        assert first is not None
        assert await tx.labels.add(LABEL) is None
        other = await tx.labels.add(replace(LABEL, project=""))
        assert other not in (None, first)
        label = replace(LABEL, id=first)
        assert await tx.labels.find(first) == label
        changed = replace(label, name="a", description="", color="#000000", changed_at=NOW + 1)
        await tx.labels.change(replace(changed, project="ignored", created_at=0.0))
        assert await tx.labels.of("acme", 9) == [changed]
        assert await tx.labels.remove(first)
        assert not await tx.labels.remove(first)
        assert await tx.labels.find(first) is None
        again = await tx.labels.add(LABEL)
        assert again is not None
        assert again > first


async def test_marks(catalog: Catalog) -> None:
    marks = [Mark(APP, Digest.of(f"{number}".encode())) for number in range(MANY)]
    far = Mark(RepositoryName("acme/b"), marks[0].digest)
    async with catalog.begin(write=True) as tx:
        first = await tx.labels.add(LABEL)
        second = await tx.labels.add(replace(LABEL, name="a"))
        assert first is not None
        assert second is not None
        for mark in (*marks, far):
            assert await tx.marks.add(first, mark)
        assert not await tx.marks.add(first, far)
        await tx.marks.add(second, marks[0])
        found = await tx.marks.of(APP, [mark.digest for mark in marks])
        assert len(found) == MANY
        assert [one.name for one in found[marks[0].digest]] == ["a", "ready"]
        places = [*sorted(marks, key=lambda mark: mark.digest), far]
        assert await tx.marks.page(first, None, MANY + 9) == places
        assert await tx.marks.page(first, places[7], 2) == places[8:10]
        assert await tx.marks.page(first, places[-2], 9) == [far]
        assert await tx.marks.clear(first, 5) == 5
        assert await tx.marks.page(first, None, 1) == [places[5]]
        assert await tx.marks.remove(first, far)
        assert not await tx.marks.remove(first, far)
        # A label takes what is left of its marks along.
        await tx.labels.remove(first)
        assert await tx.marks.of(APP, [mark.digest for mark in marks]) == {
            marks[0].digest: [replace(LABEL, id=second, name="a")]
        }


async def test_pages(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.pages.find(APP) is None
        await tx.pages.put(PAGE)
        assert await tx.pages.find(APP) == PAGE
        changed = replace(PAGE, description="", maintainers=(), changed_by="bob")
        await tx.pages.put(changed)
        assert await tx.pages.find(APP) == changed
        names = [RepositoryName(f"acme/r{number}") for number in range(MANY)]
        for name in (*names, RepositoryName("acme-x/a"), RepositoryName("acme0/a")):
            await tx.pages.put(replace(PAGE, repository=name, description=name))
        assert await tx.pages.descriptions([*names, RepositoryName("no/ne")]) == dict(
            zip(names, names, strict=True)
        )
        assert await tx.pages.forget_project("acme", MANY) == MANY
        assert await tx.pages.forget_project("acme", MANY) == 1
        assert await tx.pages.forget_project("acme", MANY) == 0
        assert await tx.pages.find(RepositoryName("acme-x/a"))
        assert await tx.pages.remove(RepositoryName("acme0/a"))
        assert not await tx.pages.remove(RepositoryName("acme0/a"))


async def test_an_empty_repository_and_its_page(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        repository = await tx.repositories.ensure(APP, NOW)
        assert await tx.pages.figures(repository.id) == RepositoryFigures(0, 0, 0, None, None)
        assert await tx.pages.repositories("acme", "", 9) == []
        await tx.pages.put(PAGE)
        assert await tx.pages.fade(APP)
        assert not await tx.pages.fade(APP)


async def test_remotes_and_their_policies(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        first = await tx.remotes.add(REMOTE)
        assert first is not None
        assert await tx.remotes.add(REMOTE) is None
        remote = replace(REMOTE, id=first)
        assert await tx.remotes.find(first) == remote == await tx.remotes.by_name("hub")
        changed = replace(remote, name="b", url="https://y", insecure=False, account="")
        await tx.remotes.change(changed)
        assert await tx.remotes.page(0, 9) == [changed]
        assert await tx.remotes.page(first, 9) == []
        policy = replace(POLICY, remote_id=first)
        number = await tx.replication_policies.add(policy)
        assert number is not None
        assert await tx.replication_policies.add(policy) is None
        kept = replace(policy, id=number)
        assert await tx.replication_policies.find(number) == kept
        assert await tx.replication_policies.by_name("nightly") == kept
        assert await tx.replication_policies.of_remote(first) == kept
        other = replace(kept, name="c", enabled=False, document='{"x":1}', changed_by="bob")
        await tx.replication_policies.change(other)
        assert await tx.replication_policies.page(0, 9) == [other]
        assert await tx.replication_policies.remove(number)
        assert not await tx.replication_policies.remove(number)
        assert await tx.replication_policies.of_remote(first) is None
        assert await tx.remotes.remove(first)
        assert not await tx.remotes.remove(first)


@pytest.mark.parametrize("value", ['"text"', "null"])
async def test_settings(catalog: Catalog, value: str) -> None:
    row = SiteSettingRow("b", value, NOW, "ann")
    async with catalog.begin(write=True) as tx:
        assert await tx.site_settings.find("b") is None
        await tx.site_settings.put(replace(row, value="1"))
        await tx.site_settings.put(row)
        await tx.site_settings.put(replace(row, name="a"))
        assert await tx.site_settings.find("b") == row
        assert [one.name for one in await tx.site_settings.all()] == ["a", "b"]
        assert await tx.site_settings.remove("b")
        assert not await tx.site_settings.remove("b")
