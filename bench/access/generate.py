"""Makes a catalog with many users, projects and grants.

`python -m bench.access.generate FILE --scale 1.0`

All is written through the ports, in transactions of the size that services keep to.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.identity import Source
from entrepot.ports.people import Group
from entrepot.ports.projects import Project
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind

Row = TypeVar("Row")

SEED = 20261121
BATCH = 256
USER_SHARE, GROUP_SHARE = 0.6, 0.39
"""Of all grants; the rest are to everyone."""
REGISTRY_SHARE = 0.001
PATTERN_SHARE = 0.3
ROLES = ("projectAdmin", "maintainer", "developer", "guest", "limitedGuest")


@dataclass(frozen=True, slots=True)
class Shape:
    """What there is of each kind; 1.0 is the size that the goals are told for."""

    scale: float

    @property
    def users(self) -> int:
        return max(2, round(10_000 * self.scale))

    @property
    def projects(self) -> int:
        return max(2, round(5_000 * self.scale))

    @property
    def grants(self) -> int:
        return max(4, round(50_000 * self.scale))

    @property
    def groups(self) -> int:
        return max(2, round(500 * self.scale))

    @property
    def memberships(self) -> int:
        return max(2, round(20_000 * self.scale))


async def generate(path: Path, scale: float, now: float) -> Shape:
    """Make the catalog, whose file must be new; users are `user-00000` and so on."""
    shape = Shape(scale)
    chance = random.Random(SEED)
    catalog = await open_catalog(path)
    try:
        accounts = (Account(_user(n), Role.GUEST, "", now, now) for n in range(shape.users))
        await _write(catalog, accounts, lambda tx, row: tx.accounts.add(row))
        projects = (
            Project(_project(n), n % 10 == 0, (), now, _user(n % shape.users))
            for n in range(shape.projects)
        )
        await _write(catalog, projects, lambda tx, row: tx.projects.add(row))
        groups = (Group(_group(n), "", now) for n in range(shape.groups))
        await _write(catalog, groups, lambda tx, row: tx.groups.put(row))
        pairs = _pairs(shape, chance)
        await _write(catalog, pairs, lambda tx, pair: tx.groups.enter(*pair, Source.LDAP))
        await _write(catalog, _grants(shape, chance, now), lambda tx, row: tx.grants.add(row))
    finally:
        await catalog.close()
    return shape


async def _write(
    catalog: Catalog, rows: Iterable[Row], put: Callable[[Tx, Row], Awaitable[object]]
) -> None:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        async with catalog.begin(write=True, durable=False) as tx:
            for row in batch:
                await put(tx, row)
            await tx.epochs.advance(ACCESS_EPOCH)


def _pairs(shape: Shape, chance: random.Random) -> list[tuple[str, str]]:
    """Return who is in which group, each pair once."""
    count = min(shape.memberships, shape.users * shape.groups)
    cells = chance.sample(range(shape.users * shape.groups), count)
    return [(_user(cell // shape.groups), _group(cell % shape.groups)) for cell in cells]


def _grants(shape: Shape, chance: random.Random, now: float) -> Iterator[GrantRow]:
    """Yield grants, no two alike."""
    known: set[tuple[SubjectKind, str, str, str]] = set()
    while len(known) < shape.grants:
        kind, subject = _subject(shape, chance)
        scope = _scope(shape, chance, kind)
        role = chance.choice(ROLES)
        key = (kind, subject, scope, role)
        if key not in known:
            known.add(key)
            yield GrantRow(0, kind, subject, scope, role, (), now, "admin")


def _subject(shape: Shape, chance: random.Random) -> tuple[SubjectKind, str]:
    share = chance.random()
    if share < USER_SHARE:
        return SubjectKind.USER, _user(chance.randrange(shape.users))
    if share < USER_SHARE + GROUP_SHARE:
        return SubjectKind.GROUP, _group(chance.randrange(shape.groups))
    return SubjectKind.EVERYONE, ""


def _scope(shape: Shape, chance: random.Random, kind: SubjectKind) -> str:
    if kind is not SubjectKind.EVERYONE and chance.random() < REGISTRY_SHARE:
        return "*"
    project = _project(chance.randrange(shape.projects))
    return f"{project}/web/**" if chance.random() < PATTERN_SHARE else project


def _user(number: int) -> str:
    return f"user-{number:05}"


def _project(number: int) -> str:
    return f"project-{number:04}"


def _group(number: int) -> str:
    return f"group-{number:03}"


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="must not exist")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is 50 000 grants [1.0]")
    wish = parser.parse_args()
    began = time.perf_counter()
    try:
        wish.file.touch(exist_ok=False, mode=0o600)
        asyncio.run(generate(wish.file, wish.scale, time.time()))
    except FileExistsError:
        print(f"bench: {wish.file} exists: name a new file", file=sys.stderr)
        return 1
    print(f"made in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
