"""A receiver of webhooks killed and restarted again and again, while events come.

    python -m tools.hooks --events 10000 --restarts 50 --server-kills 3

A real server tells the sample receiver (`examples/webhook_receiver.py`) of tags that are moved in
some repositories. The receiver is killed (SIGKILL) and started again all the while, the server now
and then, too; forged, changed and recorded requests are sent beside. At the end each event must
have been taken at least once, in order for each repository, and nothing that was forged.
"""

import argparse
import sys

from .campaign import run


def main() -> None:
    """Run a campaign and print its figures; exit status 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--server-kills", type=int, default=0)
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    found = run(**vars(parser.parse_args()))
    sys.stdout.write(f"{found}\n")
    for line in found.wrong:
        sys.stdout.write(f"WRONG: {line}\n")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
