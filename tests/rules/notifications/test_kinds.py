"""Kinds of events are those that services write."""

from entrepot.rules.notifications import kinds
from entrepot.services import events


def test_every_kind_that_is_written_can_be_told() -> None:
    written = {
        value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)
    }
    assert written - set(kinds.KINDS) == set()
    assert set(kinds.KINDS) - written == {kinds.PULLED, kinds.QUOTA_EXCEEDED}
    assert set(kinds.KINDS) > kinds.NOTICES
    assert kinds.TEST not in kinds.KINDS
