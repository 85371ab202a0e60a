"""`entrepot robot`, against a server on a real control socket and a real port."""

import re
from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner

from entrepot.faces.cli.robots import robots
from entrepot.faces.cli.scopes import tell_secret
from tests.faces.cli.machineshop import MachineShop, open_machineshop

SECRET = re.compile(r"epr_[0-9a-f]{88}\n")


@pytest.fixture
async def shop() -> AsyncIterator[MachineShop]:
    async with open_machineshop() as made:
        yield made


async def made(shop: MachineShop, *words: str) -> str:
    return (await shop.said(robots, "create", "ci", "--project", "acme", *words)).strip()


async def test_a_secret_stands_alone_where_a_program_reads_it(shop: MachineShop) -> None:
    words = ("create", "ci", "--project", "acme", "--push", "acme/web/**", "--pull", "acme")
    done = await shop.run(robots, *words, "--expires", "30d", "--network", "10.0.0.0/8")
    assert SECRET.fullmatch(done.stdout)
    assert "robot$acme+ci made" in done.stderr
    await shop.plant.login("robot$acme+ci", done.stdout.strip())
    found = await shop.asked(robots, "show", "acme+ci")
    assert found["grants"] == [
        {"scope": "acme", "role": "", "permissions": ["repository.pull"]},
        {
            "scope": "acme/web/**",
            "role": "",
            "permissions": ["repository.pull", "repository.push"],
        },
    ]
    assert (found["networks"], found["expires_at"][:10]) == (["10.0.0.0/8"], "2027-02-14")


async def test_a_robot_without_grants_is_a_note(shop: MachineShop) -> None:
    done = await shop.run(robots, "create", "idle")
    assert SECRET.fullmatch(done.stdout)
    assert "it may do nothing yet; `entrepot robot change idle --pull" in done.stderr


def test_people_are_told_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    tell_secret("here it is:", "epr_x")
    assert capsys.readouterr() == ("here it is:\n  epr_x\n", "")


async def test_every_way_to_say_what_it_may_do(shop: MachineShop) -> None:
    found = await shop.asked(
        robots,
        "create",
        "all",
        "--role",
        "guest=other",
        "--delete",
        "acme",
        "--permission",
        "history.read=acme",
        "--permission",
        "catalog.list=*",
    )
    assert found["secret"].startswith("epr_")
    assert [(one["scope"], one["role"] or one["permissions"]) for one in found["grants"]] == [
        ("acme", ["repository.pull", "repository.delete", "history.read"]),
        ("other", "guest"),
        ("*", ["catalog.list"]),
    ]


async def test_robots_are_listed(shop: MachineShop) -> None:
    await made(shop, "--pull", "acme")
    await shop.said(robots, "create", "all", "--role", "guest=*")
    lines = (await shop.said(robots, "list")).splitlines()
    assert re.split(r"  +", lines[0]) == ["NAME", "STATE", "EXPIRES", "LAST USED", "GRANTS"]
    assert re.split(r"  +", lines[1]) == [
        "robot$acme+ci",
        "on",
        "never",
        "not yet",
        "repository.pull on acme",
    ]
    assert re.split(r"  +", lines[2])[-1] == "guest on *"
    for words, names in (
        (("--project", "acme"), ["robot$acme+ci"]),
        (("--registry",), ["robot$all"]),
        (("--project", "other"), []),
    ):
        found = await shop.asked(robots, "list", *words)
        assert [one["name"] for one in found] == names
    assert "robot$all" in await shop.said(robots, "show", "all")


async def test_a_robot_is_changed(shop: MachineShop) -> None:
    await made(shop, "--pull", "acme", "--network", "10.0.0.0/8")
    said = await shop.said(robots, "change", "acme+ci", "--off", "--description", "x", "--anywhere")
    assert said == "robot robot$acme+ci changed\n"
    found = await shop.asked(robots, "show", "robot$acme+ci")
    assert (found["enabled"], found["description"], found["networks"]) == (False, "x", [])
    assert len(found["grants"]) == 1
    await shop.said(robots, "change", "acme+ci", "--on", "--grants-none", "--expires", "1d")
    found = await shop.asked(robots, "show", "acme+ci")
    assert (found["enabled"], found["grants"], found["expires_at"][:10]) == (
        True,
        [],
        "2027-01-16",
    )
    await shop.said(robots, "change", "acme+ci", "--push", "acme", "--network", "192.0.2.1")
    found = await shop.asked(robots, "show", "acme+ci")
    assert (found["grants"][0]["scope"], found["networks"]) == ("acme", ["192.0.2.1/32"])


async def test_a_secret_is_rotated_and_a_robot_removed(shop: MachineShop) -> None:
    old = await made(shop, "--pull", "acme")
    new = await shop.run(robots, "rotate", "acme+ci", "--overlap", "2h")
    assert SECRET.fullmatch(new.stdout)
    assert "for 7200 s more" in new.stderr
    for secret in (old, new.stdout.strip()):
        await shop.plant.login("robot$acme+ci", secret)
    last = await shop.run(robots, "rotate", "acme+ci")
    assert "no more" in last.stderr
    await shop.plant.refused_login("robot$acme+ci", old)
    await shop.said(robots, "remove", "acme+ci")
    await shop.plant.refused_login("robot$acme+ci", last.stdout.strip())


async def test_somebody_elsewhere_makes_robots_too(shop: MachineShop) -> None:
    words = ("create", "ci", "--project", "acme", "--pull", "acme")
    assert SECRET.fullmatch(await shop.said(robots, *words, user="alice"))
    assert "alice may not" in await shop.refused(robots, "list", user="alice")


@pytest.mark.parametrize(
    "words, told",
    [
        (("create", "CI"), "is not a robot's name"),
        (("create", "ci", "--pull", "gone"), "no project gone"),
        (("create", "ci", "--expires", "soon"), "neither a span nor a date"),
        (("show", "nobody"), "there is no robot"),
        (("remove", "nobody"), "there is no robot"),
        (("rotate", "nobody", "--overlap", "8d"), "not as expected"),
        (("create", "ci", "--role", "guest"), "is not ROLE=SCOPE"),
        (("create", "ci", "--permission", "=acme"), "is not PERMISSION=SCOPE"),
        (("change", "ci"), "say what to change"),
        (("change", "ci", "--grants-none", "--pull", "acme"), "--grants-none alone"),
        (("rotate", "ci", "--overlap", "soon"), "is no time"),
    ],
)
async def test_what_cannot_be_done_says_why(
    shop: MachineShop, words: tuple[str, ...], told: str
) -> None:
    assert told in await shop.refused(robots, *words)


def test_help_is_there() -> None:
    for word in ("create", "list", "show", "change", "rotate", "remove"):
        done = CliRunner().invoke(robots, [word, "--help"])
        assert done.exit_code == 0
        assert "--server" in done.output
