"""Who may see which event."""

from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.notice import Notice
from entrepot.rules.notifications.sight import needed
from entrepot.rules.permissions import Permission
from tests.rules.notifications.notices import PUSHED


def test_each_takes_what_it_tells_of() -> None:
    permission, target = needed(PUSHED)
    assert (permission, target.words) == (Permission.HISTORY_READ, "app")
    of_project = Notice(1, kinds.POLICY_CHANGED, 1.0, project="acme")
    assert needed(of_project) == (Permission.POLICY_READ, Target("acme"))
    quota = Notice(1, kinds.QUOTA_WARNED, 1.0, project="acme", repository="acme/web")
    assert needed(quota) == (Permission.QUOTA_READ, Target("acme"))
    of_user = Notice(1, kinds.QUOTA_CHANGED, 1.0)
    assert needed(of_user) == (Permission.QUOTA_MANAGE, REGISTRY)
    assert needed(Notice(1, "something.new", 1.0)) == (Permission.AUDIT_READ, REGISTRY)
