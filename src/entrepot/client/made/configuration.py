"""What is served of configuration.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from entrepot.client.transport import Transport


class Configuration(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What there shall be; `docs/configuration.md` tells of the document."""

    document: dict[str, Any] | None
    prune: bool = False
    fingerprint: str = ""


class DoneSteps(msgspec.Struct, kw_only=True):
    """What was done; `failed` is the step that was not, and none after it was tried."""

    done: list[PlannedStep]
    failed: PlannedStep | None
    error: str


class FieldChange(msgspec.Struct, kw_only=True):
    """A field that becomes another; `before` is null where there was none."""

    field: str
    before: Any
    after: Any


class PlanOfSteps(msgspec.Struct, kw_only=True):
    """Steps in the order in which they are done."""

    steps: list[PlannedStep]
    fingerprint: str


class PlannedStep(msgspec.Struct, kw_only=True):
    """One thing to do; `place` is where the document says so, empty for what is pruned."""

    verb: str
    kind: str
    project: str
    name: str
    place: str
    changes: list[FieldChange]


class ConfigurationApi:
    """What is served of configuration; all raise `errors.ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def apply_configuration(self, body: Configuration, *, key: str | None = None) -> DoneSteps:
        """Apply a configuration.

        Steps are done one by one, as far as the caller may; the first that fails ends it.
        """
        found: DoneSteps = self._transport.typed(
            "POST",
            "/configuration/apply",
            {200: DoneSteps},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found

    def export_configuration(self, *, project: str | None = None) -> dict[str, Any]:
        """Export the configuration."""
        found: dict[str, Any] = self._transport.typed(
            "GET", "/configuration", {200: dict[str, Any]}, query={"project": project}
        )
        return found

    def plan_configuration(self, body: Configuration, *, key: str | None = None) -> PlanOfSteps:
        """Plan a configuration."""
        found: PlanOfSteps = self._transport.typed(
            "POST",
            "/configuration/plan",
            {200: PlanOfSteps},
            body=body,
            headers={"Idempotency-Key": key},
        )
        return found
