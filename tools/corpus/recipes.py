"""The images of the corpus, each made by one function."""

import random
from collections.abc import Iterable

from tools.corpus.layers import File, Layer, file_layer, noise_layer, tar_of
from tools.corpus.layout import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_EMPTY,
    Json,
    Layout,
    encode,
)
from tools.corpus.roots import debian_layer, host_layer, python_layer

CREATED = "2026-01-01T00:00:00Z"
LAYER_COUNT = 64
PLATFORMS = (("amd64", None), ("arm64", "v8"), ("arm", "v7"))
HELM = "application/vnd.cncf.helm."
CHART = {
    "entrepot-demo/Chart.yaml": "apiVersion: v2\nname: entrepot-demo\nversion: 0.1.0\n",
    "entrepot-demo/values.yaml": "replicas: 1\n",
    "entrepot-demo/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n"
    ),
}


def config_of(
    layers: Iterable[Layer], *, architecture: str = "amd64", variant: str | None = None
) -> bytes:
    """An image config (image-spec `config.md`) over `layers`."""
    diff_ids = [layer.diff_id for layer in layers]
    document: Json = {"created": CREATED, "architecture": architecture, "os": "linux"}
    if variant is not None:
        document["variant"] = variant
    document["config"] = {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}
    document["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    steps = range(len(diff_ids))
    document["history"] = [{"created": CREATED, "created_by": f"layer {step}"} for step in steps]
    return encode(document)


def image_of(
    layout: Layout,
    layers: list[Layer],
    *,
    architecture: str = "amd64",
    variant: str | None = None,
) -> Json:
    """Stores the config and manifest of an OCI image; returns its descriptor."""
    config = config_of(layers, architecture=architecture, variant=variant)
    stored = layout.add(config, OCI_CONFIG)
    return layout.manifest(stored, [layer.descriptor for layer in layers])


def debian(layout: Layout) -> None:
    """A real root: Debian's smallest that has apt."""
    layout.publish(image_of(layout, [debian_layer(layout)]), "latest")


def python(layout: Layout) -> None:
    """What the image of Entrepot itself is built on in tests: Debian's Python, on two platforms."""
    children = []
    for architecture in ("amd64", "arm64"):
        layer = python_layer(layout, architecture)
        image = image_of(layout, [layer], architecture=architecture)
        children.append({**image, "platform": {"os": "linux", "architecture": architecture}})
    layout.publish(layout.index(children), "latest")


def host_tree(layout: Layout) -> None:
    """A small tree of this machine's programs, in Debian's place."""
    layout.publish(image_of(layout, [host_layer(layout)]), "latest")


def layers_64(layout: Layout) -> None:
    """Many layers, each with one file of its own."""
    noise = random.Random(LAYER_COUNT)
    layers = [
        file_layer(layout, [File(f"srv/{number:02d}", noise.randbytes(2000 + 37 * number))])
        for number in range(LAYER_COUNT)
    ]
    layout.publish(image_of(layout, layers), "latest")


def big(layout: Layout, size_mib: int) -> None:
    """One large layer that does not compress."""
    layout.publish(image_of(layout, [noise_layer(layout, size_mib)]), "latest")


def platforms(layout: Layout) -> None:
    """An index of three platforms that share a layer."""
    shared = file_layer(layout, [File("etc/shared", b"on every platform\n")])
    children = []
    for architecture, variant in PLATFORMS:
        own = file_layer(layout, [File("etc/platform", f"{architecture}\n".encode())])
        platform = {"os": "linux", "architecture": architecture}
        if variant is not None:
            platform["variant"] = variant
        image = image_of(layout, [shared, own], architecture=architecture, variant=variant)
        children.append({**image, "platform": platform})
    layout.publish(layout.index(children), "latest")


def helm_chart(layout: Layout) -> None:
    """A chart in the shape that `helm push` gives it."""
    files = [File(name, text.encode()) for name, text in CHART.items()]
    layer = file_layer(layout, files).descriptor
    layer["mediaType"] = HELM + "chart.content.v1.tar+gzip"
    metadata = encode({"name": "entrepot-demo", "version": "0.1.0", "apiVersion": "v2"})
    config = layout.add(metadata, HELM + "config.v1+json")
    named = {"org.opencontainers.image.title": "entrepot-demo"}
    layout.publish(layout.manifest(config, [layer], annotations=named), "0.1.0")


def referred(layout: Layout) -> None:
    """An image with an SBOM and a report as referrers, and a referrer of the SBOM."""
    script = File("app", b"#!/bin/sh\necho hello\n", 0o755)
    image = layout.publish(image_of(layout, [file_layer(layout, [script])]), "latest")
    empty = layout.add(b"{}", OCI_EMPTY)

    def attach(subject: Json, media_type: str, content: bytes) -> Json:
        layer = layout.add(content, media_type)
        fields = {"artifactType": media_type, "subject": subject}
        return layout.publish(layout.manifest(empty, [layer], **fields))

    inventory = encode({"spdxVersion": "SPDX-2.3", "name": "app", "packages": []})
    sbom = attach(image, "application/spdx+json", inventory)
    attach(image, "application/sarif+json", encode({"version": "2.1.0", "runs": []}))
    attach(sbom, "application/vnd.example.signature", b"a signature of the SBOM")


def edge(layout: Layout) -> None:
    """Valid shapes that a registry may trip over: no layers, and nothing but `{}`."""
    layout.publish(image_of(layout, []), "zero-layers")
    empty = layout.add(b"{}", OCI_EMPTY)
    kind = "application/vnd.example.empty"
    layout.publish(layout.manifest(empty, [empty], artifactType=kind), "empty-artifact")


def docker_schema2(layout: Layout) -> None:
    """The same image as Docker's own manifest, and as a manifest list."""
    layer = file_layer(layout, [File("etc/docker", tar_of([]))])
    config = layout.add(config_of([layer]), DOCKER_CONFIG)
    body = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": config,
        "layers": [{**layer.descriptor, "mediaType": DOCKER_LAYER}],
    }
    single = layout.publish(layout.add(encode(body), DOCKER_MANIFEST), "single")
    child = {**single, "platform": {"os": "linux", "architecture": "amd64"}}
    layout.publish(layout.index([child], media_type=DOCKER_LIST), "list")
