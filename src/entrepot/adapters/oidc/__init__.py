"""A client of OpenID providers and of issuers of workload tokens.

Only `late` is light. `provider` brings aiohttp, 0.3 s and 12 MiB: import it where it is configured.
"""

from .late import LateIssuers
from .site import Site

__all__ = ["LateIssuers", "Site"]
