"""Requests to addresses that others have named."""

from .late import LatePoster

__all__ = ["LatePoster"]
