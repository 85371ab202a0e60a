"""Google's and Azure's clouds, whose credentials obstore finds by itself."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore

from entrepot.settings.objects import Objects

from .errors import StoreRefused, made
from .s3 import client_options, retry_config

if TYPE_CHECKING:
    from obstore.store import AzureConfig, GCSConfig

ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
"""The variable that obstore has the account's name from."""


def open_cloud(scheme: str, bucket: str, prefix: str, options: Objects) -> AzureStore | GCSStore:
    """Return the driver of `gs://` or `az://`. `StoreFailed`, `StoreRefused` if there is none."""
    web = client_options(options, options.ca or os.environ.get("AWS_CA_BUNDLE", ""))
    again = retry_config(options)
    place = prefix or None
    with made(f"{scheme}://{bucket}"):
        if scheme == "gs":
            google = _google(options)
            return GCSStore(
                bucket, prefix=place, config=google, client_options=web, retry_config=again
            )
        azure = _azure(options)
        return AzureStore(
            bucket, prefix=place, config=azure, client_options=web, retry_config=again
        )


def _google(options: Objects) -> "GCSConfig":
    return {"base_url": options.endpoint.rstrip("/")} if options.endpoint else {}


def _azure(options: Objects) -> "AzureConfig":
    """Return where the account is: in the path of the endpoint, or in its host name."""
    if not options.endpoint:
        return {}
    account = os.environ.get(ACCOUNT, "")
    if not account:
        raise StoreRefused(f"no account for az://: set {ACCOUNT}")
    parts = urlsplit(options.endpoint.rstrip("/"))
    if options.addressing == "virtual":
        return {"endpoint": f"{parts.scheme}://{account}.{parts.netloc}"}
    return {"endpoint": f"{parts.scheme}://{parts.netloc}/{account}"}
