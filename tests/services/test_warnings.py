"""From rows and manifests to warnings."""

import json

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import parse
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.ports.catalog import ManifestRow
from entrepot.rules.warnings import DEPRECATED, END_OF_LIFE
from entrepot.services.warnings import WarningService
from tests.services.house import HandClock, image

DAY_SECONDS = 86400


def row(annotations: dict[str, str]) -> ManifestRow:
    return ManifestRow(
        id=1,
        repository_id=1,
        digest=Digest.of(b"x"),
        media_type=OCI_MANIFEST,
        artifact_type="",
        size=1,
        subject=None,
        annotations=json.dumps(annotations),
        pushed_at=0.0,
    )


@pytest.mark.parametrize(
    "annotations, count",
    [
        ({}, 0),
        ({"note": f"about {DEPRECATED}"}, 0),
        ({DEPRECATED: 'use "v2"'}, 1),
        ({END_OF_LIFE: "2020-01-01", DEPRECATED: ""}, 2),
    ],
)
def test_a_stored_manifest_and_a_pushed_one_say_the_same(
    annotations: dict[str, str], count: int
) -> None:
    service = WarningService(HandClock())
    stored = service.of_stored(row(annotations), "app:v1")
    assert len(stored) == count
    assert stored == service.of_pushed(parse(image([], annotations=annotations)), "app:v1")


def test_the_clock_says_which_day_it_is() -> None:
    clock = HandClock(seconds=0.0)
    service = WarningService(clock)
    old = row({END_OF_LIFE: "1970-01-03"})
    assert service.of_stored(old, "app:v1") == ()
    clock.seconds = 2.5 * DAY_SECONDS
    assert len(service.of_stored(old, "app:v1")) == 1
