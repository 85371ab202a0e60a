"""Secrets of robots that somebody thought out."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.passwords import FREE_FAILURES
from entrepot.services.chosen import ChosenSecrets
from tests.services.machines import ROOT, Plant, acting, open_plant, refusal

NAME = "robot$acme+ci"
SECRET = "Made4Tests-only"


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    async with open_plant() as made:
        await made.robot()
        yield made


@pytest.fixture
def chosen(plant: Plant) -> ChosenSecrets:
    found = plant.people.gate.chosen
    assert found is not None
    return found


async def test_it_is_good_at_once_and_the_one_before_no_more(
    plant: Plant, chosen: ChosenSecrets
) -> None:
    _, before = await plant.robots.rotate(NAME, acting(ROOT))
    token = await plant.bearer(NAME, before)
    view = await chosen.put(NAME, SECRET, acting(ROOT))
    assert [one.label for one in view.secrets] == ["chosen"]
    robot = await plant.login(NAME, SECRET)
    assert robot.name == NAME
    await plant.refused_login(NAME, before)
    assert await plant.is_dead(token)
    assert not await plant.is_dead(await plant.bearer(NAME, SECRET))


async def test_it_can_be_another_one_later(plant: Plant, chosen: ChosenSecrets) -> None:
    await chosen.put(NAME, SECRET, acting(ROOT))
    await plant.login(NAME, SECRET)
    await chosen.put(NAME, f"{SECRET}2", acting(ROOT))
    await plant.refused_login(NAME, SECRET)
    await plant.login(NAME, f"{SECRET}2")
    _, made = await plant.robots.rotate(NAME, acting(ROOT))
    await plant.refused_login(NAME, f"{SECRET}2")
    await plant.login(NAME, made)


async def test_what_is_kept_is_not_the_secret(plant: Plant, chosen: ChosenSecrets) -> None:
    view = await chosen.put(NAME, SECRET, acting(ROOT))
    assert view.secrets[0].hash != SECRET.encode()
    assert SECRET not in repr(await plant.audit())
    assert (await plant.audit())[-1][:2] == ("robot.rotated", NAME)


async def test_it_is_of_that_robot_alone(plant: Plant, chosen: ChosenSecrets) -> None:
    await plant.robot("other")
    await chosen.put(NAME, SECRET, acting(ROOT))
    await plant.refused_login("robot$acme+other", SECRET)
    await plant.refused_login("robot$acme+nobody", SECRET)


async def test_with_the_robot_goes_its_secret(plant: Plant, chosen: ChosenSecrets) -> None:
    await chosen.put(NAME, SECRET, acting(ROOT))
    await plant.robots.remove(NAME, acting(ROOT))
    await plant.refused_login(NAME, SECRET)
    await plant.robot()
    await plant.refused_login(NAME, SECRET)


@pytest.mark.parametrize(
    "secret", ["Sh0rt", "no-capitals-1", "NO-SMALL-1", "No-digits", f"ept_{'0' * 88}", "A1b" * 50]
)
async def test_weak_ones_are_refused(chosen: ChosenSecrets, secret: str) -> None:
    await refusal(Code.REQUEST_INVALID, chosen.put(NAME, secret, acting(ROOT)))


async def test_nobody_takes_over_what_can_do_more(plant: Plant, chosen: ChosenSecrets) -> None:
    mallory = await plant.user("mallory")
    await refusal(Code.DENIED, chosen.put(NAME, SECRET, acting(mallory)))
    await refusal(Code.NOT_FOUND, chosen.put("robot$acme+gone", SECRET, acting(ROOT)))


async def test_guesses_are_slowed(plant: Plant, chosen: ChosenSecrets) -> None:
    await chosen.put(NAME, SECRET, acting(ROOT))
    for number in range(FREE_FAILURES):
        await plant.refused_login(NAME, f"{SECRET}-{number}")
    with pytest.raises(Fault) as caught:
        await plant.people.access.login(NAME, f"{SECRET}-more")
    assert caught.value.code is Code.TOOMANYREQUESTS
