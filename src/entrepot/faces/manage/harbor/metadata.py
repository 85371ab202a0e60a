"""Metadata of projects: Harbor's texts for the options that are policy here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.policies import PolicyRow
from entrepot.rules.projectoptions import CVES_MAX, WHAT, Severity
from entrepot.services.context import Caller
from entrepot.services.policies import RETENTION, PolicyService

PUBLIC = "public"
RETENTION_ID = "retention_id"
SEVERITY = "severity"
_OPTIONS = {
    "auto_sbom_generation": "sbom_on_push",
    "auto_scan": "scan_on_push",
    "enable_content_trust": "require_notation",
    "enable_content_trust_cosign": "require_cosign",
    "prevent_vul": "prevent_vulnerable",
    "reuse_sys_cve_allowlist": "reuse_system_cve_allowlist",
    SEVERITY: "severity",
}
"""The option that each stands for; but for the severity they are true or false."""
OF_PROXIES = frozenset(
    {
        "max_upstream_conn",
        "proxy_cache_filter_kind",
        "proxy_cache_filter_pattern",
        "proxy_cache_local_on_not_found",
        "proxy_referrer_api",
        "proxy_speed_kb",
    }
)
"""Of proxy caches alone: Harbor leaves it away for other projects, and so do we."""
_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})
_ALLOWLIST = "cve_allowlist"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one project; `values` are those that somebody has said."""

    values: Mapping[str, str] = field(default_factory=dict)
    cves: tuple[str, ...] = ()
    cves_until: int | None = None
    """When the list ends, in seconds since the epoch."""
    has_retention: bool = False
    seen: str = ""
    """The document that this was read from."""


class MetadataKeeper:
    """Reads and writes a project's options."""

    def __init__(self, policies: PolicyService) -> None:
        self._policies = policies

    async def of(self, project: str) -> Kept:
        """Return what is kept of a project."""
        return _read(await self._policies.all(project))

    async def many(self, projects: Sequence[str]) -> dict[str, Kept]:
        """Return what is kept of several."""
        found = await self._policies.many(projects)
        return {name: _read(rows) for name, rows in found.items()}

    async def put(self, project: str, kept: Kept, caller: Caller) -> None:
        """Keep this; `Fault(CONFLICT)` if it was changed since it was read."""
        document: dict[str, Any] = {}
        for name, text in kept.values.items():
            document[_OPTIONS[name]] = text if name == SEVERITY else text == "true"
        if kept.cves or kept.cves_until is not None:
            document[_ALLOWLIST] = {"items": [*kept.cves], "expires_at": kept.cves_until}
        await self._policies.put(project, WHAT, document, caller, seen=kept.seen)

    async def forget(self, project: str, caller: Caller) -> None:
        """Forget all policies of a project that is gone, so that no later one of the name has them.

        Harbor's projects begin without any.
        """
        for row in await self._policies.all(project):
            await self._policies.remove(project, row.kind, caller)


def checked(key: str, value: str) -> str:
    """Return a value as it is kept; `Fault(REQUEST_INVALID)` for an unknown key, or a wrong one."""
    lowered = value.lower()
    if key == SEVERITY:
        if lowered in {*Severity}:
            return lowered
        raise _wrong(key, value, ", ".join(Severity))
    if key in _OPTIONS or key == PUBLIC:
        if lowered in _TRUE | _FALSE:
            return "true" if lowered in _TRUE else "false"
        raise _wrong(key, value, "true or false")
    raise Fault(Code.REQUEST_INVALID, f"invalid key: {key[:80]!a} is no metadata of a project")


def cves_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of a list of vulnerabilities; `Fault(REQUEST_INVALID)` for too many."""
    ids = tuple(dict.fromkeys(one.strip() for one in given))
    if len(ids) > CVES_MAX or not all(0 < len(one) <= 64 and one.isprintable() for one in ids):
        raise Fault(
            Code.REQUEST_INVALID,
            f"this is no list of vulnerabilities: name up to {CVES_MAX} ids as CVE-2024-12345",
        )
    return ids


def _read(rows: Sequence[PolicyRow]) -> Kept:
    has_retention = any(row.kind == RETENTION for row in rows)
    text = next((row.document for row in rows if row.kind == WHAT), None)
    if text is None:
        return Kept(has_retention=has_retention)
    document = msgspec.json.decode(text, type=dict[str, Any])
    values = {
        name: _text(document[option]) for name, option in _OPTIONS.items() if option in document
    }
    allowlist = document.get(_ALLOWLIST) or {}
    until = allowlist.get("expires_at")
    return Kept(
        values,
        tuple(allowlist.get("items", ())),
        None if until is None else int(until),
        has_retention,
        text,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrong(key: str, value: str, cure: str) -> Fault:
    return Fault(
        Code.REQUEST_INVALID, f"invalid value: {value[:80]!a} of {key} is not one of {cure}"
    )
