"""For all tests: how much Hypothesis tries, and no network but loopback."""

import os
import re
import sys

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# Before anything of Entrepot is imported: tests compare what it tells in English.
os.environ["ENTREPOT_LANG"] = "en"

# The time of one example says more about the machine than about the code; pytest-timeout bounds it.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, print_blob=True)
settings.register_profile("nightly", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))

_LOOPBACK = ("127.", "::1", "localhost")
_NUMBERS = re.compile(r"[0-9.]+|[0-9a-fA-F:.%]+")


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    """Stop this process (not the real clients that it starts) from leaving the machine."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = str(args[1][0])
    elif event == "socket.getaddrinfo" and args[0]:
        host = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
        if _NUMBERS.fullmatch(host):
            return  # nobody is asked what a number means
    else:
        return
    if not host.startswith(_LOOPBACK) and host not in ("0.0.0.0", "::"):  # noqa: S104
        raise RuntimeError(f"a test must not leave the machine, but wants {host}")


sys.addaudithook(_refuse_network)
