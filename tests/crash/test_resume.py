"""An upload that was cut off by a crash goes on where it stood."""

from pathlib import Path

import pytest

from entrepot.oci.digest import Digest

from .client import Client
from .server import Server

pytestmark = pytest.mark.crash

DATA = bytes(range(256)) * 4096


async def test_an_upload_goes_on_after_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        await server.start()
        async with Client.connect(server.port) as client:
            begun = await client.call("POST", "/v2/app/blobs/uploads/")
            location = begun.headers["location"]
            first = await client.call("PATCH", location, DATA[:700_000])
            assert first.headers["range"] == "0-699999"
        await server.kill()
        await server.start()
        async with Client.connect(server.port) as client:
            status = await client.call("GET", location)
            assert (status.status, status.headers["range"]) == (204, "0-699999")
            span = [f"Content-Range: 700000-{len(DATA) - 1}"]
            target = f"{location}?digest={Digest.of(DATA)}"
            done = await client.call("PUT", target, DATA[700_000:], span)
            assert done.status == 201
            found = await client.call("GET", f"/v2/app/blobs/{Digest.of(DATA)}")
            assert found.body == DATA
    finally:
        await server.kill()
