"""A registry's HTTP API by the standard library alone: the witness of the tests.

It pushes a layout as it is, and reads back what a registry really serves, so
that a client's own view is never the only evidence.
"""

import base64
import hashlib
import json
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from tools.corpus.layers import GZIP_WINDOW
from tools.corpus.layout import (
    BLOCK_BYTES,
    INDEXES,
    MANIFESTS,
    REFERENCE,
    Image,
    Json,
    Layout,
    digest_of,
    digest_of_stream,
)

REQUEST_SECONDS = 120
TOKEN_SECONDS = 30
"""How long one token is used again: far below the life of any registry's."""

ACCEPT = ", ".join(sorted(MANIFESTS | INDEXES))
PARAMETER = re.compile(r'(\w+)="([^"]*)"')
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Login:
    """A user's name and password."""

    username: str
    password: str

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body was read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def expect(self, *statuses: int) -> "Answer":
        """Itself; AssertionError unless its status is one of `statuses`."""
        assert self.status in statuses, (self.status, self.headers, self.body[:500])
        return self

    def json(self) -> Json:
        """The body parsed."""
        parsed: Json = json.loads(self.body)
        return parsed


@dataclass(slots=True)
class Wire:
    """One registry, seen as one user (or nobody)."""

    url: str
    login: Login | None = None
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """HOST:PORT, as it stands before a repository's name."""
        return urlsplit(self.url).netloc

    # --- reading ---------------------------------------------------------------------------

    def manifest(self, repository: str, reference: str) -> bytes:
        """The manifest's bytes, of which its digest header was found true."""
        path = f"/v2/{repository}/manifests/{reference}"
        answer = self.ask("GET", path, repository, accept=ACCEPT).expect(200)
        assert answer.headers["docker-content-digest"] == digest_of(answer.body)
        return answer.body

    def blob_digests(self, repository: str, digest: str) -> tuple[str, str]:
        """What a blob's bytes hash to: as served, and with gzip undone."""
        served, plain = hashlib.sha256(), hashlib.sha256()
        with self._blob(repository, digest) as body:
            packed = body.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
            unpacker = zlib.decompressobj(GZIP_WINDOW)
            while block := body.read(BLOCK_BYTES):
                served.update(block)
                plain.update(unpacker.decompress(block) if packed else block)
        assert unpacker.eof or not packed
        return f"sha256:{served.hexdigest()}", f"sha256:{plain.hexdigest()}"

    def tags(self, repository: str) -> list[str]:
        """All tags, in the registry's order."""
        answer = self.ask("GET", f"/v2/{repository}/tags/list", repository).expect(200)
        tags: list[str] = answer.json()["tags"]
        return tags

    def referrers(self, repository: str, digest: str) -> list[Json] | None:
        """The descriptors that refer to `digest`; None where the API is missing."""
        path = f"/v2/{repository}/referrers/{digest}"
        answer = self.ask("GET", path, repository).expect(200, 404)
        if answer.status == 404:
            return None
        manifests: list[Json] = answer.json()["manifests"]
        return manifests

    def has(self, repository: str, reference: str) -> bool:
        """Whether a manifest is there."""
        path = f"/v2/{repository}/manifests/{reference}"
        return self.ask("HEAD", path, repository, accept=ACCEPT).expect(200, 404).status == 200

    # --- comparing -------------------------------------------------------------------------

    def assert_identical(self, image: Image, repository: str, reference: str = "latest") -> int:
        """The image is served byte for byte, children and blobs too; returns the blob count."""
        assert self.manifest(repository, reference) == image.layout.read(image.digest)
        blobs: set[str] = set()
        for manifest in image.layout.manifests_below(image.descriptor):
            digest = manifest["digest"]
            assert self.manifest(repository, digest) == image.layout.read(digest)
            blobs.update(blob["digest"] for blob in image.layout.blobs_of(manifest))
        for digest in blobs:
            with self._blob(repository, digest) as body:
                assert digest_of_stream(body)[0] == digest
        return len(blobs)

    def assert_equivalent(self, image: Image, repository: str, reference: str = "latest") -> None:
        """The same config bytes over the same layer contents, however compressed."""
        served = json.loads(self.manifest(repository, reference))
        children = image.children()
        if children:
            digests = {_platform(child): child["digest"] for child in served["manifests"]}
            expected = [_platform(child) for child in image.manifest["manifests"]]
            assert sorted(digests) == sorted(expected)
            for platform, child in zip(expected, children, strict=True):
                self.assert_equivalent(child, repository, digests[platform])
            return
        config, layers = served["config"], served["layers"]
        assert self.blob_digests(repository, config["digest"])[0] == digest_of(image.config)
        assert len(layers) == len(image.diff_ids)
        for layer, diff_id in zip(layers, image.diff_ids, strict=True):
            assert self.blob_digests(repository, layer["digest"]) == (layer["digest"], diff_id)

    # --- writing ---------------------------------------------------------------------------

    def push(self, image: Image, repository: str, reference: str = "latest") -> None:
        """Pushes the image as it is: blobs, children, at last its tag, then its referrers."""
        self._push_tree(image.layout, image.descriptor, repository, reference)
        for entry in image.layout.entries():
            if REFERENCE not in entry.get("annotations", {}):
                self._push_tree(image.layout, entry, repository, entry["digest"])

    def _push_tree(self, layout: Layout, top: Json, repository: str, reference: str) -> None:
        for manifest in layout.manifests_below(top):
            for blob in layout.blobs_of(manifest):
                self._push_blob(repository, layout.blob_path(blob["digest"]), blob)
            name = reference if manifest is top else manifest["digest"]
            self.put_manifest(repository, name, manifest, layout.read(manifest["digest"]))

    def put_manifest(self, repository: str, reference: str, described: Json, body: bytes) -> None:
        """Puts one manifest whose blobs are there."""
        path = f"/v2/{repository}/manifests/{reference}"
        headers = {"Content-Type": described["mediaType"]}
        answer = self.ask("PUT", path, repository, body=body, headers=headers).expect(201)
        assert answer.headers["docker-content-digest"] == described["digest"]

    def _push_blob(self, repository: str, source: Path, blob: Json) -> None:
        digest = blob["digest"]
        if self.ask("HEAD", f"/v2/{repository}/blobs/{digest}", repository).status == 200:
            return
        begun = self.ask("POST", f"/v2/{repository}/blobs/uploads/", repository).expect(202)
        location = urlsplit(urljoin(self.url, begun.headers["location"]))
        query = "&".join(filter(None, (location.query, urlencode({"digest": digest}))))
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob["size"])}
        path = f"{location.path}?{query}"
        self.ask("PUT", path, repository, body=source, headers=headers).expect(201)

    # --- requests --------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        repository: str | None = None,
        *,
        accept: str = "*/*",
        headers: dict[str, str] | None = None,
        body: bytes | Path | None = None,
    ) -> Answer:
        """One request, with the rights that `repository` needs."""
        sent = {"Accept": accept, **(headers or {})}
        with self._response(method, path, repository, sent, body) as response:
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())

    @contextmanager
    def _blob(self, repository: str, digest: str) -> Iterator[HTTPResponse]:
        path = f"/v2/{repository}/blobs/{digest}"
        with self._response("GET", path, repository, {}, None) as response:
            assert response.status == 200, (path, response.status, response.read(500))
            yield response

    @contextmanager
    def _response(
        self,
        method: str,
        path: str,
        repository: str | None,
        headers: dict[str, str],
        body: bytes | Path | None,
    ) -> Iterator[HTTPResponse]:
        if repository is not None and (granted := self._authorization(repository)) is not None:
            headers = {**headers, "Authorization": granted}
        connection = HTTPConnection(self.host, timeout=REQUEST_SECONDS, blocksize=BLOCK_BYTES)
        try:
            if isinstance(body, Path):
                with body.open("rb") as stream:
                    connection.request(method, path, stream, headers)
            else:
                connection.request(method, path, body, headers)
            yield connection.getresponse()
        finally:
            connection.close()

    def _authorization(self, repository: str) -> str | None:
        """What to send for `repository`, by the challenge that `/v2/` gives."""
        granted, taken = self._tokens.get(repository, ("", float("-inf")))
        if time.monotonic() - taken < TOKEN_SECONDS:
            return granted
        ping = self.ask("GET", "/v2/").expect(200, 401)
        if ping.status == 200:
            return None
        scheme, _, rest = ping.headers["www-authenticate"].partition(" ")
        if scheme.lower() == "basic":
            return self.login.basic if self.login is not None else None
        granted = self._token(dict(PARAMETER.findall(rest)), repository)
        self._tokens[repository] = (granted, time.monotonic())
        return granted

    def _token(self, challenge: dict[str, str], repository: str) -> str:
        scope = f"repository:{repository}:pull,push,delete"
        query = urlencode({"service": challenge["service"], "scope": scope})
        headers = {} if self.login is None else {"Authorization": self.login.basic}
        path = f"{urlsplit(challenge['realm']).path}?{query}"
        answer = self.ask("GET", path, headers=headers).expect(200).json()
        token: str = answer.get("token") or answer["access_token"]
        return f"Bearer {token}"


def _platform(entry: Json) -> str:
    platform = entry["platform"]
    return "/".join(filter(None, (platform["architecture"], platform.get("variant"))))
