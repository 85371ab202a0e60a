"""Running the suites against a registry, and reading what they found."""

import html
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.conformance.sample import Sample
from tools.conformance.suites import CLASSIC, NEWEST, Suite, build
from tools.conformance.target import Target

RUN_SECONDS = 240
TAIL_CHARACTERS = 6000
RESULTS = Path("results") / "results.yaml"

_COUNT = re.compile(r"^  (Pass|FAIL|Error|Skip|Disabled|Total)\.+: +(\d+)$", re.MULTILINE)
_LINE = re.compile(r"^ *(OCI Conformance Test/.*): (FAIL|Error|Skip|Disabled)$", re.MULTILINE)
_CASE = re.compile(r'<testcase name="(OCI [^"]*)"[^>]* status="(\w+)"')

CLASSIC_ENVIRONMENT = {
    "OCI_TEST_PULL": "1",
    "OCI_TEST_PUSH": "1",
    "OCI_TEST_CONTENT_DISCOVERY": "1",
    "OCI_TEST_CONTENT_MANAGEMENT": "1",
    # Mounts without `from`, which make one spec for those who have none meaningless.
    "OCI_AUTOMATIC_CROSSMOUNT": "1",
}
NEWEST_TITLE = "OCI Conformance Test/"
CLASSIC_TITLE = "OCI Distribution Conformance Tests "
"""What the names of tests begin with."""
FURNISHED_SPECS = r"Pull|listing tags|\(no push\)"
"""What the classic suite can do with content it did not push itself."""


class DidNotRunError(Exception):
    """The suite did not come to its end; the message holds what it printed."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one suite found, in its own numbers, and the names of what did not pass."""

    suite: Suite
    passed: int
    skipped: int
    failed: int
    skipped_names: tuple[str, ...]
    failed_names: tuple[str, ...]
    output: str
    """All that it printed, for people."""
    yaml: str = ""
    """The suite's own `results.yaml`; the classic one writes none."""

    def published(self) -> dict[str, Any]:
        """Return what `entrepot conformance --summary` shows."""
        return {
            "suite": self.suite.name,
            "specification": self.suite.specification,
            "commit": self.suite.commit,
            "passed": self.passed,
            "skipped": self.skipped,
            "failed": self.failed,
            "skipped_names": [*self.skipped_names],
        }


def run_newest(target: Target, folder: Path) -> Result:
    """Run the newest suite with every option on; its files go into `folder`."""
    given = {
        "OCI_REGISTRY": target.host,
        "OCI_TLS": "disabled",
        "OCI_VERSION": "dev",
        "OCI_DATA_SPARSE": "true",
        "OCI_USERNAME": target.username,
        "OCI_PASSWORD": target.password,
        # A token that it keeps from another push does not name the source of a mount.
        "OCI_CACHE_AUTH": "false" if target.username else "true",
    }
    output = _run([build(NEWEST)], given, folder)
    found = _LINE.findall(output)
    counts = {name: int(number) for name, number in _COUNT.findall(output)}
    text = (folder / RESULTS).read_text() if (folder / RESULTS).exists() else ""
    if not text or not counts.get("Total"):
        raise DidNotRunError(output[-TAIL_CHARACTERS:])
    return Result(
        suite=NEWEST,
        passed=counts["Pass"],
        skipped=counts["Skip"] + counts["Disabled"],
        # Whatever else it counts is no pass.
        failed=counts["Total"] - counts["Pass"] - counts["Skip"] - counts["Disabled"],
        skipped_names=leaves(name for name, status in found if status in ("Skip", "Disabled")),
        failed_names=leaves(name for name, status in found if status in ("FAIL", "Error")),
        output=output,
        yaml=text,
    )


def run_classic(target: Target, folder: Path) -> Result:
    """Run the classic suite; its files go into `folder`.

    Two of its specs are for a registry whose content is there before: so it runs a second time with
    those, against an image of our own. Skipped is what neither run could do.
    """
    given = {
        "OCI_ROOT_URL": f"http://{target.host}",
        "OCI_NAMESPACE": "conformance/classic",
        "OCI_CROSSMOUNT_NAMESPACE": "conformance/mounted",
        "OCI_USERNAME": target.username,
        "OCI_PASSWORD": target.password,
        **CLASSIC_ENVIRONMENT,
    }
    program = build(CLASSIC)
    command: list[str | Path] = [program, "-ginkgo.no-color"]
    output, whole = _run_classic(command, given, folder / "whole")
    sample = Sample("conformance/furnished")
    sample.push(target)
    furnished = {
        **given,
        "OCI_NAMESPACE": sample.repository,
        "OCI_TAG_NAME": sample.tags[0],
        "OCI_TAG_LIST": ",".join(sample.tags),
        "OCI_MANIFEST_DIGEST": sample.digest,
        "OCI_BLOB_DIGEST": sample.blob_digest,
    }
    command += ["-ginkgo.focus", FURNISHED_SPECS]
    more, part = _run_classic(command, furnished, folder / "furnished")
    runs = (*whole.items(), *part.items())
    failed = {name for name, status in runs if status not in ("passed", "skipped")}
    passed = {name for name, status in runs if status == "passed"} - failed
    skipped = tuple(name for name in whole if name not in passed | failed)
    return Result(
        suite=CLASSIC,
        passed=len(passed),
        skipped=len(skipped),
        failed=len(failed),
        skipped_names=skipped,
        failed_names=tuple(sorted(failed)),
        output=f"{output}\n{more}",
    )


def _run_classic(
    command: list[str | Path], given: dict[str, str], folder: Path
) -> tuple[str, dict[str, str]]:
    """Return what was printed, and the status of each spec."""
    folder.mkdir(parents=True)
    output = _run(command, {**given, "OCI_REPORT_DIR": str(folder)}, folder)
    report = folder / "junit.xml"
    text = report.read_text() if report.exists() else ""
    seen: Counter[str] = Counter()
    cases: dict[str, str] = {}
    for name, status in _CASE.findall(text):
        # Some specs have one name; each run lists all of them, in one order.
        seen[name] += 1
        number = f" ({seen[name]})" if seen[name] > 1 else ""
        cases[html.unescape(name).removeprefix(CLASSIC_TITLE) + number] = status
    if not cases:
        raise DidNotRunError(output[-TAIL_CHARACTERS:])
    return output, cases


def leaves(names: Iterable[str]) -> tuple[str, ...]:
    """Return the tests themselves, without the groups that hold them."""
    listed = [name.removeprefix(NEWEST_TITLE) for name in names]
    return tuple(
        name for name in listed if not any(other.startswith(f"{name}/") for other in listed)
    )


def _run(command: list[str | Path], given: dict[str, str], folder: Path) -> str:
    """Return what a suite printed; a failure is no error, as the report tells of it."""
    # What this shell has of the suites' own variables is not meant.
    env = {name: value for name, value in os.environ.items() if not name.startswith("OCI_")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**env, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return done.stdout
