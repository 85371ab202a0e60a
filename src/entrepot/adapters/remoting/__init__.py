"""Other registries, as a client of theirs."""

from .late import LateRegistry

__all__ = ["LateRegistry"]
