"""Declared configuration: the present state as items, and steps that are done."""

from .doers import Doer, Doers
from .service import DeclaringService, Outcome, Plan
from .state import Scope

__all__ = ["DeclaringService", "Doer", "Doers", "Outcome", "Plan", "Scope"]
