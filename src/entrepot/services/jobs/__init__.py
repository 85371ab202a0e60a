"""Durable jobs: who enqueues and who runs them, and what handlers are given."""

from .attempts import RunnerLimits
from .run import Cancelled, Handler, LeaseLost, Pace, Run
from .runner import Runner
from .service import JobService, ScheduleSpec

__all__ = [
    "Cancelled",
    "Handler",
    "JobService",
    "LeaseLost",
    "Pace",
    "Run",
    "Runner",
    "RunnerLimits",
    "ScheduleSpec",
]
