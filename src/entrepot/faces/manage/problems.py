"""Problem details (RFC 9457), as the management API answers what it refuses."""

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault

PROBLEM = "application/problem+json"
RETRY_SECONDS = 1
"""What Retry-After says with 429 and 503."""
BASIC = 'Basic realm="Entrepot"'
SESSION = 'Session realm="Entrepot"'
"""For WWW-Authenticate: with Basic in it, browsers would ask for a password by themselves."""

_STATUS = {
    Code.CONFLICT: 409,
    Code.DENIED: 403,
    Code.KEY_REUSED: 422,
    Code.MANIFEST_TOO_BIG: 413,
    Code.MANIFEST_UNKNOWN: 404,
    Code.NAME_INVALID: 400,
    Code.NAME_UNKNOWN: 404,
    Code.NOT_FOUND: 404,
    Code.PRECONDITION: 412,
    Code.REQUEST_INVALID: 400,
    Code.TAG_INVALID: 400,
    Code.DIGEST_INVALID: 400,
    Code.TOOMANYREQUESTS: 429,
    Code.UNAUTHORIZED: 401,
    Code.UNAVAILABLE: 503,
    Code.UNSUPPORTED: 405,
}


class Problem(msgspec.Struct, kw_only=True):
    """What is wrong: `title` is a word for programs, `detail` the cause and the cure for people."""

    status: int
    title: str
    detail: str


def problem(fault: Fault, challenge: str = BASIC) -> Response:
    """Return a fault as problem details; `challenge` is how to log in (RFC 9110 section 11.6.1)."""
    status = _STATUS.get(fault.code, 500)
    body = Problem(status=status, title=fault.code.value, detail=fault.message)
    response = json_response(status, body, PROBLEM)
    if status == 401:
        response.set("WWW-Authenticate", challenge)
    if status in (429, 503):
        response.set("Retry-After", str(RETRY_SECONDS))
    return response
