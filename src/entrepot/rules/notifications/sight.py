"""Who may see which event: whoever may see what it tells of."""

from entrepot.oci.name import RepositoryName
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission

from . import kinds
from .notice import Notice

_QUOTA = frozenset({kinds.QUOTA_CHANGED, kinds.QUOTA_WARNED, kinds.QUOTA_EXCEEDED})


def needed(notice: Notice) -> tuple[Permission, Target]:
    """Return what it takes to see an event, and on what."""
    if notice.kind in _QUOTA:
        if not notice.project:
            return Permission.QUOTA_MANAGE, REGISTRY
        return Permission.QUOTA_READ, Target(notice.project)
    if notice.repository:
        return Permission.HISTORY_READ, Target.of(RepositoryName(notice.repository))
    if notice.project:
        return Permission.POLICY_READ, Target(notice.project)
    return Permission.AUDIT_READ, REGISTRY
