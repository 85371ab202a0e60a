"""Images, indexes and charts to push, of which the tests look at every part."""

import gzip
import io
import tarfile
from typing import Any

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from tests.faces.manage.harbor.yard import APP, Yard
from tests.services.house import CONFIG, LAYER, descriptor

HELM = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def config(label: str = "one", **more: Any) -> bytes:
    """Return the configuration of an image."""
    return encode(
        {
            "architecture": "amd64",
            "os": "linux",
            "author": label,
            "created": "2024-01-01T00:00:00Z",
            "config": {"Cmd": ["sh"], "Hostname": "x", "Labels": None},
            "history": [
                {"created": "2024-01-01T00:00:00Z", "created_by": "ADD file", "comment": ""},
                {"created_by": "CMD", "empty_layer": True},
            ],
            **more,
        }
    )


async def push_image(
    yard: Yard,
    tag: str,
    label: str = "one",
    name: RepositoryName = APP,
    layers: tuple[bytes, ...] = (b"layer",),
    **more: Any,
) -> Digest:
    """Push an image with a configuration and layers; `more` is for its manifest."""
    raw = config(label)
    for data in (raw, *layers):
        await yard.add_blob(data, name)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(CONFIG, raw),
        "layers": [descriptor(LAYER, data) for data in layers],
        **more,
    }
    return await yard.push(tag, name=name, raw=encode(manifest))


async def push_index(yard: Yard, tag: str, children: dict[str, Digest]) -> Digest:
    """Push an index over images, by their processors."""
    async with yard.catalog.begin() as tx:
        sizes = {one: len(await tx.manifests.raw(one) or b"") for one in children.values()}
    entries = [
        {
            "mediaType": OCI_MANIFEST,
            "digest": digest,
            "size": sizes[digest],
            "platform": {"os": "linux", "architecture": processor},
        }
        for processor, digest in children.items()
    ]
    raw = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    return await yard.push(tag, raw=raw, media_type=OCI_INDEX)


async def push_referrer(
    yard: Yard, subject: Digest, kind: str, name: RepositoryName = APP
) -> Digest:
    """Push what hangs on a digest."""
    await yard.add_blob(b"{}", name)
    about = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1}
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": kind,
            "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [],
            "subject": about,
        }
    )
    return await yard.push("", name=name, raw=raw)


async def push_chart(yard: Yard, tag: str, files: dict[str, str]) -> Digest:
    """Push a helm chart."""
    metadata = encode({"name": "web", "dependencies": [{"name": "db", "version": "1.0"}]})
    archive = chart(files)
    for data in (metadata, archive):
        await yard.add_blob(data)
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(HELM, metadata),
            "layers": [descriptor(CHART_LAYER, archive)],
        }
    )
    return await yard.push(tag, raw=raw)


def chart(files: dict[str, str]) -> bytes:
    """Return a chart's archive."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0)
