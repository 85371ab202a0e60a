"""Which wheels run on a platform."""

import pytest
from packaging.tags import cpython_tags
from packaging.utils import parse_wheel_filename

from entrepot.faces.cli.bundle.platforms import (
    MACHINES,
    this_platform,
    this_python,
    wheel_tags,
)


def fits(wheel: str, platform: str) -> bool:
    """Whether an installer on that platform, with Python 3.13 there, takes a wheel."""
    tags = set(cpython_tags((3, 13), platforms=[*wheel_tags(platform)]))
    return bool(tags & set(parse_wheel_filename(wheel)[3]))


@pytest.mark.parametrize("platform, machine", MACHINES.items())
def test_of_its_machine_and_old_enough(platform: str, machine: str) -> None:
    other = next(name for name in MACHINES.values() if name != machine)
    assert fits(f"a-1-cp313-cp313-manylinux_2_28_{machine}.whl", platform)
    assert fits(f"a-1-cp313-cp313-manylinux2014_{machine}.manylinux_2_17_{machine}.whl", platform)
    assert fits(f"a-1-cp39-abi3-manylinux2014_{machine}.whl", platform)
    assert not fits(f"a-1-cp313-cp313-manylinux_2_34_{machine}.whl", platform)
    assert not fits(f"a-1-cp313-cp313-musllinux_1_2_{machine}.whl", platform)
    assert not fits(f"a-1-cp313-cp313-manylinux_2_28_{other}.whl", platform)


def test_this_one() -> None:
    assert this_platform() in MACHINES
    assert this_python().startswith("3.")
