"""A stand-in for Google's storage, after the reference of its XML API.

No emulator that can be had knows conditions and multipart uploads in XML, which obstore uses.
"""

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from entrepot.settings.objects import Objects

BUCKET = "bucket"
PART_MIN_BYTES = 5 << 20
PAGE_KEYS = 50
RANGE = re.compile(r"bytes=(\d+)-(\d+)")
NUMBER = re.compile(r"<PartNumber>(\d+)</PartNumber>")
TAG = re.compile(r"<ETag>(?:&quot;|\")?(\w+)")
STATUSES = {
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "PreconditionFailed": 412,
    "InvalidRange": 416,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, as it is until it is replaced."""

    data: bytes
    generation: int

    @property
    def headers(self) -> dict[str, str]:
        return {"ETag": f'"{etag(self.data)}"', "x-goog-generation": str(self.generation)}


@dataclass
class Contents:
    """What the bucket holds: objects, and multipart uploads under way."""

    objects: dict[str, Stored] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    generation: int = 1_700_000_000_000_000
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, data: bytes, wanted: str | None) -> Stored | None:
        """Store an object if its generation is the wanted one; 0 for none."""
        with self.lock:
            before = self.objects.get(key)
            if wanted is not None and wanted != str(before.generation if before else 0):
                return None
            self.generation += 1
            self.objects[key] = stored = Stored(data, self.generation)
            return stored


def etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    contents: Contents

    def do_PUT(self) -> None:
        key, query = self._target()
        data = self._body()
        if key is None:
            return None
        if "uploadId" in query:
            parts = self.contents.uploads.get(query["uploadId"])
            if parts is None:
                return self._refuse("NoSuchUpload")
            parts[int(query["partNumber"])] = data
            return self._say(200, headers={"ETag": f'"{etag(data)}"'})
        stored = self.contents.put(key, data, self.headers["x-goog-if-generation-match"])
        if stored is None:
            return self._refuse("PreconditionFailed")
        return self._say(200, headers=stored.headers)

    def do_POST(self) -> None:
        key, query = self._target()
        body = self._body().decode()
        if key is None:
            return None
        if "uploads" in query:
            name = secrets.token_hex(8)
            self.contents.uploads[name] = {}
            place = f"<Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key>"
            return self._xml("InitiateMultipartUploadResult", f"{place}<UploadId>{name}</UploadId>")
        parts = self.contents.uploads.pop(query["uploadId"], None)
        if parts is None:
            return self._refuse("NoSuchUpload")
        listed = list(zip(map(int, NUMBER.findall(body)), TAG.findall(body), strict=True))
        assert listed == [(number, etag(parts[number])) for number in sorted(parts)]
        assert all(len(parts[number]) >= PART_MIN_BYTES for number, _ in listed[:-1])
        stored = self.contents.put(key, b"".join(parts[number] for number, _ in listed), None)
        assert stored is not None
        tag = escape(stored.headers["ETag"], {'"': "&quot;"})
        return self._xml("CompleteMultipartUploadResult", f"<ETag>{tag}</ETag>", stored.headers)

    def do_DELETE(self) -> None:
        key, query = self._target()
        if key is None:
            return None
        if "uploadId" in query:
            found: object = self.contents.uploads.pop(query["uploadId"], None)
            return self._say(204) if found is not None else self._refuse("NoSuchUpload")
        found = self.contents.objects.pop(key, None)
        return self._say(204) if found is not None else self._refuse("NoSuchKey")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        key, query = self._target()
        if key is None:
            return None
        if not key:
            return self._list(query)
        stored = self.contents.objects.get(key)
        if stored is None:
            return self._refuse("NoSuchKey")
        size, data, status, headers = len(stored.data), stored.data, 200, stored.headers
        headers["Last-Modified"] = formatdate(usegmt=True)
        if asked := RANGE.fullmatch(self.headers.get("Range", "")):
            start, last = int(asked[1]), min(int(asked[2]), size - 1)
            if start >= size:
                return self._refuse("InvalidRange")
            data, status = data[start : last + 1], 206
            headers["Content-Range"] = f"bytes {start}-{last}/{size}"
        return self._say(status, data, headers)

    def _list(self, query: dict[str, str]) -> None:
        after = query.get("continuation-token", "")
        found = sorted(self.contents.objects.items())
        found = [(key, at) for key, at in found if key.startswith(query.get("prefix", ""))]
        found = [(key, at) for key, at in found if key > after]
        more = len(found) > PAGE_KEYS
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lines = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(at.data)}</Size>"
            f"<LastModified>{now}</LastModified><ETag>{etag(at.data)}</ETag></Contents>"
            for key, at in found[:PAGE_KEYS]
        ]
        if more:
            token = escape(found[PAGE_KEYS - 1][0])
            lines.append(f"<NextContinuationToken>{token}</NextContinuationToken>")
        lines.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
        self._xml("ListBucketResult", "".join(lines))

    def _target(self) -> tuple[str | None, dict[str, str]]:
        """Return the key and the query; None, and it has been answered, in another bucket."""
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = parse_qs(parts.query, keep_blank_values=True)
        if bucket != BUCKET:
            self._refuse("NoSuchBucket")
            return None, {}
        return key, {name: values[0] for name, values in query.items()}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _refuse(self, code: str) -> None:
        self._xml("Error", f"<Code>{code}</Code><Message>no</Message>", status=STATUSES[code])

    def _xml(
        self, name: str, inside: str, headers: dict[str, str] | None = None, status: int = 200
    ) -> None:
        text = f"<?xml version='1.0' encoding='UTF-8'?><{name}>{inside}</{name}>"
        self._say(status, text.encode(), {**(headers or {}), "Content-Type": "application/xml"})

    def _say(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Be silent."""


@dataclass(frozen=True, slots=True)
class Google:
    """A server with one bucket."""

    port: int
    contents: Contents

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> Objects:
        return Objects(endpoint=self.endpoint)

    def url(self, prefix: str = "") -> str:
        """Return the URL of a prefix, a fresh one unless it is named."""
        return f"gs://{BUCKET}/{prefix or secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """A stand-in for all tests, whose account, which asks nobody for tokens, is in a variable."""
    contents = Contents()
    handler = type("BoundHandler", (Handler,), {"contents": contents})
    account: Path = tmp_path_factory.mktemp("google") / "account.json"
    fields = {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True}
    account.write_text(json.dumps(fields))
    with ExitStack() as stack:
        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        patch.setenv("GOOGLE_SERVICE_ACCOUNT", str(account))
        yield Google(server.server_port, contents)
