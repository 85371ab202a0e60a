"""What is counted in memory and written later: pulls, last uses of secrets."""

import asyncio
import contextlib

from entrepot.adapters.logging import Log
from entrepot.wiring import House


def start_counting(house: House, log: Log, stack: contextlib.AsyncExitStack) -> None:
    """Write it again and again until `stack` is left, and then a last time."""
    pulls, uses = house.registry.pulls, house.gate.authenticator
    lasts, tasks = [pulls.flush, uses.flush], [pulls.run(log), uses.run(log)]
    if house.notices is not None:
        lasts.append(house.notices.flush)
        tasks.append(house.notices.run(log))
    for last in lasts:
        stack.push_async_callback(last)
    for task in tasks:
        stack.callback(asyncio.ensure_future(task).cancel)
