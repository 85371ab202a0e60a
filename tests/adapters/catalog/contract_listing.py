"""What lists of every catalog must show: what a naive search finds."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Event
from entrepot.ports.grants import GrantRow
from entrepot.ports.identity import Source
from entrepot.ports.jobs import JobState, NewJob
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER
from entrepot.ports.listing import (
    TAGS_SHOWN_MAX,
    ArtifactsWhere,
    AuditWhere,
    By,
    GrantsWhere,
    GroupsWhere,
    JobsWhere,
    LedgersWhere,
    Named,
    ProjectsWhere,
    RepositoriesWhere,
    RobotsWhere,
    TagsWhere,
    UserItem,
    UsersWhere,
)
from entrepot.ports.people import Group, Profile
from entrepot.ports.projects import Project
from entrepot.ports.robots import Robot
from entrepot.rules.audit import AuditLine
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, move, publish
from tests.adapters.catalog.shelves import (
    LABELS,
    REPOSITORIES,
    TYPES,
    WORDS,
    Shelves,
    fill,
    fits_one,
)

PARTS = ("", "v1", "77", "x_", "%", "a", "zzz")
NAMED = st.builds(Named, st.sampled_from(("", *WORDS)), st.sampled_from(PARTS))
MOMENTS = st.integers(0, 30).map(lambda at: NOW + at)
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "tag": NAMED,
    "tagged": st.booleans(),
    "digest": st.integers(0, 39).map(lambda n: str(digest(f"m{n}"))),
    "types": st.lists(st.sampled_from(TYPES), min_size=1, max_size=2).map(tuple),
    "labels": st.lists(st.sampled_from(LABELS), min_size=1, max_size=2, unique=True).map(tuple),
    "since": MOMENTS,
    "until": MOMENTS,
}
SCOPES = st.sampled_from(["", "acme/api", "acme/web/ui", "acme/none"])


@st.composite
def filters(draw: st.DrawFn) -> ArtifactsWhere:
    """Return up to three filters: with more nothing would be left."""
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=3, unique=True))
    given = {name: draw(FILTERS[name]) for name in names}
    return ArtifactsWhere("acme", draw(SCOPES), **given)


SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)


async def filled(catalog: Catalog) -> Shelves:
    """Return what is in the catalog, put there once."""
    known: Shelves | None = getattr(catalog, "shelves", None)
    if known is None:
        known = await fill(catalog, seed=3)
        catalog.shelves = known  # type: ignore[attr-defined]
    return known


class ArtifactLists:
    @SETTINGS
    @given(filters(), st.sampled_from([By.PUSHED, By.SIZE]))
    async def test_keys_are_those_of_a_naive_search(
        self, catalog: Catalog, where: ArtifactsWhere, by: By
    ) -> None:
        shelves = await filled(catalog)
        if where.digest and not where.tag.exact:
            by = By.PUSHED  # a digest's are in this order either way
        async with catalog.begin() as tx:
            found = await tx.lists.artifacts.keys(where, by)
        assert list(found) == [one.id for one in shelves.artifacts(where, by)]

    async def test_rows_tell_all(self, catalog: Catalog) -> None:
        shelves = await filled(catalog)
        held = {one.id: one for one in shelves.held}
        async with catalog.begin() as tx:
            rows = await tx.lists.artifacts.rows([*reversed(held), 10_000])
        assert [row.id for row in rows] == list(reversed(held))
        for row in rows:
            one = held[row.id]
            assert (row.repository, row.digest, row.size) == (one.repository, one.digest, one.size)
            assert (row.media_type, row.pull_count) == (one.media_type, one.pulls)
            assert row.pulled_at == (NOW + 1 if one.pulls else None)
            tags = sorted(one.tags.items(), key=lambda tag: (tag[1], tag[0]), reverse=True)
            assert [(tag, at) for at, names in row.tags for tag in names] == tags
            assert row.tag_count == len(tags)

    async def test_of_many_tags_the_newest_are_shown(self, catalog: Catalog) -> None:
        count = TAGS_SHOWN_MAX + 5
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one")
            two = await publish(tx, NAME, "two", tag="v2")
            for n in range(count):
                point = move(f"t{n:03}", None, one.digest, NOW + n // 2)
                await tx.tags.move(one.repository_id, one.id, point)
        async with catalog.begin() as tx:
            first, second = await tx.lists.artifacts.rows([one.id, two.id])
        assert first.tag_count == count
        newest = [(NOW + n // 2, f"t{n:03}") for n in reversed(range(5, count))]
        assert [(at, tag) for at, names in first.tags for tag in names] == newest
        assert [list(names) for _, names in second.tags] == [["v2"]]

    async def test_counts(self, catalog: Catalog) -> None:
        shelves = await filled(catalog)
        async with catalog.begin() as tx:
            names = [*REPOSITORIES, "no/such"]
            held = {name: [one for one in shelves.held if one.repository == name] for name in names}
            assert await tx.lists.artifacts.counts(names) == {
                name: len(shelves.top(name)) if held[name] else 0 for name in names
            }
            pulls = await tx.lists.artifacts.pulls(names)
            assert pulls == {name: sum(one.pulls for one in here) for name, here in held.items()}
            assert {type(count) for count in pulls.values()} == {int}
            assert await tx.lists.artifacts.counts([]) == {}
            one = shelves.held[0]
            assert await tx.lists.artifacts.pushed(one.id) == one.pushed_at
            assert await tx.lists.artifacts.pushed(10_000) is None

    async def test_tags_come_as_text(self, catalog: Catalog) -> None:
        shelves = await filled(catalog)
        pieces, last = [], ""
        async with catalog.begin() as tx:
            while True:
                text, last = await tx.lists.artifacts.tag_text("acme/api", last, 3)
                if not last:
                    break
                pieces += text.split(",")
                assert pieces[-1].startswith(f"{last}/")
        held = [one for one in shelves.held if one.repository == "acme/api"]
        assert sorted(pieces) == sorted(f"{tag}/{one.id}" for one in held for tag in one.tags)

    async def test_moves_name_what_they_touched(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", tag="v1")
            two = await publish(tx, NAME, "two", tag="v2")
            await publish(tx, OTHER, "one", tag="v1")
            before = await tx.history.newest()
            point = move("v1", one.digest, two.digest)
            await tx.tags.move(two.repository_id, two.id, point)
            await tx.tags.move(two.repository_id, None, move("v2", two.digest, None))
        async with catalog.begin() as tx:
            moved = tx.lists.artifacts.moved
            assert await moved(NAME, before, 9) == [
                (before + 1, {one.id, two.id}),
                (before + 2, {two.id}),
            ]
            assert [number for number, _ in await moved(NAME, 0, 2)] == [1, 2]
            assert await moved("no/such", 0, 9) == []
            with_word = tx.lists.artifacts.with_word
            assert await with_word([one.id, two.id], "1") == {two.id}
            assert await with_word([], "1") == set()


class TagLists:
    @SETTINGS
    @given(st.just(Named()) | NAMED, st.sampled_from([By.NAME, By.MOVED]), st.data())
    async def test_keys_are_those_of_a_naive_search(
        self, catalog: Catalog, name: Named, by: By, data: st.DataObject
    ) -> None:
        shelves = await filled(catalog)
        repository = data.draw(st.sampled_from([*REPOSITORIES, "no/such"]))
        held = [one for one in shelves.held if one.repository == repository]
        digests = ["", *sorted({str(one.digest) for one in held})]
        where = TagsWhere(repository, data.draw(st.sampled_from(digests)), name)
        descending = data.draw(st.booleans())
        wanted = [
            (tag, at)
            for one in held
            if where.digest in ("", one.digest)
            for tag, at in one.tags.items()
            if fits_one(name, {tag: at})
        ]
        wanted.sort(key=lambda tag: (tag[1], tag[0]) if by is By.MOVED else (tag[0],))
        expected = [tag for tag, _ in (reversed(wanted) if descending else wanted)]
        async with catalog.begin() as tx:
            found = await tx.lists.tags.keys(where, by, descending=descending)
            assert list(found) == expected
            assert await tx.lists.tags.count(where) == len(expected)

    async def test_rows(self, catalog: Catalog) -> None:
        shelves = await filled(catalog)
        one = next(one for one in shelves.held if len(one.tags) > 1)
        names = sorted(one.tags, reverse=True)
        # More than are asked for at once, and such as are no tags.
        async with catalog.begin() as tx:
            others = [f"{names[0]}\0", '"', *(f"none{n}" for n in range(300))]
            rows = await tx.lists.tags.rows(TagsWhere(one.repository), [*others, *names])
        assert [(row.name, row.digest, row.moved_at) for row in rows] == [
            (name, one.digest, one.tags[name]) for name in names
        ]


class OtherLists:
    async def test_repositories(self, catalog: Catalog) -> None:
        shelves = await filled(catalog)
        async with catalog.begin(write=True) as tx:
            await tx.repositories.ensure(RepositoryName("acme/empty"), NOW)
        async with catalog.begin() as tx:
            lists = tx.lists.repositories

            async def names(where: RepositoriesWhere, by: By = By.NAME) -> list[str]:
                return [str(row.name) for row in await lists.rows(await lists.keys(where, by))]

            assert await names(RepositoriesWhere()) == sorted(REPOSITORIES)
            of_acme = ["acme/api", "acme/web/ui"]
            assert await names(RepositoriesWhere(frozenset(["acme"]))) == of_acme
            several = frozenset(["acme", "library", "none"])
            assert await names(RepositoriesWhere(several)) == [*of_acme, "library/web"]
            assert await names(RepositoriesWhere(frozenset())) == []
            assert await names(RepositoriesWhere(None, Named(part="WEB"))) == [
                "acme/web/ui",
                "library/web",
            ]
            assert await names(RepositoriesWhere(None, Named("acme/api"))) == ["acme/api"]
            rows = await lists.rows(await lists.keys(RepositoriesWhere(), By.UPDATED))
            assert [row.updated_at for row in rows] == sorted(row.updated_at for row in rows)
            created = await lists.rows(await lists.keys(RepositoriesWhere(), By.CREATED))
            assert [row.created_at for row in created] == sorted(row.created_at for row in rows)
        for row in rows:
            newest = [one for one in shelves.held if one.repository == row.name][-1]
            assert row.updated_at >= newest.pushed_at or newest.subject

    async def test_projects(self, catalog: Catalog) -> None:
        projects = [
            Project("zoo", False, ("192.0.2.0/24",), NOW, "alice"),
            Project("acme", True, (), NOW + 1, "bob"),
            Project("web", False, (), NOW + 2, "alice"),
        ]
        async with catalog.begin(write=True) as tx:
            for project in projects:
                await tx.projects.add(project)
        async with catalog.begin() as tx:
            lists = tx.lists.projects

            async def names(where: ProjectsWhere, by: By = By.NAME) -> list[str]:
                return list(await lists.keys(where, by))

            assert await names(ProjectsWhere()) == ["acme", "web", "zoo"]
            assert await names(ProjectsWhere(), By.CREATED) == ["zoo", "acme", "web"]
            assert await names(ProjectsWhere(public=False)) == ["web", "zoo"]
            assert await names(ProjectsWhere(owner="alice", name=Named(part="O"))) == ["zoo"]
            assert await names(ProjectsWhere(names=frozenset(["zoo"]))) == ["acme", "zoo"]
            assert await names(ProjectsWhere(Named("acme"), names=frozenset())) == ["acme"]
            assert await lists.rows(["zoo", "none", "acme"]) == projects[:2]

    async def test_projects_by_what_they_hold(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for name in ("acme", "new", "web", "zoo"):
                await tx.projects.add(Project(name, False, (), NOW, "alice"))
            for name, limit in (("acme", 50), ("web", None), ("zoo", 9)):
                ledger = await tx.ledgers.ensure(KIND_PROJECT, name)
                await tx.ledgers.set_limits(ledger.id, limit, None)
            await tx.ledgers.ensure(KIND_USER, "new")
            await publish(tx, RepositoryName("web/app"), "m")
        async with catalog.begin() as tx:

            async def names(by: By, limit_bytes: int | None = None) -> list[str]:
                return list(
                    await tx.lists.projects.keys(ProjectsWhere(limit_bytes=limit_bytes), by)
                )

            assert await names(By.USED) == ["acme", "new", "zoo", "web"]
            # Without a limit comes first; one without a ledger has the usual one.
            assert await names(By.LIMIT) == ["new", "web", "zoo", "acme"]
            assert await names(By.LIMIT, 10) == ["web", "zoo", "new", "acme"]
            ledgers = await tx.ledgers.named(KIND_PROJECT, ["zoo", "new", "web"])
            found = {one.name: one for one in ledgers}
            assert found.keys() == {"zoo", "web"}
            assert await tx.lists.ledgers.used_bytes(KIND_PROJECT) == found["web"].used_bytes > 0
            assert await tx.lists.ledgers.used_bytes("none") == 0

    async def test_members_and_what_robots_may(self, catalog: Catalog) -> None:
        user, group, robot = SubjectKind.USER, SubjectKind.GROUP, SubjectKind.ROBOT
        given_ = [
            (user, "alice", "acme", "guest", ()),
            (group, "devs", "acme", "guest", ()),
            (user, "bob", "acme", "", ("image.pull",)),
            (user, "carol", "acme/app/**", "guest", ()),
            (robot, "robot$acme+ci", "acme", "guest", ()),
            (robot, "robot$acme+ci", "web", "guest", ()),
            (robot, "robot$acme+cd", "acme", "guest", ()),
            (SubjectKind.EVERYONE, "", "acme", "guest", ()),
            (user, "alice", "web", "guest", ()),
        ]
        async with catalog.begin(write=True) as tx:
            ids = [
                await tx.grants.add(GrantRow(0, kind, whose, where, role, what, NOW, "alice"))
                for kind, whose, where, role, what in given_
            ]
        async with catalog.begin() as tx:
            lists = tx.lists.grants
            assert list(await lists.keys(GrantsWhere("acme", whole=True), By.ID)) == ids[:3]
            where = GrantsWhere("acme", name=Named(part="B"), whole=True)
            assert list(await lists.keys(where, By.NAME)) == [ids[2]]
            assert sorted(await lists.sorts("acme")) == [
                ("", ("image.pull",), 1),
                ("guest", (), 2),
            ]
            assert await lists.sorts("none") == []
            names = ["robot$acme+ci", "robot$acme+cd", "robot$none"]
            robots = await tx.lists.robots.grants(names)
            assert {name: [row.id for row in rows] for name, rows in robots.items()} == {
                "robot$acme+ci": ids[4:6],
                "robot$acme+cd": [ids[6]],
            }

    async def test_ledgers_and_jobs(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for number, (name, limit) in enumerate([("b", 5), ("a", None), ("c", 3)]):
                ledger = await tx.ledgers.ensure(KIND_PROJECT, name)
                await tx.ledgers.set_limits(ledger.id, limit, None)
                kind = ("gc", "scan", "gc")[number]
                assert await tx.jobs.enqueue(NewJob(kind, run_at=NOW), NOW)
            await tx.ledgers.ensure(KIND_USER, "u")
            assert await tx.jobs.claim("me", NOW, NOW + 9)
        async with catalog.begin() as tx:
            ledgers, jobs = tx.lists.ledgers, tx.lists.jobs

            async def names(by: By, part: str = "") -> str:
                where = LedgersWhere(KIND_PROJECT, Named(part=part))
                return "".join(
                    row.name for row in await ledgers.rows(await ledgers.keys(where, by))
                )

            assert [await names(By.NAME), await names(By.LIMIT)] == ["abc", "cba"]
            assert [await names(By.USED), await names(By.NAME, "B")] == ["abc", "b"]

            async def found(*kinds: str, state: str = "") -> list[int]:
                return list(await jobs.keys(JobsWhere(kinds, state), By.ID))

            first, second, third = await found()
            assert await found("gc") == [first, third]
            assert await found("scan", "gc") == [first, second, third]
            assert await found("none") == []
            assert await found(state=JobState.RUNNING) == [first]
            assert await jobs.rows([third, first]) == [
                await tx.jobs.find(third),
                await tx.jobs.find(first),
            ]

    async def test_people(self, catalog: Catalog) -> None:
        profile = Profile("bob", Source.LDAP, "b", "Bob@example.org", "Bob", False, NOW)
        async with catalog.begin(write=True) as tx:
            for number, name in enumerate(["bob", "alice", "Carol"]):
                role = Role.ADMIN if name == "alice" else Role.GUEST
                await tx.accounts.add(Account(name, role, "", NOW + number, NOW))
                await tx.groups.put(Group(f"{name}s", "text", NOW - number))
            await tx.profiles.put(profile)
        async with catalog.begin() as tx:
            users, groups = tx.lists.users, tx.lists.groups
            assert list(await users.keys(UsersWhere(), By.NAME)) == ["Carol", "alice", "bob"]
            assert list(await users.keys(UsersWhere(), By.CREATED)) == ["bob", "alice", "Carol"]
            assert list(await users.keys(UsersWhere(Named(part="CA")), By.NAME)) == ["Carol"]
            email = UsersWhere(email=Named(part="BOB@"))
            assert list(await users.keys(email, By.NAME)) == ["bob"]
            bob = UserItem("bob", Role.GUEST, NOW, Source.LDAP, profile.email, "Bob", False)
            alice = UserItem("alice", Role.ADMIN, NOW + 1, Source.LOCAL, "", "", True)
            assert await users.rows(["bob", "alice"]) == [bob, alice]
            assert list(await groups.keys(GroupsWhere(Named(part="o")), By.CREATED)) == [
                "Carols",
                "bobs",
            ]
            assert await groups.rows(["bobs"]) == [Group("bobs", "text", NOW)]

    async def test_robots_and_grants(self, catalog: Catalog) -> None:
        robot = Robot(0, "robot$ci", "", "", ("10.0.0.0/8",), True, None, NOW, "alice", NOW)
        async with catalog.begin(write=True) as tx:
            first = await tx.robots.add(robot)
            own = replace(robot, name="robot$acme+ci", project="acme", created_at=NOW - 1)
            second = await tx.robots.add(own)
            ids = [
                await tx.grants.add(GrantRow(0, kind, subject, project, "guest", (), NOW, "alice"))
                for kind, subject, project in [
                    (SubjectKind.USER, "zoe", "acme"),
                    (SubjectKind.GROUP, "bobs", "acme"),
                    (SubjectKind.USER, "bob", "web"),
                ]
            ]
        async with catalog.begin() as tx:
            robots, grants = tx.lists.robots, tx.lists.grants
            assert list(await robots.keys(RobotsWhere(), By.NAME)) == [second, first]
            assert list(await robots.keys(RobotsWhere(), By.CREATED)) == [second, first]
            assert list(await robots.keys(RobotsWhere(""), By.NAME)) == [first]
            assert list(await robots.keys(RobotsWhere("acme", Named(part="+")), By.NAME)) == [
                second
            ]
            assert first is not None
            assert await robots.rows([first]) == [replace(robot, id=first)]
            assert list(await grants.keys(GrantsWhere("acme"), By.ID)) == ids[:2]
            assert list(await grants.keys(GrantsWhere("acme"), By.NAME)) == [ids[1], ids[0]]
            kind = GrantsWhere("acme", SubjectKind.USER)
            assert list(await grants.keys(kind, By.ID)) == ids[:1]
            assert list(await grants.keys(GrantsWhere("acme", "", Named(part="BOB")), By.ID)) == [
                ids[1]
            ]
            assert ids[2] is not None
            assert await grants.rows([ids[2]]) == [await tx.grants.find(ids[2])]

    async def test_audit(self, catalog: Catalog) -> None:
        line = AuditLine(0, NOW, "alice", "", "", "tag.moved", "acme", "r", "done", "{}")
        lines = [
            line,
            replace(line, at=NOW + 1000, actor="bob"),
            replace(line, at=NOW + 1990, operation="login", project=""),
            replace(line, at=NOW + 1985, result="denied"),
            replace(line, at=NOW + 3000),
        ]
        async with catalog.begin(write=True) as tx:
            assert await tx.lists.audit.first() == 0
            for each in lines:
                await tx.audit.append(each)
        async with catalog.begin() as tx:
            audit = tx.lists.audit
            one, two, three, four, five = await audit.ids(AuditWhere(), 0, 99)
            assert await audit.first() == one
            assert await audit.ids(AuditWhere(), two, 2) == [three, four]
            assert await audit.ids(AuditWhere("bob"), 0, 99) == [two]
            assert await audit.ids(AuditWhere("alice", "acme"), 0, 99) == [one, four, five]
            assert await audit.ids(AuditWhere(project="acme"), one, 1) == [two]
            assert await audit.ids(AuditWhere(operation="login"), 0, 99) == [three]
            assert await audit.ids(AuditWhere(refused=True), 0, 99) == [four]
            assert await audit.first_from(NOW + 1) == two
            # The fourth is from before the third.
            assert await audit.first_from(NOW + 1980) == three
            assert await audit.first_from(NOW + 1987) == three
            assert await audit.late(NOW + 1987, three, 9) == [four]
            assert await audit.first_from(NOW + 5000) is None
            assert await audit.rows([four, 999, one]) == [
                replace(lines[3], id=four),
                replace(line, id=one),
            ]

    async def test_changes_name_what_was_changed(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.lists.changes(0, 9) == []
            for name in ("acme/api", "web/x"):
                await tx.outbox.append(Event("note", RepositoryName(name), "{}", NOW))
        async with catalog.begin() as tx:
            assert await tx.lists.changes(0, 9) == [(1, "acme/api"), (2, "web/x")]
            assert await tx.lists.changes(1, 9) == [(2, "web/x")]
            assert await tx.lists.changes(0, 1) == [(1, "acme/api")]
