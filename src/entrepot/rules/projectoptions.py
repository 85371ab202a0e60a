"""Options of a project: what is asked of its images, how bytes go out.

They are kept as a policy document, `{"scan_on_push": true, "severity": "high"}`. Only
`redirect_blobs` is held by a service yet: scanning and signing come in later versions.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from .documents import read, refused

WHAT = "options"
CVES_MAX = 1000
EXPIRES_MAX = 253402300799.0
"""The end of the year 9999."""

_CVE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)


class Severity(StrEnum):
    """How bad a vulnerability is, from the mildest to the worst."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class CveAllowlist:
    """Vulnerabilities that keep no image from being pulled."""

    items: tuple[str, ...] = ()
    """`CVE-2024-3094`, or a name of another list."""
    expires_at: float | None = None
    """In seconds since the epoch; None for never."""


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """What a document says; what it leaves out has its default."""

    scan_on_push: bool = False
    sbom_on_push: bool = False
    prevent_vulnerable: bool = False
    """Whether images with a vulnerability of `severity` or worse are not to be pulled."""
    severity: Severity = Severity.LOW
    require_cosign: bool = False
    require_notation: bool = False
    """Whether images without such a signature are not to be pulled."""
    reuse_system_cve_allowlist: bool = True
    cve_allowlist: CveAllowlist = CveAllowlist()
    redirect_blobs: bool = True
    """Whether clients may be sent to the object store for its blobs, where that is switched on."""


DEFAULTS = ProjectOptions()


class _Allowlist(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: list[str] = []
    expires_at: float | None = None


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scan_on_push: bool = False
    sbom_on_push: bool = False
    prevent_vulnerable: bool = False
    severity: Severity = Severity.LOW
    require_cosign: bool = False
    require_notation: bool = False
    reuse_system_cve_allowlist: bool = True
    cve_allowlist: _Allowlist = _Allowlist()
    redirect_blobs: bool = True


def parse(document: object) -> ProjectOptions:
    """Return what a decoded document says; `Fault(REQUEST_INVALID)` names what is wrong."""
    given = read(document, _Document, WHAT)
    return ProjectOptions(
        given.scan_on_push,
        given.sbom_on_push,
        given.prevent_vulnerable,
        given.severity,
        given.require_cosign,
        given.require_notation,
        given.reuse_system_cve_allowlist,
        _allowlist(given.cve_allowlist),
        given.redirect_blobs,
    )


def document_of(options: ProjectOptions) -> dict[str, object]:
    """Return the document that says so, with all that could be left out."""
    found: dict[str, object] = msgspec.to_builtins(options)
    return found


def _allowlist(given: _Allowlist) -> CveAllowlist:
    if len(given.items) > CVES_MAX:
        raise refused(WHAT, f"the allow list has up to {CVES_MAX} entries: leave out old ones")
    for item in given.items:
        if not _CVE.fullmatch(item):
            raise refused(WHAT, f"{item[:64]!a} is no vulnerability: write CVE-2024-3094 or so")
    at = given.expires_at
    if at is not None and not 0 <= at <= EXPIRES_MAX:
        raise refused(WHAT, "expires_at is seconds since 1970: use null for never")
    return CveAllowlist(tuple(dict.fromkeys(given.items)), at)
