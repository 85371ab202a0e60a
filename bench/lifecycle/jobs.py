"""Jobs of the server that is measured, started and followed on its control socket."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from entrepot.faces.cli.client import Client

ROOT = "/api/entrepot/v1"
OPEN = ("ready", "running")
PLACES = ("generation", "link_repository_id")
"""How far a job is; no count of what it did."""


class JobError(Exception):
    """A job failed; the message is its own."""


@dataclass(slots=True)
class Jobs:
    """Jobs that were started together; `states` as they were looked at last."""

    client: Client
    states: dict[int, dict[str, Any]]

    @classmethod
    def start(cls, data: Path, paths: list[str]) -> "Jobs":
        """Start a job with a POST to each path. Raises `CommandError`."""
        client = Client.at_socket(data)
        begun = [client.call("POST", f"{ROOT}{path}", {}) for path in paths]
        return cls(client, {job["id"]: job for job in begun})

    def going(self) -> bool:
        """Look at those that have not ended; False when all have. Raises `JobError`."""
        for number, job in self.states.items():
            if job["state"] in OPEN:
                self.states[number] = self.client.call("GET", f"{ROOT}/jobs/{number}")
            if self.states[number]["state"] in ("failed", "cancelled"):
                raise JobError(f"job {number} ({job['kind']}): {self.states[number]['error']}")
        return any(job["state"] in OPEN for job in self.states.values())

    def facts(self) -> dict[str, Any]:
        """Return how long all took, and the sums of what their progress counts."""
        sums: dict[str, float] = {}
        for job in self.states.values():
            for name, value in job["progress"].items():
                if type(value) is int and name not in PLACES:
                    sums[name] = sums.get(name, 0) + value
        begun = min(_seconds(job["started_at"]) for job in self.states.values())
        ended = max(_seconds(job["ended_at"]) for job in self.states.values())
        return {"jobs": len(self.states), "seconds": ended - begun, **sums}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
