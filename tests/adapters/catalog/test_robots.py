"""Robots, hashed secrets, trust in workloads and revoked tokens in the catalog."""

from dataclasses import replace

from entrepot.ports.catalog import Catalog
from entrepot.ports.robots import Credential, CredentialKind, Robot, WorkloadRow
from tests.adapters.catalog.rows import NOW

CI = Robot(
    id=0,
    name="robot$acme+ci",
    project="acme",
    description="Builds.",
    networks=("10.0.0.0/8",),
    enabled=True,
    expires_at=NOW + 9,
    created_at=NOW,
    created_by="alice",
    changed_at=NOW,
)
TOKEN = Credential(
    id="abc",
    kind=CredentialKind.TOKEN,
    owner="alice",
    label="laptop",
    hash=b"\x00\xff" * 16,
    limits='{"a": 1}',
    networks=("::1/128",),
    created_at=NOW,
    expires_at=None,
    used_at=None,
)


async def test_a_robot_is_added_once(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        number = await tx.robots.add(CI)
        assert number
        assert await tx.robots.add(replace(CI, project="other")) is None
        made = replace(CI, id=number)
        assert await tx.robots.find(CI.name) == made
        assert await tx.robots.by_id(number) == made
        assert await tx.robots.by_id(number + 1) is None
        assert await tx.robots.remove(CI.name)
        assert not await tx.robots.remove(CI.name)
        assert await tx.robots.find(CI.name) is None
        assert (await tx.robots.add(CI) or 0) > number


async def test_a_change_leaves_id_name_project_and_origin(catalog: Catalog) -> None:
    new = Robot(77, CI.name, "other", "Idle.", (), False, None, NOW + 1, "bob", NOW + 2)
    async with catalog.begin(write=True) as tx:
        assert not await tx.robots.change(new)
        number = await tx.robots.add(CI)
        assert number
        await tx.robots.add(replace(CI, name="robot$ci"))
        assert await tx.robots.change(new)
        assert await tx.robots.find(CI.name) == replace(
            new, id=number, project="acme", created_at=NOW, created_by="alice"
        )
        other = await tx.robots.find("robot$ci")
        assert other is not None
        assert other.enabled


async def test_pages_of_robots(catalog: Catalog) -> None:
    names = ["robot$a+x", "robot$a+y", "robot$b+x", "robot$x", "robot$y"]
    owners = ["a", "a", "b", "", ""]
    async with catalog.begin(write=True) as tx:
        for name, owner in zip(names, owners, strict=True):
            await tx.robots.add(replace(CI, name=name, project=owner))
        for project, after, limit, wanted in (
            (None, "", 9, names),
            (None, names[1], 2, names[2:4]),
            ("a", "", 9, names[:2]),
            ("a", names[0], 9, names[1:2]),
            ("a", "", 1, names[:1]),
            ("", "", 9, names[3:]),
            ("c", "", 9, []),
        ):
            page = await tx.robots.page(project, after, limit)
            assert [robot.name for robot in page] == wanted


async def test_credentials_of_an_owner(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.credentials.find("abc") is None
        for one in (
            replace(TOKEN, id="b"),
            TOKEN,
            replace(TOKEN, id="c", owner="bob"),
            replace(TOKEN, id="d", kind=CredentialKind.CLI),
        ):
            await tx.credentials.add(one)
        assert await tx.credentials.find("abc") == TOKEN
        of, forget = tx.credentials.of, tx.credentials.forget
        assert await of(CredentialKind.TOKEN, "alice") == [TOKEN, replace(TOKEN, id="b")]
        assert await tx.credentials.remove("b")
        assert not await tx.credentials.remove("b")
        assert await forget(CredentialKind.TOKEN, "alice") == 1
        assert await forget(CredentialKind.TOKEN, "alice") == 0
        assert [one.id for one in await of(CredentialKind.CLI, "alice")] == ["d"]
        assert [one.id for one in await of(CredentialKind.TOKEN, "bob")] == ["c"]


async def test_a_credential_only_ends_earlier(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        expire = tx.credentials.expire
        assert not await expire("abc", NOW)
        await tx.credentials.add(TOKEN)
        assert await expire("abc", NOW + 9)
        assert await expire("abc", NOW + 5)
        assert not await expire("abc", NOW + 7)
        assert await tx.credentials.find("abc") == replace(TOKEN, expires_at=NOW + 5)


async def test_when_a_credential_was_last_used(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.credentials.add(TOKEN)
        await tx.credentials.add(replace(TOKEN, id="other"))
        # What is noted late does not undo what is newer.
        for at in (NOW + 1, NOW + 3, NOW + 2):
            await tx.credentials.used("abc", at)
        assert await tx.credentials.find("abc") == replace(TOKEN, used_at=NOW + 3)
        assert await tx.credentials.find("other") == replace(TOKEN, id="other")


async def test_workloads(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        put, page, by_issuer = tx.workloads.put, tx.workloads.page, tx.workloads.by_issuer
        rows = [WorkloadRow(name, f"https://{name[0]}", "{}", NOW, "x") for name in ("a1", "a2")]
        rows.append(WorkloadRow("b", "https://b", "{}", NOW, "x"))
        for row in reversed(rows):
            await put(row)
        assert await page("", 9) == rows
        assert await page("a1", 1) == rows[1:2]
        assert await by_issuer("https://a", 9) == rows[:2]
        assert await by_issuer("https://a", 1) == rows[:1]
        newer = WorkloadRow("a1", "https://b", "[]", NOW + 1, "y")
        await put(newer)
        assert await tx.workloads.find("a1") == newer
        assert await by_issuer("https://b", 9) == [newer, rows[2]]
        assert await tx.workloads.remove("a1")
        assert not await tx.workloads.remove("a1")
        assert await tx.workloads.find("a1") is None
        assert await page("", 9) == rows[1:]


async def test_revocations_last_until_the_token_expires(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        add, all_ = tx.revocations.add, tx.revocations.all
        for number in range(4):
            await add(f"t{number}", NOW + number, "alice")
        await add("t1", NOW + 9, "bob")
        await add("t3", NOW - 9, "bob")
        assert await all_(NOW, 9) == ["t2", "t3", "t1"]
        assert await all_(NOW + 2, 9) == ["t3", "t1"]
        assert await all_(NOW, 1) == ["t2"]
        assert await tx.revocations.prune(NOW + 3, 1) == 1
        assert await tx.revocations.prune(NOW + 3, 9) == 1
        assert await tx.revocations.prune(NOW + 3, 9) == 0
        assert await all_(0, 9) == ["t3", "t1"]
