"""Planted faults: a state machine that no longer finds them has gone blind."""

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from entrepot.adapters.catalog.blobs import SqlBlobs
from entrepot.adapters.catalog.outbox import SqlOutbox
from entrepot.rules import trash as trash_rules
from entrepot.rules.admission import Facts
from entrepot.rules.trash import Restored
from entrepot.services import deletion, holding, push, uploads
from entrepot.services.uploads import UploadService
from tests.stateful.test_registry import RegistryMachine

# The same sequences each time, and no search for the shortest.
SETTINGS = settings(
    max_examples=100,
    stateful_step_count=25,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
)


async def forget(*_: Any) -> bool:
    return True


async def nothing(*_: Any) -> list[Any]:
    return []


def without_documents(blobs: Any, children: Any, *_: Any) -> Facts:
    return Facts(blobs, children)


FAULTS = {
    "a pushed blob is not linked": (SqlBlobs, "link", forget),
    "a deleted blob stays linked": (SqlBlobs, "unlink", forget),
    "a manifest that is a layer is not linked": (holding, "Facts", without_documents),
    "a change without an event": (SqlOutbox, "append", forget),
    "bytes of no session are not swept": (UploadService, "sweep", forget),
    "any chunk is taken": (uploads, "check_chunk", lambda *_: None),
    "any manifest is taken": (push, "decide", lambda *_: None),
    "the trash holds nothing": (deletion, "_held", nothing),
    "a restore gives no tag back": (
        trash_rules,
        "restore",
        lambda *_: Restored(free=(), kept=(), there=()),
    ),
}


def test_without_a_fault_nothing_is_found() -> None:
    run_state_machine_as_test(RegistryMachine, settings=SETTINGS)


@pytest.mark.parametrize("owner, name, fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, fault: object
) -> None:
    monkeypatch.setattr(owner, name, fault)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(RegistryMachine, settings=SETTINGS)
