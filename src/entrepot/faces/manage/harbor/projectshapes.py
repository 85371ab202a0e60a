"""Projects in bodies, and what is told beside them."""

import msgspec

from .metadata import OF_PROXIES, PUBLIC, RETENTION_ID, checked
from .shownprojects import CVEAllowlist


class ProjectMetadata(msgspec.Struct, omit_defaults=True):
    """What is kept of a project, as texts."""

    public: str | bool | None = None
    enable_content_trust: str | None = None
    enable_content_trust_cosign: str | None = None
    prevent_vul: str | None = None
    severity: str | None = None
    auto_scan: str | None = None
    auto_sbom_generation: str | None = None
    reuse_sys_cve_allowlist: str | None = None
    retention_id: str | None = None
    proxy_speed_kb: str | None = None
    max_upstream_conn: str | None = None
    proxy_cache_local_on_not_found: str | None = None
    proxy_referrer_api: str | None = None
    proxy_cache_filter_pattern: str | None = None
    proxy_cache_filter_kind: str | None = None

    def values(self) -> dict[str, str]:
        """Return what is said, checked, without what is of proxies alone or made by others."""
        given = msgspec.structs.asdict(self)
        found = {}
        for key, value in given.items():
            if key in OF_PROXIES or key == RETENTION_ID or value in (None, ""):
                continue
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found[key] = checked(key, text)
        return found


class ProjectReq(msgspec.Struct):
    """A project to be made or changed; what is left out stays."""

    project_name: str | None = None
    public: bool | None = None
    metadata: ProjectMetadata | None = None
    cve_allowlist: CVEAllowlist | None = None
    storage_limit: int | None = None
    registry_id: int | None = None

    def values(self) -> dict[str, str]:
        """Return the metadata, of which `public` may be said beside it."""
        found = self.metadata.values() if self.metadata is not None else {}
        if self.public is not None and PUBLIC not in found:
            found[PUBLIC] = "true" if self.public else "false"
        return found


class ProjectDeletable(msgspec.Struct, omit_defaults=True):
    """Whether a project can be deleted, or why not."""

    deletable: bool = False
    message: str = ""


class Hard(msgspec.Struct):
    """Storage in bytes, -1 for without limit."""

    storage: int


class ProjectQuota(msgspec.Struct):
    """What a project may hold, and holds."""

    hard: Hard
    used: Hard


class ProjectSummary(msgspec.Struct, omit_defaults=True):
    """Figures of a project, as far as they are for the caller."""

    repo_count: int
    project_admin_count: int = 0
    maintainer_count: int = 0
    developer_count: int = 0
    guest_count: int = 0
    limited_guest_count: int = 0
    quota: ProjectQuota | None = None
