"""`entrepot repo list|show|describe|readme|usage|dockerfile`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.faces.cli.repositories import (
    describe,
    dockerfile,
    list_repositories,
    readme,
    show_repository,
    usage,
)
from entrepot.oci.json import encode
from tests.faces.cli.doorshop import DoorShop, open_doorshop
from tests.faces.manage.curating import push_image


@pytest.fixture
async def shop() -> AsyncIterator[DoorShop]:
    async with open_doorshop() as made:
        config = encode(
            {"os": "linux", "architecture": "amd64", "history": [{"created_by": "USER x"}]}
        )
        await push_image(made.door.house, "acme/app", "v1", config)
        await push_image(made.door.house, "other", "v1")
        yield made


async def test_a_repository_is_described_and_shown(shop: DoorShop, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("# App\n\nHello.\n", encoding="utf-8")
    said = await shop.said(
        describe,
        "acme/app",
        "--description",
        "An app",
        "--readme",
        str(file),
        "--source",
        "https://example.com/app",
        "--maintainer",
        "Ann",
        "--maintainer",
        "Bob",
    )
    assert said == "repository acme/app described\n"
    shown = await shop.said(show_repository, "acme/app")
    assert shown.splitlines()[:5] == [
        "description: An app",
        "source: https://example.com/app",
        "maintainers: Ann, Bob",
        "artifacts: 1",
        "tags: 1",
    ]
    assert '"has_readme":true' in await shop.said(show_repository, "acme/app", "--json")
    assert await shop.said(readme, "acme/app") == "# App\n\nHello.\n"
    listed = (await shop.said(list_repositories)).splitlines()
    assert [line.split() for line in listed[1:]] == [["acme/app", "An", "app"], ["other"]]
    assert "other" not in await shop.said(list_repositories, "--project", "acme", "--json")


async def test_how_an_image_was_made_and_is_used(shop: DoorShop) -> None:
    assert (await shop.said(dockerfile, "acme/app:v1")).endswith("FROM scratch\nUSER x\n")
    assert '"platform":"linux/amd64"' in await shop.said(dockerfile, "acme/app:v1", "--json")
    assert "docker pull" in await shop.said(usage, "acme/app:v1")
    assert '"podman"' in await shop.said(usage, "acme/app:v1", "--json")


async def test_what_is_refused(shop: DoorShop) -> None:
    assert "nothing to write" in await shop.refused(describe, "acme/app")
    assert "names no artifact" in await shop.refused(usage, "acme/app")
    assert "there is no repository" in await shop.refused(show_repository, "none")
    wrong = await shop.refused(describe, "acme/app", "--source", "javascript:x")
    assert "https://" in wrong
