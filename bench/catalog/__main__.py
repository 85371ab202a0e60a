"""How many write transactions a catalog takes: embedded, or of 1 to 3 replicas.

    python -m bench.catalog [--seconds 5] [--clients 16] [--delay-ms 0.5]

PostgreSQL is started here, with fsync on. Each replica is a process with so many clients, and each
transaction writes what the push of a manifest does. With a delay each round trip to the server
takes so much longer, as between two zones.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.blackbox.processes import Workspace
from tests.servers.postgres import programs, start_postgres

from .load import Rate, delayed, run


def main() -> None:
    """Measure, and print a line of JSON for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--replicas", type=int, nargs="*", default=[1, 2, 3])
    given = parser.parse_args()
    with TemporaryDirectory() as folder, Workspace() as workspace:
        if not given.delay_ms:
            place = str(Path(folder) / "catalog.db")
            _show(run("embedded", place, 1, given.clients, given.seconds))
        found = programs()
        if found is None:
            raise SystemExit("PostgreSQL is not installed")
        server = start_postgres(workspace, found, durable=True)
        try:
            with delayed(server.port, given.delay_ms) as port:
                for replicas in given.replicas:
                    url = server.url(server.create_database(), port=port)
                    _show(run("postgresql", url, replicas, given.clients, given.seconds))
        finally:
            server.stop()


def _show(rate: Rate) -> None:
    print(json.dumps({name: getattr(rate, name) for name in Rate.__dataclass_fields__}), flush=True)


if __name__ == "__main__":
    main()
