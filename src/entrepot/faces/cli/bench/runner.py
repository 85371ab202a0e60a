"""Runs one piece of work on one target, in this process or in several of its own."""

import multiprocessing
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from .fixture import Fixture
from .load import Load
from .request import LoadError, Tally
from .target import Target
from .works import Site, Work

START_SECONDS = 60.0
READY = "ready"
GRACE_SECONDS = 300.0
"""How long after the end of a piece of work its last pushes may take."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one piece of work on one target.

    `cpu_per_unit` is in seconds of the server's processor time, None where it cannot be seen;
    `client_busy` is the share of a core that each client process used: near 1, the client is what
    was measured.
    """

    per_second: float
    p50_seconds: float | None
    p99_seconds: float | None
    cpu_per_unit: float | None
    client_busy: float


def measure(
    work: Work, target: Target, fixture: Fixture, *, seconds: float, processes: int
) -> Measured:
    """Run a piece of work. Raises `LoadError`, `TargetError`."""
    processes = min(processes, work.connections)
    # Before the clock: to check a password costs more than a thousand answers.
    part = Part(work, target.admitted(), fixture, seconds, work.connections)
    before = target.cpu_seconds()
    tally = part.run() if processes == 1 else _run_apart(part, processes)
    after = target.cpu_seconds()
    cpu = after - before if before is not None and after is not None and tally.units else None
    return Measured(
        per_second=tally.rate(),
        p50_seconds=tally.percentile(0.5),
        p99_seconds=tally.percentile(0.99),
        cpu_per_unit=None if cpu is None else cpu / tally.units,
        client_busy=tally.cpu_seconds / tally.seconds / processes,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of work, or what one process does of it."""

    work: Work
    target: Target
    fixture: Fixture
    seconds: float
    connections: int

    def run(self) -> Tally:
        """Run it in this process. Raises `LoadError`."""
        with closing(Site(self.target, self.fixture)) as site:
            return self.load(site).run()

    def load(self, site: Site) -> Load:
        """Return it ready to run; what it pushes lives as long as the site."""
        scripts = self.work.make(site, self.connections)
        return Load(self.target.place, scripts, seconds=self.seconds, cut=self.work.cut)


def _run_apart(part: Part, processes: int) -> Tally:
    context = multiprocessing.get_context("spawn")
    parts = [replace(part, connections=share) for share in _shares(part.connections, processes)]
    pipes = [context.Pipe() for _ in parts]
    children = [
        context.Process(target=_child, args=(there, share))
        for share, (_, there) in zip(parts, pipes, strict=True)
    ]
    ours = [here for here, _ in pipes]
    try:
        for child in children:
            child.start()
        for here in ours:
            _received(here, START_SECONDS)
        for here in ours:
            here.send("go")
        total = Tally()
        for here in ours:
            total.add(_received(here, part.seconds + GRACE_SECONDS))
        return total
    finally:
        for child in children:
            if child.pid is not None:
                child.terminate()
                child.join()


def _child(pipe: "Connection[Tally | str, Tally | str]", part: Part) -> None:
    with closing(Site(part.target, part.fixture)) as site:
        load = part.load(site)
        pipe.send(READY)
        pipe.recv()
        try:
            pipe.send(load.run())
        except LoadError as error:
            pipe.send(str(error))


def _received(pipe: "Connection[Tally | str, Tally | str]", seconds: float) -> Tally:
    if not pipe.poll(seconds):
        raise LoadError(f"a process of the client said nothing for {seconds:.0f} s")
    try:
        value = pipe.recv()
    except EOFError:
        raise LoadError("a process of the client ended without a result") from None
    if isinstance(value, Tally):
        return value
    if value == READY:
        return Tally()
    raise LoadError(str(value))


def _shares(connections: int, processes: int) -> Sequence[int]:
    each, more = divmod(connections, processes)
    return [each + (number < more) for number in range(processes)]
