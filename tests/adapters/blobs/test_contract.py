"""The contract suite, on every adapter."""

import importlib

import pytest

from tests.adapters.blobs.adapters import adapter_names
from tests.adapters.blobs.contract import keeping, reading, resuming, uploading


class TestUploading(uploading.Uploading): ...


class TestResuming(resuming.Resuming): ...


class TestReading(reading.Reading): ...


class TestKeeping(keeping.Keeping): ...


def test_there_are_adapters() -> None:
    assert {"fs", "memory"} <= set(adapter_names())


@pytest.mark.parametrize("name", adapter_names())
def test_an_adapter_can_be_opened(name: str) -> None:
    module = importlib.import_module(f"entrepot.adapters.blobs.{name.partition('-')[0]}")
    assert callable(getattr(module, "open_store", None)), f"{name} has no open_store"
