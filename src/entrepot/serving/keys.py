"""The look after signing keys, beside what is served."""

import asyncio
import contextlib

from entrepot.adapters.logging import Log
from entrepot.wiring.outside import Outside


def watch_keys(
    outside: Outside, log: Log, stack: contextlib.AsyncExitStack, *, leads: bool
) -> None:
    """Take over what other processes changed, until `stack` is left.

    The one that `leads` also makes the next key when it is due.
    """
    if outside.keys is not None:
        watching = asyncio.ensure_future(outside.keys.run(log, leads=leads))
        stack.callback(watching.cancel)
