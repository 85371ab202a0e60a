"""A broken habit, and the written exceptions to habits."""

import datetime
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

EXCEPTIONS = "tidy.toml"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken habit. `name` is what an exception in `tidy.toml` calls it."""

    path: str
    line: int
    rule: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text} [{self.rule}: {self.name}]"


@dataclass(frozen=True, slots=True)
class Permission:
    """An entry of `tidy.toml`: `rule` lets `name` pass in the files that match `where`."""

    rule: str
    where: str
    name: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether this lets `finding` pass."""
        return (
            self.rule == finding.rule
            and self.name == finding.name
            and fnmatchcase(finding.path, self.where)
        )


def without_permitted(root: Path, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what no exception covers, then each exception that is ill-formed or covers nothing."""
    file = root / EXCEPTIONS
    entries = tomllib.loads(file.read_text()).get("except", []) if file.exists() else []
    permissions = [Permission(e.get("rule"), e.get("where"), e.get("name")) for e in entries]
    used = set()
    for finding in found:
        covering = [permission for permission in permissions if permission.covers(finding)]
        used.update(covering)
        if not covering:
            yield finding
    for number, (entry, permission) in enumerate(zip(entries, permissions, strict=True), start=1):
        if not _is_whole(entry):
            text = "an exception needs rule, where, name, since (a date) and why"
        elif permission not in used:
            text = "nothing needs this exception any more"
        else:
            continue
        yield Finding(EXCEPTIONS, 0, "exception", f"entry {number}", f"{text}: {entry}")


def _is_whole(entry: dict[str, Any]) -> bool:
    texts = [entry.get(key) for key in ("rule", "where", "name", "why")]
    return (
        all(isinstance(text, str) and text for text in texts)
        and type(entry.get("since")) is datetime.date
        and set(entry) == {"rule", "where", "name", "since", "why"}
    )
