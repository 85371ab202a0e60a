"""What was refused, told to the audit log by whoever answers."""

import binascii
import re
from base64 import b64decode

from entrepot.oci.errors import Code, Fault
from entrepot.services.auditing import Act
from entrepot.services.audittrail import AuditTrail
from entrepot.services.context import Caller

from .asgi import Request

LOGIN = "login"
"""The operation of a refusal that is about who asks, not about what."""
REASON_MAX = 300
BASIC_MAX = 1024
"""Characters of credentials in which a name is looked for."""

# Whatever else is typed where the name belongs may be the password.
_NAME = re.compile(r"[a-z0-9][a-z0-9._+$@-]{0,63}")


def note_refusal(
    trail: AuditTrail | None,
    request: Request,
    fault: Fault,
    *,
    operation: str,
    resource: str = "",
    project: str = "",
    sent: bool = False,
) -> None:
    """Take note of an answer 401 to credentials, or 403.

    401 without credentials is how clients are asked for them, and no attempt. They are looked for
    in the header and the client's certificate, unless it is known that they were `sent`.
    """
    if trail is None:
        return
    if fault.code is Code.UNAUTHORIZED:
        has_shown = request.header(b"authorization") is not None or request.certificate is not None
        if not sent and not has_shown:
            return
        operation = operation if request.known else LOGIN
    elif fault.code is not Code.DENIED:
        return
    caller = Caller(
        request.actor if request.known else _plausible(request.actor or _claimed(request)),
        request.client_program,
        request.client_address,
    )
    detail = {"code": fault.code.value, "reason": fault.message[:REASON_MAX]}
    trail.denied(caller, Act(operation, resource, project, detail))


def _claimed(request: Request) -> str:
    """Return the name that Basic credentials (RFC 7617 section 2) or a certificate claim, or ""."""
    if request.header(b"authorization") is None:
        return request.certificate.name if request.certificate is not None else ""
    scheme, _, credentials = (request.header(b"authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        text = b64decode(credentials.strip()[: BASIC_MAX // 4 * 4] + "==").decode()
    except (binascii.Error, ValueError):
        return ""
    name, colon, _ = text.partition(":")
    return name if colon else ""


def _plausible(name: str) -> str:
    return name if _NAME.fullmatch(name) else ""
