"""The project keeps the habits that `tools/tidy` knows."""

from pathlib import Path

from tools.tidy.run import check

ROOT = Path(__file__).parents[1]


def test_every_habit_is_kept() -> None:
    found = check(ROOT)
    assert not found, "\n" + "\n".join(map(str, found))
