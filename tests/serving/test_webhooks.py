"""Deliveries beside what is served: begun and ended with the server."""

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from entrepot.adapters.system import SystemClock
from entrepot.serving.webhooks import start_webhooks
from entrepot.settings import Settings
from entrepot.settings.model import Webhooks
from entrepot.wiring.outside import Outside
from tests.faces.manage.doors import open_doors
from tests.services.hooks import Silence

HERE = cast("Outside", SimpleNamespace(storage=None, clock=SystemClock()))
ENDPOINTS = Settings(webhooks=Webhooks(endpoints=("ci http://127.0.0.1:9/hook",)))


async def test_what_the_settings_name_is_there_once_it_runs() -> None:
    async with open_doors(ENDPOINTS) as doors, contextlib.AsyncExitStack() as stack:
        telling = doors.house.telling
        assert telling is not None
        start_webhooks(ENDPOINTS, HERE, doors.house, Silence(), stack)
        while not (found := await telling.webhooks.page("", 0, 10)):
            await asyncio.sleep(0)
        assert [view.row.name for view in found] == ["settings.ci"]


async def test_without_a_sealer_nothing_is_sent() -> None:
    async with open_doors() as doors, contextlib.AsyncExitStack() as stack:
        house = replace(doors.house, telling=None)
        start_webhooks(Settings(), HERE, house, Silence(), stack)
        house.end_streams()
