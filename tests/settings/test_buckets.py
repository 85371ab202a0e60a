"""Settings of object stores that cannot be used."""

import pytest

from entrepot.settings import Settings, Storage
from entrepot.settings.buckets import check_objects
from entrepot.settings.model import SettingsError
from entrepot.settings.objects import Objects


def cdn(url: str = "https://d1.cloudfront.net", *, redirect: bool = True) -> Objects:
    return Objects(redirect=redirect, cdn_url=url, cdn_key="key.pem", cdn_key_id="K1")


@pytest.mark.parametrize(
    "place", ["", "s3://bucket", "s3://bucket/", "s3://my.bucket-1/a/b", "gs://b/x", "az://c"]
)
def test_places_that_can_be_used(place: str) -> None:
    check_objects(Settings(storage=Storage(blobs=place)))


@pytest.mark.parametrize(
    "place", ["bucket", "s3://", "s3:/bucket", "http://bucket", "s3://b/x?y", "s3://k:s@bucket"]
)
def test_places_that_cannot(place: str) -> None:
    with pytest.raises(SettingsError, match=r"storage\.blobs"):
        check_objects(Settings(storage=Storage(blobs=place)))


@pytest.mark.parametrize("place", ["gs://b/x", "az://c"])
def test_encryption_is_asked_of_s3_only(place: str) -> None:
    check_objects(Settings(storage=Storage(blobs="s3://b"), objects=Objects(sse="AES256")))
    with pytest.raises(SettingsError, match=r"objects\.sse: it goes with s3://"):
        check_objects(Settings(storage=Storage(blobs=place), objects=Objects(sse="AES256")))


@pytest.mark.parametrize(
    "objects",
    [
        Objects(endpoint="http://127.0.0.1:9000"),
        Objects(endpoint="https://[::1]:9000/", addressing="path", ca="ca.pem"),
        Objects(sse="AES256"),
        Objects(sse="aws:kms", kms_key_id="arn:aws:kms:eu-west-1:1:key/2"),
        cdn(),
    ],
)
def test_what_can_be_used(objects: Objects) -> None:
    check_objects(Settings(objects=objects))


@pytest.mark.parametrize(
    "objects, key",
    [
        (Objects(addressing="host"), "addressing"),
        (Objects(endpoint="minio:9000"), "endpoint"),
        (Objects(endpoint="http://minio/path"), "endpoint"),
        (Objects(sse="aes"), "sse"),
        (Objects(kms_key_id="k"), "kms_key_id"),
        (Objects(sse="AES256", kms_key_id="k"), "kms_key_id"),
        (Objects(cdn_key="k"), "cdn_key"),
        (Objects(redirect=True, cdn_url="https://d1.cloudfront.net"), "cdn_url"),
        (cdn(redirect=False), "cdn_url"),
        (cdn("d1.cloudfront.net"), "cdn_url"),
    ],
)
def test_what_cannot(objects: Objects, key: str) -> None:
    with pytest.raises(SettingsError, match=rf"objects\.{key}"):
        check_objects(Settings(objects=objects))
