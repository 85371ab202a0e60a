"""What becomes of what a receiver did not take."""

from entrepot.ports.webhooks import Delivery, State
from entrepot.rules.notifications.retrying import Patience
from entrepot.services.receivers import ERROR_MAX, Receiver
from entrepot.services.sending import Sent

OPEN = Delivery(1, 1, 1, "tag.moved", "library/app", "{}", State.OPEN, 2, 0.0, None, "", 0.0, None)
PATIENCE = Patience()


def test_a_receiver_that_fails_rests_ever_longer_and_begins_anew() -> None:
    receiver = Receiver()
    rests = []
    for _ in range(4):
        outcome = receiver.settle(OPEN, Sent("away"), 10.0, patience=PATIENCE, chance=0.5)
        rests.append(receiver.rests_until - 10.0)
        assert (outcome.state, outcome.next_at) == (State.OPEN, receiver.rests_until)
    assert rests == [0.5, 1.0, 2.0, 4.0]
    done = receiver.settle(OPEN, Sent("", 200), 20.0, patience=PATIENCE, chance=0.5)
    assert (done.state, done.attempt, done.status) == (State.DELIVERED, 3, 200)
    assert (receiver.failures, receiver.rests_until) == (0, 0.0)


def test_one_that_blames_the_request_gets_the_others() -> None:
    receiver = Receiver()
    outcome = receiver.settle(OPEN, Sent("no", 404), 10.0, patience=PATIENCE, chance=0.5)
    assert (receiver.failures, receiver.rests_until) == (0, 0.0)
    assert outcome.next_at == 12.0


def test_retry_after_is_waited_and_bounded() -> None:
    receiver = Receiver()
    receiver.settle(OPEN, Sent("busy", 503, "60"), 0.0, patience=PATIENCE, chance=0.1)
    assert receiver.rests_until == 60.0
    receiver.settle(OPEN, Sent("busy", 429, "999999"), 0.0, patience=PATIENCE, chance=0.1)
    assert receiver.rests_until == PATIENCE.most_seconds


def test_it_is_given_up_with_a_reason_of_bounded_length() -> None:
    late = PATIENCE.age_max_seconds
    outcome = Receiver().settle(OPEN, Sent("x" * 9999), late, patience=PATIENCE, chance=0.5)
    assert (outcome.state, len(outcome.error)) == (State.FAILED, ERROR_MAX)
