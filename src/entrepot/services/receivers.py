"""What is known of a webhook's receiver, and what becomes of what it did not take."""

from dataclasses import dataclass, replace

from entrepot.ports.webhooks import Delivery, Outcome, State
from entrepot.rules.notifications.retrying import (
    Patience,
    is_over,
    is_refusal,
    retry_after,
    wait_seconds,
)

from .sending import Sent

ERROR_MAX = 500
"""Characters that the log keeps of what went wrong."""


@dataclass(slots=True)
class Receiver:
    """One webhook's receiver, since the process began."""

    look_at: float = 0.0
    """When to look for what is due."""
    failures: int = 0
    """In a row, of the receiver as a whole."""
    rests_until: float = 0.0
    under_way: int = 0

    def settle(
        self, delivery: Delivery, sent: Sent, now: float, *, patience: Patience, chance: float
    ) -> Outcome:
        """Return what becomes of a delivery; `chance` is of [0, 1).

        A receiver that fails as a whole rests: nothing else is sent to it meanwhile. One that says
        that this very request is wrong gets the others.
        """
        attempt = delivery.attempt + 1
        if not sent.wrong:
            self.failures, self.rests_until = 0, 0.0
            return Outcome(delivery, State.DELIVERED, attempt, now, sent.status, "", now)
        wrong = sent.wrong[:ERROR_MAX]
        made = Outcome(delivery, State.OPEN, attempt, now, sent.status, wrong, now)
        wait = wait_seconds(patience, attempt, chance)
        if not is_refusal(sent.status):
            self.failures += 1
            wait = wait_seconds(patience, self.failures, chance)
            wait = max(wait, retry_after(sent.retry_after, patience) or 0.0)
            self.rests_until = now + wait
        age = now - delivery.created_at
        if is_over(patience, attempts=attempt, age_seconds=age, status=sent.status):
            return replace(made, state=State.FAILED)
        return replace(made, next_at=now + wait)
