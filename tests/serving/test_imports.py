"""What the server does not load until it is needed."""

import subprocess
import sys

LATE = {
    "aiobotocore",
    "aiohttp",
    "alembic",
    "asyncpg",
    "babel",
    "botocore",
    "ldap3",
    "markdown_it",
    "nh3",
    "obstore",
    "sqlalchemy",
    "yaml",
}


def test_serving_loads_nothing_that_few_need() -> None:
    program = f"import sys, entrepot.serving; print(*({LATE!r} & sys.modules.keys()))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == []
