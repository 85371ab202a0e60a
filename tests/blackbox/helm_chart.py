"""Runs inside Helm's own environment: `python helm_chart.py FILE`.

FILE holds a JSON object: chart (a directory), kubernetes (versions), cases (name to values). Prints
a JSON object with what lint says, and of each case its objects, or why there are none. Each object
is held against the schemas of those versions of Kubernetes, unknown fields included.
"""

import json
import sys
from pathlib import Path
from typing import Any

# They are not in the project's own environment.
import helm_python as helm  # type: ignore[import-not-found, unused-ignore]
import kubernetes_validate  # type: ignore[import-not-found, unused-ignore]
import yaml  # type: ignore[import-untyped, unused-ignore]


def _rendered(chart: Any, values: dict[str, Any], versions: list[str]) -> dict[str, Any]:
    try:
        texts = chart.render(values, name="hub", namespace="registry")
    except helm.HelmError as error:
        return {"refused": str(error)}
    files = {path: text for path, text in texts.items() if path.endswith(".yaml")}
    found = [one for text in files.values() for one in yaml.safe_load_all(text) if one]
    notes = next(text for path, text in texts.items() if path.endswith("NOTES.txt"))
    return {"objects": found, "notes": notes, "invalid": [*_invalid(found, versions)]}


def _invalid(objects: list[dict[str, Any]], versions: list[str]) -> Any:
    for version in versions:
        for one in objects:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{version}: no schema of {one['apiVersion']} {one['kind']}"
            except kubernetes_validate.ValidationError as error:
                yield f"{version}: {one['kind']} {error.path}: {error.message}"


def _main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text())
    chart = helm.Chart.load(given["chart"])
    said = {
        "lint": {
            name: helm.lint(given["chart"], values, strict=True)
            for name, values in given["cases"].items()
        },
        "cases": {
            name: _rendered(chart, values, given["kubernetes"])
            for name, values in given["cases"].items()
        },
        "metadata": chart.metadata,
    }
    json.dump(said, sys.stdout)


_main()
