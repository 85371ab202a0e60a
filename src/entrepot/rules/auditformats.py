"""Audit lines as others read them: JSONL, CloudEvents 1.0, syslog (RFC 5424)."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from entrepot.oci.json import encode
from entrepot.rules.audit import DONE, FAILED, AuditLine

SOURCE_DEFAULT = "entrepot"
TYPE_PREFIX = "io.entrepot.audit."
FACILITY = 13
"""Log audit (RFC 5424 section 6.2.1)."""
NOTICE, WARNING, ERROR = 5, 4, 3
SD_ID = "audit@32473"
"""The enterprise number that RFC 5612 keeps for documentation: the product has none of its own."""
PARAM_MAX_BYTES = 512
HOSTNAME_MAX = 255
MESSAGE_ID_MAX = 32
_BOM = "\N{BYTE ORDER MARK}"


class AuditFormat(StrEnum):
    """What an export can be written as."""

    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"
    SYSLOG = "syslog"


Render = Callable[[AuditLine, str], bytes]
"""Returns a line, with its end, as the registry of that name says it."""


def fields(line: AuditLine) -> dict[str, Any]:
    """Return a line as a JSON object's fields."""
    return {
        "id": line.id,
        "at": moment(line.at),
        "actor": line.actor,
        "address": line.address,
        "client": line.client,
        "operation": line.operation,
        "project": line.project,
        "resource": line.resource,
        "result": line.result,
        "detail": msgspec.Raw(line.detail.encode() or b"{}"),
    }


def jsonl(line: AuditLine, _source: str = SOURCE_DEFAULT) -> bytes:
    """Return one JSON object."""
    return encode(fields(line)) + b"\n"


def cloudevent(line: AuditLine, source: str = SOURCE_DEFAULT) -> bytes:
    """Return an event in the JSON format of CloudEvents 1.0, for batches line by line.

    `id` is the line's, so that whoever gets it twice can tell (CloudEvents section 3.1).
    """
    event = {
        "specversion": "1.0",
        "id": str(line.id),
        "source": source or SOURCE_DEFAULT,
        "type": f"{TYPE_PREFIX}{line.operation}",
        "time": moment(line.at),
        **({"subject": line.resource} if line.resource else {}),
        "datacontenttype": "application/json",
        "data": fields(line),
    }
    return encode(event) + b"\n"


def syslog(line: AuditLine, source: str = SOURCE_DEFAULT) -> bytes:
    """Return a message of RFC 5424, ended by a line feed; with none within."""
    severity = {DONE: NOTICE, FAILED: ERROR}.get(line.result, WARNING)
    head = " ".join(
        (
            f"<{FACILITY * 8 + severity}>1",
            moment(line.at),
            _header(source, HOSTNAME_MAX),
            "entrepot",
            "-",
            _header(line.operation, MESSAGE_ID_MAX),
        )
    )
    params = {
        "id": str(line.id),
        "actor": line.actor,
        "address": line.address,
        "client": line.client,
        "operation": line.operation,
        "project": line.project,
        "resource": line.resource,
        "result": line.result,
    }
    data = " ".join(f'{name}="{_param(value)}"' for name, value in params.items() if value)
    return f"{head} [{SD_ID} {data}] {_BOM}{line.detail}\n".encode(errors="replace")


RENDER: dict[AuditFormat, Render] = {
    AuditFormat.JSONL: jsonl,
    AuditFormat.CLOUDEVENTS: cloudevent,
    AuditFormat.SYSLOG: syslog,
}


def moment(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC, with milliseconds."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _header(text: str, most: int) -> str:
    """Return PRINTUSASCII without spaces (section 6), or the nil value."""
    kept = "".join(one if "!" <= one <= "~" else "?" for one in text[:most])
    return kept or "-"


def _param(text: str) -> str:
    """Return a PARAM-VALUE (section 6.3.3): quotes, backslashes and brackets are escaped."""
    cut = text.encode(errors="replace")[:PARAM_MAX_BYTES].decode(errors="ignore")
    return cut.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
