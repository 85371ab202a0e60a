"""Garbage collection over HTTP: passes, what one would remove, and signed reports."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, Scope, Send, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.secrets import TokenSigner
from entrepot.rules.permissions import Permission
from entrepot.services.gc.preview import Preview
from entrepot.services.gc.progress import KIND
from entrepot.services.gc.report import AUDIENCE, Reports

from .about import About, Cursor, Page, Size
from .api import Call, Route, page
from .jobs import Desk, JobView, Wish, number_of

JSON_LINES = "application/jsonl"
BLOCK_BYTES = 64 * 1024
"""Lines of a report are sent together until they are so long."""


class PassBody(msgspec.Struct, forbid_unknown_fields=True):
    """A pass of the collector.

    `force` removes bytes without rows though they are most of the storage.
    """

    dry_run: bool = False
    force: bool = False


class SignatureBody(msgspec.Struct, forbid_unknown_fields=True):
    """A report's last line."""

    signature: Annotated[str, msgspec.Meta(max_length=16 * 1024)]


class SweptBlob(msgspec.Struct):
    """Bytes that a pass would remove, and why."""

    digest: str
    generation: int
    size: Size
    reason: str


class ReportClaims(msgspec.Struct, omit_defaults=True):
    """What a report's signature says (RFC 7519)."""

    iss: str
    aud: str
    iat: int
    job: int
    lines: int
    sha256: str


def gc_routes(preview: Preview, reports: Reports, signer: TokenSigner, desk: Desk) -> list[Route]:
    """Return what is served of the collector."""

    async def start(call: Call) -> Response:
        body = await call.body(PassBody)
        if body.dry_run:
            return await desk.start(call, Wish(KIND, f"{KIND}:dry", "dry", {"dry_run": True}))
        args = {"force": True} if body.force else {}
        return await desk.start(call, Wish(KIND, KIND, "pass", args))

    async def show_plan(call: Call) -> Response:
        plan = await preview.page(call.number("after", 0), call.limit())
        items = [
            SweptBlob(line.digest, line.generation, line.size, line.reason) for line in plan.lines
        ]
        return page(items, plan.next)

    async def report(call: Call) -> Response:
        job_id = number_of(call, "job")
        length = 0
        async for line in reports.lines(job_id):
            length += len(line)
        if not length:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no report of job {job_id}: only passes of the collector that have ended "
                f"have one, list jobs of kind {KIND}",
                {"job": job_id},
            )
        response = Response(200, source=_Lines(reports, job_id), length=length)
        response.set("Content-Type", JSON_LINES)
        return response

    async def verify(call: Call) -> Response:
        body = await call.body(SignatureBody)
        claims = signer.verify(body.signature, long_lived=True)
        if claims is None or claims.get("aud") != AUDIENCE:
            raise Fault(
                Code.REQUEST_INVALID,
                "the signature is not one of this registry's for a sweep report: get the report "
                "anew, or ask the registry that it is from",
            )
        return json_response(200, claims)

    return [
        Route("POST", "/gc", start, Permission.JOB_MANAGE, told=_START),
        Route("GET", "/gc/preview", show_plan, Permission.JOB_READ, told=_PREVIEW),
        Route("GET", "/gc/reports/{job}", report, Permission.JOB_READ, told=_REPORT),
        Route("POST", "/gc/verify", verify, Permission.JOB_READ, told=_VERIFY),
    ]


_START = About(
    "Start garbage collection",
    takes=PassBody,
    gives=JobView,
    status=202,
    errors=(409,),
    tag="storage",
)
_PREVIEW = About(
    "Preview garbage collection",
    gives=Page[SweptBlob],
    pages="after",
    cursor=Cursor,
    tag="storage",
)
_REPORT = About(
    "Read a sweep report",
    media=JSON_LINES,
    errors=(404,),
    tag="storage",
    text="One JSON object a line; the last one is the signature of those before.",
)
_VERIFY = About(
    "Verify a sweep report's signature",
    takes=SignatureBody,
    gives=ReportClaims,
    tag="storage",
    name="verify_sweep_report",
)


class _Lines:
    """A report on its way: it never changes, so that its length is known from a first reading."""

    def __init__(self, reports: Reports, job_id: int) -> None:
        self._reports = reports
        self._job_id = job_id

    async def send(self, _scope: Scope, send: Send) -> None:
        block = b""
        async for line in self._reports.lines(self._job_id):
            block += line
            if len(block) >= BLOCK_BYTES:
                await send({"type": "http.response.body", "body": block, "more_body": True})
                block = b""
        await send({"type": "http.response.body", "body": block})

    def close(self) -> None:
        """Hold nothing."""
