"""`python -m tools.tidy`: prints each broken habit, and fails when there is one."""

import sys
from pathlib import Path

from tools.tidy.run import check

found = check(Path(__file__).parents[2])
for finding in found:
    print(finding)
sys.exit(bool(found))
