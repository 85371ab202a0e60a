"""The short way says what the long way says, whatever is asked, and however."""

import os
import random
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from tests.fuzz.twins import Twins, ask, block, open_twins, volley
from tools.fuzz.client import Client

ROUNDS = int(os.environ.get("ENTREPOT_FUZZ_ROUNDS", "600"))
SEED = int(os.environ.get("ENTREPOT_FUZZ_SEED", "5"))
BLOCKS = 24
ROUNDS_OF_A_CONNECTION = 12


@pytest.mark.timeout(0 if "ENTREPOT_FUZZ_ROUNDS" in os.environ else 60)
async def test_both_ways_give_the_same_answers() -> None:
    chance = random.Random(SEED)
    statuses: Counter[object] = Counter()
    async with open_twins() as twins:
        blocks = [block(chance, twins) for _ in range(BLOCKS)]
        for _ in range(ROUNDS // 4):
            if chance.random() < 0.2:
                blocks[chance.randrange(BLOCKS)] = block(chance, twins)
            await _connection(twins, chance, blocks, statuses)
        assert twins.log.failures == []
        assert Counter(twins.briefs).keys() == {200, 202}
        assert len(twins.briefs) > ROUNDS / 20

    assert statuses[200] > 0
    assert statuses[401] > 0
    assert statuses[404] > 0


async def _connection(
    twins: Twins, chance: random.Random, blocks: list[bytes], statuses: Counter[object]
) -> None:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client.connect(port))
            for port in (twins.short_port, twins.long_port)
        ]
        for _ in range(ROUNDS_OF_A_CONNECTION):
            if chance.random() < 0.1:
                await twins.move_tag(chance.choice(("v1", "v2")), b"%d" % chance.randrange(5))
            if chance.random() < 0.05:
                await twins.registry.request("DELETE", "/v2/fuzz/app/manifests/gone")
            requests = volley(chance, twins, blocks)
            data = b"".join(request.raw for request in requests)
            cut = chance.randrange(len(data)) if chance.random() < 0.2 else len(data)
            methods = [request.method for request in requests]
            short, long = [
                await ask(client, [data[:cut], data[cut:]], methods) for client in clients
            ]
            assert short == long, f"after {data!r}"
            statuses.update(seen[0] if isinstance(seen, tuple) else seen for seen in short)
            if any(isinstance(seen, str) or "close" in str(seen[1]) for seen in short):
                return
