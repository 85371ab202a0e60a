"""Refused attempts: noted without waiting, written to the log a moment later.

Who is refused costs the registry nothing that lasts: repeated refusals are one line with a count,
and one address fills the log no more than `ADDRESS_MAX` lines in `WINDOW_SECONDS` allow. A crash
loses the refusals of the last second.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.rules.audit import DENIED, FAILED, AuditLine

from .auditing import Act, line_of
from .context import Caller

FLUSH_SECONDS = 1.0
WINDOW_SECONDS = 60.0
"""Refusals alike within it are told by two lines at most: the first, and how many more."""
NOTED_MAX = 4096
"""Different refusals of one window; what is more is counted, in one line."""
ADDRESS_MAX = 256
"""Different ones of one address; more of it are told as `MANY`."""
STEP = 64
"""Lines written in one transaction."""
MANY = "audit.many"
"""The operation of refusals that one address had too many different ones of."""
LOST = "audit.lost"
"""The operation of the line that tells how many refusals have none."""

_Key = tuple[str, str, str, str]


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


@dataclass(slots=True)
class _Noted:
    """Refusals alike: `line` tells of the latest, `times` of how many no line tells yet."""

    line: AuditLine
    detail: Mapping[str, Any]
    since: float
    times: int = 1
    told: bool = False


class AuditTrail:
    """Takes note of what was refused."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._noted: dict[_Key, _Noted] = {}
        self._of: Counter[str] = Counter()
        self._fresh: deque[_Key] = deque()
        self._lost = 0

    def denied(self, caller: Caller, act: Act) -> None:
        """Take note of a refusal. It never waits, and never raises for what callers send."""
        now = self._clock.now()
        line = replace(line_of(caller, now, act), result=DENIED, detail="")
        detail = act.detail
        key = line.actor, line.address, line.operation, line.resource
        if key not in self._noted and self._of[line.address] >= ADDRESS_MAX:
            line = replace(line, actor="", operation=MANY, project="", resource="", client="")
            key, detail = ("", line.address, MANY, ""), {}
        noted = self._noted.get(key)
        if noted is not None:
            noted.times += 1
            noted.line = line
        elif len(self._noted) < NOTED_MAX:
            self._noted[key] = _Noted(line, detail, now)
            self._of[line.address] += 1
            self._fresh.append(key)
        else:
            self._lost += 1

    async def flush(self, *, final: bool = False) -> int:
        """Write what is due, or with `final` all there is; return how many lines.

        What cannot be written now is kept for the next time. Raises `Busy` or `CatalogFailed`.
        """
        written = 0
        while keys := list(islice(self._due(final=final), STEP)):
            told = [(key, self._noted[key].times) for key in keys]
            await self._write([_line(self._noted[key]) for key, times in told if times])
            for key, times in told:
                self._wrote(key, times, final=final)
            written += sum(times > 0 for _, times in told)
            await self._clock.sleep(0)  # others have their turn
        if lost := self._lost:
            act = Act(LOST, "", "", {"times": lost}, FAILED)
            await self._write([line_of(Caller(), self._clock.now(), act)])
            self._lost -= lost
            written += 1
        return written

    async def close(self) -> None:
        """Write all there is."""
        await self.flush(final=True)

    async def run(self, log: Log) -> None:
        """Flush again and again until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except (Busy, CatalogFailed) as error:
                log.warning("audit not written, tried again", cause=str(error))

    def _due(self, *, final: bool) -> Iterator[_Key]:
        if final:
            yield from self._noted
            return
        yield from self._fresh
        # They are in the order of their windows.
        ended = self._clock.now() - WINDOW_SECONDS
        for key, noted in self._noted.items():
            if noted.since > ended:
                return
            if noted.told:
                yield key

    def _wrote(self, key: _Key, times: int, *, final: bool) -> None:
        noted = self._noted[key]
        noted.times -= times
        if noted.told or final:
            # Those that came while this was written begin a window of their own.
            del self._noted[key]
            self._of[key[1]] -= 1
            if not self._of[key[1]]:
                del self._of[key[1]]
            if noted.times:
                self._again(key, noted)
        noted.told = True
        if self._fresh and self._fresh[0] == key:
            self._fresh.popleft()

    def _again(self, key: _Key, noted: _Noted) -> None:
        self._noted[key] = replace(noted, since=self._clock.now(), told=False)
        self._of[key[1]] += 1
        self._fresh.append(key)

    async def _write(self, lines: list[AuditLine]) -> None:
        if not lines:
            return
        async with self._catalog.begin(write=True, durable=False) as tx:
            for line in lines:
                await tx.audit.append(line)


def _line(noted: _Noted) -> AuditLine:
    facts = {**noted.detail, "times": noted.times} if noted.times > 1 else noted.detail
    return replace(noted.line, detail=line_of(Caller(), 0, Act("", "", "", facts)).detail)
