"""A million broken manifests against the parser and the rules of admission."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest, parse
from entrepot.rules.admission import Facts, Sparse, decide
from tools.fuzz import images
from tools.fuzz.mutations import mutate

BATCH = 2000
SECONDS_MAX = 1.5
"""Of the processor, for the worst manifest of 4 MiB."""
MESSAGE_MAX = 2000
"""Characters of a fault's message: what a client is to print."""

CONTENT_TYPES = ("", "", images.MANIFEST, images.INDEX, "text/plain", "x" * 9000, "\x00", "é")


def _seeds() -> tuple[bytes, ...]:
    """Return manifests as clients push them: image, Docker's, artifact, index, foreign layers."""
    plain = images.image(b"{}", [b"one", b"two"])
    docker = json.loads(plain)
    docker["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    docker["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    for layer in docker["layers"]:
        layer["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    docker["layers"][0]["urls"] = ["https://example.com/layer"]
    notes = {"org.opencontainers.image.created": "2026-01-01T00:00:00Z", "org.example": "é 中"}
    artifact = images.image(
        b"{}",
        [b"signature"],
        artifactType="application/vnd.example.sbom",
        subject=images.descriptor(images.MANIFEST, plain),
        annotations=notes,
    )
    several = json.loads(images.index(plain, artifact, annotations=notes))
    for child, cpu in zip(several["manifests"], ("amd64", "arm64"), strict=True):
        child["platform"] = {"os": "linux", "architecture": cpu, "variant": "v8", "os.version": "1"}
    wide = images.image(b"{}", [b"%d" % n for n in range(60)])
    return (
        plain,
        json.dumps(docker, indent=3).encode(),
        artifact,
        json.dumps(several).encode(),
        wide,
    )


SEEDS = _seeds()


@dataclass
class Outcome:
    """What a batch, or all of them, came to."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds of the processor, and the number of the manifest that took them."""

    def add(self, other: "Outcome") -> None:
        self.counts += other.counts
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)


def made(seed: int, number: int) -> tuple[bytes, str, random.Random]:
    """Return one manifest, its Content-Type, and the chance for what follows."""
    chance = random.Random(f"{seed}:{number}")
    return mutate(chance, SEEDS), chance.choice(CONTENT_TYPES), chance


def judge(raw: bytes, content_type: str, chance: random.Random) -> str:
    """Parse and admit it; return what was said. Raises whatever is not a proper answer."""
    try:
        manifest = parse(raw, content_type, chance.choice(("sha256", "sha256", "sha512")))
    except Fault as fault:
        check_fault(fault)
        return fault.code.value
    check_manifest(manifest, raw)
    known = {d.digest: d.size + chance.randrange(5) // 4 for d in manifest.references()}
    some = {digest: size for digest, size in known.items() if chance.random() < 0.8}
    fault_or_none = decide(manifest, Facts(some, some), chance.choice(list(Sparse)))
    if fault_or_none is None:
        return "admitted"
    check_fault(fault_or_none)
    return f"parsed, {fault_or_none.code.value}"


def check_fault(fault: Fault) -> None:
    """Raise if it cannot be told to a client."""
    json.loads(encode({"message": fault.message, "detail": fault.detail}))
    if not 0 < len(fault.message) <= MESSAGE_MAX:
        raise AssertionError(f"a message of {len(fault.message)} characters")


def check_manifest(manifest: Manifest, raw: bytes) -> None:
    """Raise unless another JSON reader sees the same objects in it."""
    other: dict[str, Any] = json.loads(raw, object_pairs_hook=_once)
    seen = [layer["digest"] for layer in other.get("layers") or ()]
    seen += [child["digest"] for child in other.get("manifests") or ()]
    if seen != [str(d.digest) for d in (*manifest.layers, *manifest.children)]:
        raise AssertionError("another reader sees other layers or children")
    if (other.get("config") or {}).get("digest") != (
        str(manifest.config.digest) if manifest.config else None
    ):
        raise AssertionError("another reader sees another config")
    if manifest.raw != raw or manifest.digest != Digest.of(raw, manifest.digest.algorithm):
        raise AssertionError("the manifest is not what was pushed")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # What readers take differently is refused where it matters; elsewhere the last one counts.
    return dict(pairs)


def batch(seed: int, first: int, count: int) -> Outcome:
    """Judge some manifests, one after the other."""
    outcome = Outcome()
    for number in range(first, first + count):
        raw, content_type, chance = made(seed, number)
        started = time.thread_time()
        try:
            said = judge(raw, content_type, chance)
        except (Exception, RecursionError) as error:  # each of them is what is looked for
            said = "FAILED"
            outcome.failures.append(_failure(seed, number, repr(error)[:300]))
        seconds = time.thread_time() - started
        if seconds > SECONDS_MAX:
            outcome.failures.append(_failure(seed, number, f"{seconds:.1f} s, {len(raw)} bytes"))
        outcome.counts[said] += 1
        outcome.slowest = max(outcome.slowest, (seconds, number))
    return outcome


def campaign(count: int, *, seed: int, first: int = 0, jobs: int = 1) -> Outcome:
    """Judge `count` manifests in processes of their own, as a crash would end them."""
    total = Outcome()
    starts = range(first, first + count, BATCH)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        tasks = [
            (start, pool.submit(batch, seed, start, min(BATCH, first + count - start)))
            for start in starts
        ]
        for start, task in tasks:
            try:
                total.add(task.result())
            except BrokenProcessPool:
                total.failures.append(_failure(seed, start, "a process died at, or soon after"))
                break
    return total


def _failure(seed: int, number: int, what: str) -> str:
    return f"{what}; again: python -m tools.fuzz manifests 1 --seed {seed} --first {number}"


def lines(outcome: Outcome) -> Iterator[str]:
    """Return what to print of an outcome."""
    yield f"{outcome.counts.total()} manifests"
    for said, count in outcome.counts.most_common():
        yield f"{count:>9} {said}"
    seconds, number = outcome.slowest
    yield f"slowest: {seconds * 1000:.0f} ms of the processor, number {number}"
