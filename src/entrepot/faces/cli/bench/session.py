"""A run of the benchmark: fill the targets, do each work on all of them by turns."""

from collections.abc import Callable, Sequence

from .fixture import Fixture, fill, fill_tags
from .request import LoadError
from .runner import measure
from .tables import Row, lines
from .target import Target, TargetError
from .works import Work

FILL_CONNECTIONS = 16

FAILED = "{work}: {name} failed: {reason}"


def prepare(target: Target, chosen: Sequence[Work], *, tags: bool = True) -> Fixture:
    """Push what the chosen work needs. Raises `LoadError`, `TargetError`.

    Without `tags`, the many tags are there already, made by other means.
    """
    blobs = sorted({size for work in chosen for size in work.blobs})
    images = max((work.images for work in chosen), default=0)
    count = max((work.tags for work in chosen), default=0) if tags else 0
    fixture = fill(target.admitted(), blobs=blobs, images=images)
    if count:
        fill_tags(target.admitted(), count, FILL_CONNECTIONS)
    return fixture


def compare(
    filled: Sequence[tuple[Target, Fixture]],
    chosen: Sequence[Work],
    *,
    rounds: int,
    seconds: float,
    processes: int,
    tell: Callable[[str], None],
) -> list[Row]:
    """Do all work on the targets by turns (A B A B), and tell each row when it is done.

    A target that fails at a piece of work is left out of its row, and what it answered is told;
    a row in which the first is missing is no row.
    """
    rows = []
    for work in chosen:
        row = Row(work, {target.name: [] for target, _ in filled})
        for _ in range(rounds):
            for target, fixture in filled:
                if target.name not in row.rounds:
                    continue
                try:
                    found = measure(work, target, fixture, seconds=seconds, processes=processes)
                    row.rounds[target.name].append(found)
                except (LoadError, TargetError) as error:
                    tell(FAILED.format(name=target.name, work=work.name, reason=error))
                    del row.rounds[target.name]
        if filled[0][0].name in row.rounds:
            rows.append(row)
            tell("\n".join(lines(row)))
    return rows
