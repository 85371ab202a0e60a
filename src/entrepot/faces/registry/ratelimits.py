"""Pull rate limits on the wire, with the header fields of Docker Hub."""

from urllib.parse import quote

from entrepot.faces.asgi import Response
from entrepot.services.ratelimiting import Allowance

from .call import Call
from .errors import error_response

_SOURCE_SAFE = "!#$&'()*+,-./:;=?@[]_~"


def pull_allowance(call: Call) -> Allowance | None:
    """Count a GET of a manifest, and return what is allowed; HEAD is not counted.

    Each manifest counts, so an image of an index twice, as at Docker Hub; blobs do not.
    """
    counts = call.request.method == "GET"
    return call.services.rates.pull(call.identity.name, call.request.client_address, counts=counts)


def refused_pull(call: Call, allowance: Allowance | None) -> Response | None:
    """Return the answer where a limit is reached; HEAD passes, to show where one stands."""
    if allowance is None or allowance.standing.allowed or call.request.method != "GET":
        return None
    response = error_response(call.services.rates.refusal(allowance))
    add_limits(response, allowance)
    return response


def add_limits(response: Response, allowance: Allowance | None) -> None:
    """Say what the limit is, what is left of it, and who is counted."""
    if allowance is None:
        return
    window = f"w={allowance.rate.window_seconds}"
    response.set("RateLimit-Limit", f"{allowance.rate.count};{window}")
    response.set("RateLimit-Remaining", f"{allowance.standing.remaining};{window}")
    # Names of other identity providers may have any characters.
    response.set("Docker-RateLimit-Source", quote(allowance.source, safe=_SOURCE_SAFE))
