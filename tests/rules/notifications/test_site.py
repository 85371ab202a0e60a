"""What payloads say of the registry."""

import msgspec

from entrepot.rules.notifications.site import Site, image, manifest_url, references, rfc3339
from tests.rules.notifications.notices import DIGEST, PUSHED, SITE


def test_images_are_named_as_one_pulls_them() -> None:
    assert image(SITE, PUSHED, "1.2") == "registry.example.com/library/app:1.2"
    assert image(SITE, PUSHED, DIGEST) == f"registry.example.com/library/app@{DIGEST}"
    assert image(Site(name="reg"), PUSHED, "1.2") == "reg/library/app:1.2"
    assert image(SITE, PUSHED, "") == ""


def test_manifests_have_urls_where_the_registrys_own_is_known() -> None:
    url = manifest_url(SITE, PUSHED, DIGEST)
    assert url == f"https://registry.example.com/v2/library/app/manifests/{DIGEST}"
    assert manifest_url(Site(), PUSHED, DIGEST) == ""


def test_references_are_tags_or_else_the_digest() -> None:
    assert references(PUSHED) == ("1.2",)
    assert references(msgspec.structs.replace(PUSHED, tags=())) == (DIGEST,)
    assert references(msgspec.structs.replace(PUSHED, tags=(), digest="")) == ()


def test_times() -> None:
    assert rfc3339(1_755_860_400.25) == "2025-08-22T11:00:00.250000Z"
