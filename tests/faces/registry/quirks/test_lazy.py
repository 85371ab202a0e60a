"""Ranges as lazy and partial pulls ask for them: podman, stargz, SOCI, nydus."""

import re
from email import message_from_bytes
from email.policy import HTTP

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from entrepot.oci.ranges import RANGES_MAX
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry
from tests.services.house import descriptor

DATA = bytes(number % 251 for number in range(8192))
URL = f"/v2/app/blobs/{Digest.of(DATA)}"
SOCI_V1 = "application/vnd.amazon.soci.index.v1+json"
SOCI_V2 = "application/vnd.amazon.soci.index.v2+json"


async def ranges(registry: Registry, *wanted: str, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await registry.get(URL, {"Range": "bytes=" + ",".join(wanted), **more})


def parts_of(answer: Answer) -> list[tuple[str, bytes]]:
    head = f"Content-Type: {answer.header('Content-Type')}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.body, policy=HTTP)
    parts = [(p["Content-Range"], p.get_payload(decode=True)) for p in message.iter_parts()]
    return [(str(where), bytes(body)) for where, body in parts if isinstance(body, bytes)]


# podman, skopeo: zstd:chunked --------------------------------------------------------------------


async def test_podman_asks_for_1024_ranges_the_last_one_open(registry: Registry) -> None:
    await registry.push_blob(DATA)
    starts = range(0, 4 * RANGES_MAX, 4)
    wanted = [f"{start}-{start + 2}" for start in starts[:-1]] + [f"{starts[-1]}-"]
    answer = await ranges(registry, *wanted)
    assert RANGES_MAX == 1024
    assert answer.status == 206
    parts = parts_of(answer)
    assert len(parts) == RANGES_MAX
    assert [body for _, body in parts[:-1]] == [DATA[start : start + 3] for start in starts[:-1]]
    assert parts[-1] == (f"bytes {starts[-1]}-8191/8192", DATA[starts[-1] :])


async def test_podman_counts_a_part_for_each_range_even_of_neighbours(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await ranges(registry, "0-9", "10-19", "20-29")
    assert [body for _, body in parts_of(answer)] == [DATA[0:10], DATA[10:20], DATA[20:30]]


async def test_podman_gives_up_on_416_so_many_ranges_never_get_it(registry: Registry) -> None:
    await registry.push_blob(DATA)
    too_many = [f"{2 * number}-{2 * number}" for number in range(RANGES_MAX + 1)]
    assert (await ranges(registry, *too_many)).status == 400
    assert (await ranges(registry, *too_many[: RANGES_MAX // 2])).status == 206


async def test_podman_asks_for_one_range_and_gets_no_multipart(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await ranges(registry, "100-199")
    assert (answer.status, answer.body) == (206, DATA[100:200])
    assert answer.header("Content-Range") == "bytes 100-199/8192"


# stargz-snapshotter ------------------------------------------------------------------------------


async def test_stargz_takes_the_size_from_head_or_from_two_bytes(registry: Registry) -> None:
    await registry.push_blob(DATA)
    assert (await registry.head(URL)).header("Content-Length") == "8192"
    answer = await ranges(registry, "0-1", Accept_Encoding="identity")
    assert str(answer.header("Content-Range")).rpartition("/")[2] == "8192"


async def test_stargz_reads_the_footer_and_places_parts_by_their_ranges(
    registry: Registry,
) -> None:
    await registry.push_blob(DATA)
    answer = await ranges(registry, "8141-8191", "0-99", Accept_Encoding="identity")
    assert answer.header("Content-Encoding") is None
    assert parts_of(answer) == [
        ("bytes 8141-8191/8192", DATA[8141:]),
        ("bytes 0-99/8192", DATA[:100]),
    ]


async def test_stargz_reads_a_boundary_without_quotes(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await ranges(registry, "0-1", "4-5")
    kind = str(answer.header("Content-Type"))
    assert re.fullmatch(r"multipart/byteranges; boundary=[0-9A-Za-z-]{1,70}", kind)
    assert answer.header("Content-Length") == str(len(answer.body))


# SOCI and nydus ----------------------------------------------------------------------------------


async def test_soci_needs_accept_ranges_on_206(registry: Registry) -> None:
    await registry.push_blob(DATA)
    for wanted in (("0-99",), ("0-99", "200-299")):
        assert (await ranges(registry, *wanted)).header("Accept-Ranges") == "bytes"


async def test_soci_finds_its_first_index_among_the_referrers(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    await registry.push_blob(b"ztoc")
    index = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": SOCI_V1,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [
                {
                    **descriptor("application/octet-stream", b"ztoc"),
                    "annotations": {"com.amazon.soci.image-layer-digest": Digest.of(DATA)},
                }
            ],
            "subject": descriptor(OCI_MANIFEST, raw),
        }
    )
    assert (await registry.push_manifest(index, Digest.of(index))).status == 201
    url = f"/v2/app/referrers/{Digest.of(raw)}?artifactType={SOCI_V1.replace('+', '%2B')}"
    answer = await registry.get(url)
    assert [entry["digest"] for entry in answer.json["manifests"]] == [Digest.of(index)]
    assert answer.header("OCI-Filters-Applied") == "artifactType"


async def test_soci_puts_its_second_index_beside_the_image(registry: Registry) -> None:
    raw = await registry.push_image("", [DATA])
    await registry.push_blob(b"ztoc")
    soci = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": SOCI_V2,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [descriptor("application/octet-stream", b"ztoc")],
        }
    )
    assert (await registry.push_manifest(soci, Digest.of(soci))).status == 201
    entries = [
        {**descriptor(OCI_MANIFEST, raw), "platform": {"architecture": "amd64", "os": "linux"}},
        {
            **descriptor(OCI_MANIFEST, soci),
            "artifactType": SOCI_V2,
            "annotations": {"com.amazon.soci.image-manifest-digest": Digest.of(raw)},
        },
    ]
    whole = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    assert (await registry.push_index(whole, "v1")).status == 201
    assert (await registry.get(f"/v2/app/manifests/{Digest.of(soci)}")).body == soci


async def test_nydus_reads_many_small_ranges(registry: Registry) -> None:
    await registry.push_blob(DATA)
    for start in range(0, 8192, 1000):
        end = min(start + 99, 8191)
        answer = await ranges(registry, f"{start}-{end}")
        assert (answer.status, answer.body) == (206, DATA[start : end + 1])
