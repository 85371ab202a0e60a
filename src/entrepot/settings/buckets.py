"""What no type can say of the settings of object stores."""

import re

from .model import Settings, SettingsError
from .objects import Objects

ADDRESSING = ("auto", "path", "virtual")
ENCRYPTIONS = ("", "AES256", "aws:kms")

_ENDPOINT = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
_CDN = re.compile(r"https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_STORE = re.compile(r"(s3|gs|az)://[A-Za-z0-9._-]{1,255}(/[A-Za-z0-9._~/-]*)?")


def check_objects(settings: Settings) -> None:
    """Raise `SettingsError` for what cannot be used."""
    place, objects = settings.storage.blobs, settings.objects
    if place and not _STORE.fullmatch(place):
        raise SettingsError(
            f"storage.blobs: '{place[:80]}' must be s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or "
            "az://CONTAINER/PREFIX"
        )
    if objects.addressing not in ADDRESSING:
        raise SettingsError(
            f"objects.addressing: '{objects.addressing[:80]}' must be auto, path or virtual"
        )
    if objects.endpoint and not _ENDPOINT.fullmatch(objects.endpoint):
        raise SettingsError(
            f"objects.endpoint: '{objects.endpoint[:80]}' must be a URL without a path, for "
            "example https://minio.example.com:9000"
        )
    if objects.sse not in ENCRYPTIONS:
        raise SettingsError(f"objects.sse: '{objects.sse[:80]}' must be AES256, aws:kms or empty")
    if objects.sse and place and not place.startswith("s3://"):
        raise SettingsError(
            "objects.sse: it goes with s3:// only; give the bucket or container a key instead"
        )
    if objects.kms_key_id and objects.sse != "aws:kms":
        raise SettingsError("objects.kms_key_id: it goes with objects.sse = 'aws:kms' only")
    _check_cdn(objects)


def _check_cdn(objects: Objects) -> None:
    if not objects.cdn_url:
        if objects.cdn_key or objects.cdn_key_id:
            raise SettingsError("objects.cdn_key: it goes with objects.cdn_url; set that too")
        return
    if not _CDN.fullmatch(objects.cdn_url):
        raise SettingsError(
            f"objects.cdn_url: '{objects.cdn_url[:80]}' must be a URL, for example "
            "https://d111111abcdef8.cloudfront.net"
        )
    if not objects.cdn_key or not objects.cdn_key_id:
        raise SettingsError("objects.cdn_url: it needs objects.cdn_key and objects.cdn_key_id")
    if not objects.redirect:
        raise SettingsError("objects.cdn_url: nobody is sent there; set objects.redirect too")
