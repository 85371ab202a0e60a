"""Contract fuzz: what is not as the description says, for all sorts of callers."""

import asyncio
from collections.abc import Iterator

import pytest
from schemathesis import GenerationMode

from tests.faces.manage.fuzzed import FACES, VISITORS, open_api
from tests.faces.manage.fuzzing import Fuzz, unknown_methods

EXAMPLES = 2
"""Of each operation, as each caller, of what fits its description and of what does not."""


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("face", FACES)
def test_every_answer_is_as_described(runner: asyncio.Runner, face: str, visitor: str) -> None:
    with open_api(runner, face) as api:
        fuzz = Fuzz(api, runner)
        fuzz.campaign(visitor, EXAMPLES)
    # Not only refusals.
    assert any(status < 300 for status in fuzz.seen), fuzz.seen


def test_what_is_not_as_described_is_found(runner: asyncio.Runner) -> None:
    with open_api(runner, "v1") as v1:
        project = v1.document["components"]["schemas"]["Project"]
        project["properties"]["created_by"] = {"type": "integer"}
        fuzz = Fuzz(v1, runner)
        (listing,) = [one for one in fuzz.operations if one.label == "GET /projects"]
        with pytest.raises(AssertionError, match="integer"):
            fuzz.operation(listing, GenerationMode.POSITIVE, "admin", 5, 0)


@pytest.mark.parametrize("face", FACES)
def test_unknown_methods(runner: asyncio.Runner, face: str) -> None:
    with open_api(runner, face) as api:
        assert runner.run(unknown_methods(api, "admin")) == []
