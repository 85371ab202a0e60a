"""A receiver that is killed while events come: a small campaign."""

from tools.hooks.campaign import run


def test_each_event_is_taken_in_order_and_nothing_forged_is() -> None:
    found = run(events=40, restarts=2, repositories=3)
    assert found.wrong == []
    assert (found.events, found.taken, found.restarts) == (40, 40, 2)
    assert found.forged > 0
