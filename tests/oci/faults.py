"""The one way that the language says no."""

from collections.abc import Callable
from typing import TypeVar

from entrepot.oci.errors import Code, Fault

T = TypeVar("T")


def fault_of(call: Callable[[], object]) -> Fault | None:
    """Return the fault that `call` raises, or None; any other exception passes."""
    try:
        call()
    except Fault as fault:
        return fault
    return None


def code_of(call: Callable[[], object]) -> Code | None:
    fault = fault_of(call)
    return fault.code if fault else None


def value_of(call: Callable[[], T]) -> T | None:
    """Return what `call` returns, or None if it raises a fault."""
    try:
        return call()
    except Fault:
        return None
