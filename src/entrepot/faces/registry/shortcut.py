"""What is asked most, without the application: manifests, and where to push.

The same services decide and look up as in `manifests`; only what follows from them is remembered:
who may send these header fields, and what this target shows as long as nothing is committed.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from entrepot.faces.asgi import Headers
from entrepot.faces.shortcut import Brief, Fields, Later
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.mediatype import essence
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, parse_reference
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.rules.permissions import Permission
from entrepot.rules.uploads import range_header
from entrepot.services.inline import WouldWait, at_once

from .app import API_VERSION
from .call import Services
from .routes import Kind, route

ENTRIES_MAX = 4096
BODIES_MAX_BYTES = 16 << 20
"""Answers remembered; the oldest go when there are more, or when their bodies take more."""
BODY_MAX_BYTES = 64 * 1024
"""Larger manifests are rare, and not worth a copy."""
GOOD_SECONDS = 1.0
"""How long a yes is good: what is not in the catalog, as a token's end, is looked at after that."""
NAMES_MAX = 64
"""Repositories whose yes is remembered for the same header fields."""
PULLS = frozenset({b"GET", b"HEAD"})
METHODS = PULLS | {b"POST"}
"""What may be answered here."""

# Not percent-encoded, and without a query.
_TARGET = re.compile(rb"/v2/[a-z0-9._/-]+/manifests/[A-Za-z0-9._:-]+")
_UPLOADS = re.compile(rb"/v2/[a-z0-9._/-]+/blobs/uploads/?")
_NOT_PLAIN_FIELDS = frozenset({b"if-none-match", b"if-match", b"if-range", b"range"})
_ANY_TYPE = frozenset({"*/*", "application/*", ""})


@dataclass(slots=True)
class _Entry:
    """What a target shows, as long as the catalog has this version."""

    name: RepositoryName
    reference: Reference
    version: int
    media_type: str
    head: bytes
    body: bytes
    repository_id: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class _Asker:
    """What header fields say: credentials, and types taken; None stands for any.

    `may` holds the version of the catalog under which the access service said yes to a permission
    on a repository from an address, and until when that is good.
    """

    authorization: str | None
    accepts: frozenset[str] | None
    is_plain: bool
    may: dict[tuple[Permission, RepositoryName, str], tuple[int, float]]


def _read(headers: Headers) -> _Asker:
    found: dict[bytes, str] = {}
    for key, value in headers:
        text = value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    accept = found.get(b"accept")
    types = None if accept is None else frozenset(essence(part) for part in accept.split(","))
    authorization = found.get(b"authorization")
    # Passwords take a thread now and then; tokens are remembered.
    is_plain = authorization is None or authorization[:7].lower() == "bearer "
    return _Asker(
        authorization,
        types if types is not None and types.isdisjoint(_ANY_TYPE) else None,
        is_plain and _NOT_PLAIN_FIELDS.isdisjoint(found),
        {},
    )


class RegistryShortcut:
    """Keeps the server's `Shortcut` for pulls of manifests, and the start of uploads.

    Methods of `aside` are left to the application, which counts them against a rate limit.
    """

    def __init__(
        self,
        services: Services,
        new_id: Callable[[], str],
        *,
        aside: frozenset[bytes] = frozenset(),
    ) -> None:
        self._services = services
        self._new_id = new_id
        self._methods = METHODS - aside
        self._entries: dict[bytes, _Entry] = {}
        self._bodies_bytes = 0
        self._version: int | None = None
        self._waits = False
        """Whether the catalog cannot be asked without waiting."""
        self._now = 0.0

    def __call__(
        self,
        method: bytes,
        target: bytes,
        fields: Fields,
        address: str,
    ) -> Brief | Later | None:
        """Return the answer, or None if it takes more to find it."""
        asker = fields.memo
        if asker is None:
            asker = fields.memo = _read(fields.headers)
        if not asker.is_plain or method not in self._methods:
            return None
        if self._waits:
            return self._later(method, target, asker, address)
        try:
            version = self._version
            if version is None:
                version = self._look_round()
            return at_once(self._answer(method, target, asker, address, version))
        except (WouldWait, Busy, CatalogFailed):
            return None

    async def _later(
        self, method: bytes, target: bytes, asker: _Asker, address: str
    ) -> Brief | None:
        """Answer with what was acknowledged before, once that is known."""
        try:
            version = await self._services.pull.version()
        except (Busy, CatalogFailed):
            return None
        self._now = asyncio.get_running_loop().time()
        return await self._answer(method, target, asker, address, version)

    async def _answer(
        self, method: bytes, target: bytes, asker: _Asker, address: str, version: int
    ) -> Brief | None:
        try:
            if method == b"POST":
                return await self._begin(asker, target, version, address)
            entry = self._entries.get(target)
            if entry is None or entry.version != version:
                entry = await self._look_up(target, version)
            if entry is None or (asker.accepts and entry.media_type not in asker.accepts):
                return None
            await self._require(asker, (Permission.PULL, entry.name, address), version)
        except (Fault, Busy, CatalogFailed):
            # Refusals are rare, and said in full by the application.
            return None
        request_id = self._new_id()
        head = b"%bx-request-id: %b\r\n" % (entry.head, request_id.encode())
        body = b""
        if method == b"GET":
            body = entry.body
            self._services.pulls.note(entry.repository_id, entry.digest)
        return Brief(200, head, body, "manifests", request_id)

    def _look_round(self) -> int:
        """Read version and time, once for all requests that the loop has found at once.

        Each of them was on its way by then, so that none is answered with less than was
        acknowledged, by whatever process, before it was sent.
        """
        loop = asyncio.get_running_loop()
        try:
            self._version = version = at_once(self._services.pull.version())
        except WouldWait:
            self._waits = True  # from now on: the catalog is at the other end of a network
            raise
        self._now = loop.time()
        loop.call_soon(self._look_again)
        return version

    def _look_again(self) -> None:
        self._version = None

    async def _require(
        self, asker: _Asker, what: tuple[Permission, RepositoryName, str], version: int
    ) -> None:
        """Raise what the access service says, unless it has just said yes.

        `what` names permission, repository, and the address that asks.
        """
        known = asker.may.get(what)
        if known is not None and known[0] == version and known[1] >= self._now:
            return
        access = self._services.access
        permission, name, address = what
        identity = await access.identify(asker.authorization, address)
        await access.require(identity, permission, name)
        if len(asker.may) >= NAMES_MAX:
            asker.may.clear()
        asker.may[what] = (version, self._now + GOOD_SECONDS)

    async def _begin(
        self, asker: _Asker, target: bytes, version: int, address: str
    ) -> Brief | None:
        """Open an upload session, which writes nothing."""
        if not _UPLOADS.fullmatch(target):
            return None
        found = route(target.decode("ascii"))
        if found is None or found.kind is not Kind.UPLOADS:
            return None
        name = RepositoryName.parse(found.name)
        await self._require(asker, (Permission.PUSH, name, address), version)
        upload_id = self._services.uploads.begin(name)
        request_id = self._new_id()
        lines = (
            "HTTP/1.1 202 Accepted",
            f"Location: /v2/{found.name}/blobs/uploads/{upload_id}",
            f"Range: {range_header(0)}",
            f"Docker-Upload-UUID: {upload_id}",
            f"Docker-Distribution-Api-Version: {API_VERSION}",
            "content-length: 0",
            f"x-request-id: {request_id}",
            "",
        )
        return Brief(202, "\r\n".join(lines).encode("latin-1"), b"", "uploads", request_id)

    async def _look_up(self, target: bytes, version: int) -> _Entry | None:
        # The version was read before: what is committed meanwhile makes the entry an old one.
        entry = self._entries.get(target)
        if entry is not None:
            self._forget(target)
            return await self._make(target, entry.name, entry.reference, version)
        found = route(target.decode("ascii")) if _TARGET.fullmatch(target) else None
        if found is None or found.kind is not Kind.MANIFEST:
            return None
        name, reference = RepositoryName.parse(found.name), parse_reference(found.reference)
        return await self._make(target, name, reference, version)

    async def _make(
        self, target: bytes, name: RepositoryName, reference: Reference, version: int
    ) -> _Entry | None:
        row, raw = await self._services.pull.manifest(name, reference)
        if len(raw) > BODY_MAX_BYTES or self._services.warnings.may_concern(row):
            return None
        lines = (
            "HTTP/1.1 200 OK",
            f"Content-Type: {row.media_type}",
            f"Docker-Content-Digest: {row.digest}",
            f'ETag: "{row.digest}"',
            f"Docker-Distribution-Api-Version: {API_VERSION}",
            f"content-length: {len(raw)}",
            "",
        )
        head = "\r\n".join(lines).encode("latin-1")
        entry = _Entry(
            name, reference, version, row.media_type, head, raw, row.repository_id, row.digest
        )
        if target in self._entries:  # another request was faster
            self._forget(target)
        self._entries[target] = entry
        self._bodies_bytes += len(raw)
        while len(self._entries) > ENTRIES_MAX or self._bodies_bytes > BODIES_MAX_BYTES:
            self._forget(next(iter(self._entries)))
        return entry

    def _forget(self, target: bytes) -> None:
        self._bodies_bytes -= len(self._entries.pop(target).body)
