"""From faults to HTTP: the one table of status codes."""

import math

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault

STATUS: dict[Code, int] = {
    Code.BLOB_UNKNOWN: 404,
    Code.BLOB_UPLOAD_INVALID: 400,
    Code.BLOB_UPLOAD_UNKNOWN: 404,
    Code.CONFLICT: 409,
    Code.DENIED: 403,
    Code.DIGEST_INVALID: 400,
    Code.KEY_REUSED: 422,
    Code.MANIFEST_BLOB_UNKNOWN: 400,
    Code.MANIFEST_INVALID: 400,
    Code.MANIFEST_TOO_BIG: 413,
    Code.MANIFEST_UNKNOWN: 404,
    Code.NAME_INVALID: 400,
    Code.NAME_UNKNOWN: 404,
    Code.NOT_FOUND: 404,
    Code.PAGINATION_NUMBER_INVALID: 400,
    Code.PRECONDITION: 412,
    Code.RANGE_INVALID: 416,
    Code.REQUEST_INVALID: 400,
    Code.REQUEST_TIMEOUT: 408,
    Code.SIZE_INVALID: 400,
    Code.TAG_INVALID: 400,
    Code.TAGS_TOO_MANY: 414,
    Code.TOOMANYREQUESTS: 429,
    Code.UNAUTHORIZED: 401,
    Code.UNAVAILABLE: 503,
    Code.UNKNOWN: 500,
    Code.UNSUPPORTED: 405,
}

RETRY_SECONDS = 1
"""What Retry-After says with 429 and 503 where the fault does not know."""


def error_response(fault: Fault) -> Response:
    """Return the error body of the specification for a fault, without a challenge."""
    status = STATUS[fault.code]
    entry = {"code": fault.code.value, "message": fault.message, "detail": fault.detail}
    response = json_response(status, {"errors": [entry]})
    if status in (429, 503):
        response.set("Retry-After", str(_wait_seconds(fault)))
    return response


def _wait_seconds(fault: Fault) -> int:
    """Return how long to wait, in whole seconds (RFC 9110 section 10.2.3)."""
    detail = fault.detail if isinstance(fault.detail, dict) else {}
    return max(RETRY_SECONDS, math.ceil(float(detail.get("seconds", 0))))
