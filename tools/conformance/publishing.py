"""The results that `entrepot conformance` shows."""

import json
from pathlib import Path

from tools.conformance.running import Result

FOLDER = Path(__file__).parents[2] / "src/entrepot/faces/cli"
RESULTS = FOLDER / "conformance.yaml"
SUMMARY = FOLDER / "conformance.json"


def publish(newest: Result, classic: Result) -> None:
    """Write both files."""
    RESULTS.write_text(newest.yaml)
    SUMMARY.write_text(summary([newest, classic]))


def summary(results: list[Result]) -> str:
    """Return the text of `conformance.json`."""
    return json.dumps([result.published() for result in results], indent=2) + "\n"


def verdicts(yaml: str) -> str:
    """Return the part of a `results.yaml` that depends on nothing but the registry's answers."""
    return yaml[yaml.index("\napis:\n") :]
