"""Sweep reports: every generation that a pass removed, with the reason, signed.

A report is JSON text, one object a line: a heading, a line for each generation, and last the
signature, a JWS (RFC 7515, compact, ES256) over the SHA-256 of all bytes before it. Who has the
registry's public keys can check it, years later and without the registry; see docs/gc.md.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec

from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog
from entrepot.ports.jobs import Job
from entrepot.ports.secrets import TokenSigner
from entrepot.ports.upkeep import Swept

from .progress import KIND

AUDIENCE = "entrepot/sweep-report"
"""No token's audience: a report never passes for a token, nor a token for a report."""
PAGE = 256
LINE_MAX_BYTES = 64 * 1024

Read = Callable[[str], dict[str, Any] | None]
"""Returns the claims of a JWS whose signature is good."""


class ReportInvalid(ValueError):
    """A report that is not what was signed; the message says what is wrong with it."""


class Reports:
    """Reports of passes that have ended."""

    def __init__(self, catalog: Catalog, signer: TokenSigner) -> None:
        self._catalog = catalog
        self._signer = signer

    async def lines(self, job_id: int) -> AsyncIterator[bytes]:
        """Yield a pass's report, line by line; nothing for a job that is not one that ended."""
        async with self._catalog.begin() as tx:
            job = await tx.jobs.find(job_id)
        if job is None or job.kind != KIND or job.ended_at is None:
            return
        seen = hashlib.sha256()
        count, after, page = 0, 0, [_heading(job)]
        while page:
            for line in page:
                seen.update(line)
                yield line
            async with self._catalog.begin() as tx:
                swept = await tx.sweeps.page(job_id, after, PAGE)
            page = [_line(each) for each in swept]
            count, after = count + len(page), swept[-1].id if swept else after
        claims = {
            "iss": "entrepot",
            "aud": AUDIENCE,
            "iat": int(job.ended_at),
            "job": job_id,
            "lines": count,
            "sha256": seen.hexdigest(),
        }
        yield encode({"signature": self._signer.sign(claims, long_lived=True)}) + b"\n"


def verify(lines: Iterable[bytes], read: Read) -> dict[str, Any]:
    """Return the claims of a report that is byte for byte the one signed, else `ReportInvalid`.

    `lines` are its lines with their ends, as a file opened in binary mode gives them.
    """
    seen, count, last = hashlib.sha256(), -2, b""
    for line in lines:
        if len(line) > LINE_MAX_BYTES:
            raise ReportInvalid("a line is longer than any that a report has")
        seen.update(last)
        count, last = count + 1, line
    claims = _claims(last, read)
    if (claims.get("lines"), claims.get("sha256")) != (count, seen.hexdigest()):
        raise ReportInvalid("the report was changed after it was signed, or is not whole")
    return claims


def _claims(last: bytes, read: Read) -> dict[str, Any]:
    try:
        signature = msgspec.json.decode(last, type=dict[str, str]).get("signature", "")
    except (msgspec.MsgspecError, ValueError) as error:
        raise ReportInvalid("the last line is no signature: the report is not whole") from error
    claims = read(signature)
    if claims is None or claims.get("aud") != AUDIENCE:
        raise ReportInvalid("the signature is not one of this registry's for a sweep report")
    return claims


def _heading(job: Job) -> bytes:
    progress = msgspec.Raw(job.progress.encode())
    heading = {
        "report": "sweep",
        "job": job.id,
        "state": job.state.value,
        "actor": job.actor,
        "progress": progress,
    }
    return msgspec.json.encode(heading) + b"\n"


def _line(swept: Swept) -> bytes:
    line = {
        "digest": swept.digest,
        "generation": swept.generation,
        "size": swept.size,
        "reason": swept.reason,
        "at": swept.at,
    }
    return encode(line) + b"\n"
