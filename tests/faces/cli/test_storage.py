"""`entrepot cost` and `scrub`."""

from entrepot.faces.cli.storage import cost, scrub
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from tests.faces.cli.shop import Shop

NAME = RepositoryName("team/app")


async def test_what_deleting_would_free(lifeshop: Shop) -> None:
    await lifeshop.lifecycle.house.add_image(Tag("v"), [b"x" * 2048], NAME)
    told = await lifeshop.said(cost, "team/app:v")
    assert told.splitlines()[0].split() == ["manifests", "1"]
    assert told.splitlines()[1].startswith("freed       2.")
    whole = await lifeshop.asked(cost, "team/app")
    assert whole["unique_bytes"] > 2048
    assert whole["shared_bytes"] == 0
    assert await lifeshop.asked(cost, "team", "--project") == whole
    digest = whole["largest"][0]["digest"]
    assert (await lifeshop.run(cost, f"team/app@{digest}")).exit_code == 1
    assert (await lifeshop.run(cost, "team:v", "--project")).exit_code == 2


async def test_a_scrub_and_what_it_found(lifeshop: Shop) -> None:
    assert await lifeshop.said(scrub, "damages") == "no blob is known to be damaged\n"
    row = await lifeshop.lifecycle.house.add_blob(b"data", NAME)
    await lifeshop.lifecycle.house.store.delete(Blob(row.digest, row.generation))
    assert "damaged 1" in await lifeshop.said(scrub, "run", "--wait")
    assert (await lifeshop.said(scrub, "damages")).splitlines()[1].split()[0] == row.digest
    await lifeshop.lifecycle.house.add_blob(b"data", NAME)
    assert await lifeshop.asked(scrub, "damages") == []
    assert len(await lifeshop.asked(scrub, "damages", "--healed")) == 1
