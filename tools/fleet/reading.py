"""What clients of a fleet read, and compare with what they know."""

import asyncio
import json

from tests.fleet.history import Kind

from .balancer import Answer, Request
from .desk import Desk
from .records import PRESENT, Fault
from .replicas import Replica

ACCEPT = (("Accept", "application/vnd.oci.image.manifest.v1+json"),)


class Reading:
    """One client's reads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def read_tag(self) -> None:
        """Look where a tag is."""
        await self.find(self._desk.repository(), self._desk.tag())

    async def find(self, repository: str, tag: str) -> str | None:
        """Return the digest that a tag is on; None if there is no such tag, or no answer."""
        answer = await self._desk.ask(tag_request(repository, tag))
        return None if answer is None else self.note_tag(repository, tag, answer)

    async def find_everywhere(self, repository: str, tag: str) -> None:
        """Look where a tag is at all replicas at once: none may be behind."""
        desk, request = self._desk, tag_request(repository, tag)

        async def at(replica: Replica) -> None:
            answer = await desk.ask_at(replica, request)
            if answer is not None:
                self.note_tag(repository, tag, answer)

        await asyncio.gather(*(at(replica) for replica in desk.balancer.replicas))

    async def pull(self) -> None:
        """Pull a tag's manifest and its blobs."""
        repository = self._desk.repository()
        digest = await self.find(repository, self._desk.tag())
        if digest is not None:
            for layer in json.loads(self._desk.records.bodies[digest])["layers"]:
                await self._pull_blob(repository, digest, layer["digest"])

    async def _pull_blob(self, repository: str, manifest: str, digest: str) -> None:
        answer = await self._desk.ask(blob_request(repository, digest))
        if answer is not None and answer.status == 404:
            # Somebody may have deleted the manifest meanwhile; then its blobs may go.
            held = await self._desk.ask(manifest_request(repository, manifest))
            if held is None or held.status != 200:
                return
        if answer is not None:
            self.compare_blob(repository, digest, answer)

    async def read_manifest(self) -> None:
        """Look whether a manifest is there, by its digest."""
        known = self._desk.known()
        if known is not None:
            answer = await self._desk.ask(manifest_request(*known))
            if answer is not None:
                self.note_manifest(*known, answer)

    async def list_tags(self) -> None:
        """List tags; those that are not in it are absent."""
        repository = self._desk.repository()
        request = Request("list tags", "GET", f"/v2/{repository}/tags/list")
        answer = await self._desk.ask(request)
        if answer is None or answer.status not in {200, 404}:
            return
        listed = (json.loads(answer.body)["tags"] or []) if answer.status == 200 else []
        for tag in sorted(set(self._desk.places.tags) - set(listed)):
            self._desk.note_tag(repository, tag, answer.seen, Kind.READ, None)

    def note_tag(self, repository: str, tag: str, answer: Answer) -> str | None:
        """Remember where a tag was found, and return it."""
        desk = self._desk
        if answer.status == 404:
            desk.note_tag(repository, tag, answer.seen, Kind.READ, None)
            return None
        if answer.status != 200:
            desk.strange(tag_request(repository, tag), answer)
            return None
        if answer.headers.get("docker-content-digest") != answer.digest:
            text = f"{repository}:{tag}: digest and bytes differ ({answer.replica})"
            desk.records.report(Fault.BYTES, text)
        desk.note_tag(repository, tag, answer.seen, Kind.READ, answer.digest)
        desk.records.bodies.setdefault(answer.digest, answer.body)
        return answer.digest

    def note_manifest(self, repository: str, digest: str, answer: Answer) -> None:
        """Remember whether a manifest was there, and compare its bytes."""
        desk = self._desk
        if answer.status == 200:
            if answer.digest != digest:
                text = f"{repository}@{digest}: other bytes ({answer.replica})"
                desk.records.report(Fault.BYTES, text)
            desk.note_manifest(repository, digest, answer.seen, Kind.READ, PRESENT)
        elif answer.status == 404:
            desk.note_manifest(repository, digest, answer.seen, Kind.READ, None)
        else:
            desk.strange(manifest_request(repository, digest), answer)

    def compare_blob(self, repository: str, digest: str, answer: Answer) -> None:
        """A blob that was acknowledged is there, byte for byte."""
        name = f"{repository}@{digest} ({answer.replica})"
        if answer.status == 404:
            self._desk.records.report(Fault.LOST, f"{name}: the blob is gone: {answer.code}")
        elif answer.status != 200:
            self._desk.strange(blob_request(repository, digest), answer)
        elif answer.digest != digest:
            text = f"{name}: {answer.size_bytes} other bytes: {answer.digest}"
            self._desk.records.report(Fault.BYTES, text)


def tag_request(repository: str, tag: str) -> Request:
    """Ask for a tag's manifest."""
    return Request("get tag", "GET", f"/v2/{repository}/manifests/{tag}", b"", ACCEPT)


def manifest_request(repository: str, digest: str) -> Request:
    """Ask for a manifest by its digest."""
    return Request("get manifest", "GET", f"/v2/{repository}/manifests/{digest}", b"", ACCEPT)


def blob_request(repository: str, digest: str) -> Request:
    """Ask for a blob."""
    return Request("get blob", "GET", f"/v2/{repository}/blobs/{digest}", is_big=True)
