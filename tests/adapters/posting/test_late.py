"""A poster that is not used costs nothing."""

import subprocess
import sys

LIGHT = """
import sys
from entrepot.adapters.posting import LatePoster
LatePoster()
assert "aiohttp" not in sys.modules
"""


def test_late_is_light() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True)
