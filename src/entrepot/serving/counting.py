"""What is counted in memory and written later: pulls, last uses of secrets."""

import asyncio
import contextlib

from entrepot.adapters.logging import Log
from entrepot.wiring import House


def start_counting(house: House, log: Log, stack: contextlib.AsyncExitStack) -> None:
    """Write it again and again until `stack` is left, and then a last time."""
    pulls, uses = house.registry.pulls, house.gate.authenticator
    for last in (pulls.flush, uses.flush):
        stack.push_async_callback(last)
    for task in (pulls.run(log), uses.run(log)):
        stack.callback(asyncio.ensure_future(task).cancel)
