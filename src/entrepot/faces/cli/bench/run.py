"""What `entrepot bench` does once its options are read."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

from entrepot.faces.cli.messages import _

from .request import LoadError
from .session import compare, prepare
from .tables import Row, heading
from .target import Target, TargetError, named
from .works import TAGS, Work, works

EXIT_FAILED = 1
TARGETS_MAX = 2

# What people read, in one place.
NOTHING = _("no work has '{only}' in its name; there are:")
TOO_MANY = _("one registry is measured, two are compared; {count} are too many")
PIDS = _("--pid is given once for each URL, in their order")
FILLING = _("filling {name} ...")


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `entrepot bench`."""

    urls: tuple[str, ...]
    user: str
    password: str
    repository: str
    only: str
    rounds: int
    seconds: float
    tags: bool
    processes: int
    pid: tuple[int, ...]
    as_json: bool


def run(wish: Wish) -> None:
    """Measure and print; exits with 1 if a piece of work could not be done."""
    chosen = _chosen(wish)
    try:
        targets = _targets(wish)
        rows = _measured(wish, targets, chosen)
    except (LoadError, TargetError) as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_FAILED)
    if wish.as_json:
        click.echo(json.dumps([row.as_json() for row in rows], indent=1))
    whole = [row for row in rows if len(row.rounds) == len(targets)]
    sys.exit(0 if len(whole) == len(chosen) else EXIT_FAILED)


def _measured(wish: Wish, targets: Sequence[Target], chosen: Sequence[Work]) -> list[Row]:
    fixtures = []
    for target in targets:
        click.echo(FILLING.format(name=target.name), err=True)
        fixtures.append(prepare(target, chosen))

    def tell(text: str) -> None:
        click.echo(text, err=wish.as_json)

    tell(heading([target.name for target in targets]))
    return compare(
        list(zip(targets, fixtures, strict=True)),
        chosen,
        rounds=wish.rounds,
        seconds=wish.seconds,
        processes=wish.processes,
        tell=tell,
    )


def _chosen(wish: Wish) -> list[Work]:
    found = [work for work in works(tags=TAGS if wish.tags else 0) if wish.only in work.name]
    if found:
        return found
    names = "\n".join(f"  {work.name}" for work in works(tags=TAGS))
    raise click.UsageError(f"{NOTHING.format(only=wish.only)}\n{names}")


def _targets(wish: Wish) -> list[Target]:
    if len(wish.urls) > TARGETS_MAX:
        raise click.UsageError(TOO_MANY.format(count=len(wish.urls)))
    if wish.pid and len(wish.pid) != len(wish.urls):
        raise click.UsageError(PIDS)
    found = [named(url, wish.repository, wish.user, wish.password) for url in wish.urls]
    if not wish.pid:
        return found
    return [replace(one, process_id=pid) for one, pid in zip(found, wish.pid, strict=True)]
