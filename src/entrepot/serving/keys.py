"""The look after signing keys, beside what is served."""

import contextlib

from entrepot.adapters.logging import Log
from entrepot.wiring.outside import Outside

from .beside import start_beside


def watch_keys(
    outside: Outside, log: Log, stack: contextlib.AsyncExitStack, *, leads: bool
) -> None:
    """Take over what other processes changed, until `stack` is left.

    The one that `leads` also makes the next key when it is due.
    """
    keys = outside.keys
    if keys is not None:
        start_beside("signing keys", lambda: keys.run(log, leads=leads), log, stack)
