"""S3 and what speaks as it does: two clients, one chain of credentials."""

import os
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError
from obstore.store import S3Store

from entrepot.settings.objects import Objects

from .errors import StoreRefused, made
from .multipart import SLOWEST_BYTES_PER_SECOND, Pace, S3Multiparts

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

CREDENTIAL_SECONDS = 300.0
"""How long credentials that change are said to be good for: obstore asks again so long before the
end, so it asks botocore for each request, or every 100 ms."""
CONNECTIONS_MAX = 128
"""Connections for parts and multipart calls of one process."""
ATTEMPTS = 5
"""Tries of a multipart call; botocore waits longer after each, by chance."""
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Variables that name a server where `objects.endpoint` does not."""
REGION = "us-east-1"
"""Where nothing says one; servers that are not AWS take any."""


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket's two clients."""

    driver: S3Store
    multiparts: S3Multiparts


async def open_s3(bucket: str, prefix: str, options: Objects, stack: AsyncExitStack) -> S3:
    """Return the clients of a bucket; `stack` closes them. `StoreRefused` without credentials."""
    # Both clients read these, and only one would mind where the bucket's name then stands.
    options = msgspec.structs.replace(options, endpoint=options.endpoint or _endpoint())
    session = AioSession()
    region = options.region or session.get_config_variable("region") or REGION
    try:
        credentials = await session.get_credentials()
    except BotoCoreError as error:
        raise StoreRefused(f"no credentials for s3://{bucket}: {error}") from error
    if credentials is None:
        raise StoreRefused(
            f"no credentials for s3://{bucket}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or a profile, or give the machine or pod a role"
        )
    authorities = options.ca or os.environ.get("AWS_CA_BUNDLE", "")
    is_path = options.addressing == "path" or (
        options.addressing == "auto" and bool(options.endpoint)
    )
    with made(f"s3://{bucket}"):
        driver = S3Store(
            bucket,
            prefix=prefix or None,
            config=_driver_config(options, bucket, region, is_path=is_path),
            client_options=client_options(options, authorities),
            retry_config=retry_config(options),
            credential_provider=_Credentials(credentials),
        )
    client = await stack.enter_async_context(
        session.create_client(
            "s3",
            region_name=region,
            endpoint_url=options.endpoint or None,
            verify=authorities or None,
            config=AioConfig(
                signature_version="s3v4",
                ignore_configured_endpoint_urls=True,
                connect_timeout=options.connect_seconds,
                read_timeout=options.read_seconds,
                max_pool_connections=CONNECTIONS_MAX,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                s3={"addressing_style": "path" if is_path else "virtual"},
                # Checksums of bodies are an extra that many servers refuse.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    )
    place = options.endpoint or f"https://{bucket}.s3.{region}.amazonaws.com"
    http = await stack.enter_async_context(_http(options, authorities, proxy_of(place)))
    pace = Pace(options.read_seconds, options.retry_seconds)
    multiparts = S3Multiparts(
        client, http, bucket=bucket, prefix=prefix, pace=pace, encryption=_encryption(options)
    )
    return S3(driver, multiparts)


def _endpoint() -> str:
    """Return the server that the environment names, or nothing."""
    return next((found for name in ENDPOINTS if (found := os.environ.get(name))), "")


def client_options(options: Objects, authorities: str) -> "ClientConfig":
    """Return what obstore's HTTP client is to be told."""
    config: ClientConfig = {
        "connect_timeout": timedelta(seconds=options.connect_seconds),
        # It runs while a body is sent, too.
        "read_timeout": timedelta(
            seconds=options.read_seconds + options.part_size_bytes / SLOWEST_BYTES_PER_SECOND
        ),
        # Of a whole answer: whoever pulls may be slow.
        "timeout": timedelta(days=1),
        "allow_http": options.endpoint.startswith("http://"),
    }
    if authorities:
        config["root_certificate"] = Path(authorities).read_bytes()
    return config


def retry_config(options: Objects) -> "RetryConfig":
    """Return how long obstore tries."""
    return {
        "max_retries": 10,
        "retry_timeout": timedelta(seconds=options.retry_seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=5),
            "base": 2,
        },
    }


class _Credentials:
    """What botocore's chain found, for obstore; renewed by botocore before it expires."""

    def __init__(self, credentials: AioCredentials) -> None:
        self._credentials = credentials

    async def __call__(self) -> "S3Credential":
        frozen = await self._credentials.get_frozen_credentials()
        changes = isinstance(self._credentials, AioRefreshableCredentials)
        expires_at = datetime.now(UTC) + timedelta(seconds=CREDENTIAL_SECONDS)
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": expires_at if changes else None,
        }


def _driver_config(options: Objects, bucket: str, region: str, *, is_path: bool) -> "S3Config":
    config: S3Config = {
        "region": region,
        "virtual_hosted_style_request": not is_path,
        # Some servers have no DeleteObjects.
        "disable_bulk_delete": True,
    }
    if options.endpoint:
        parts = urlsplit(options.endpoint.rstrip("/"))
        host = parts.netloc if is_path else f"{bucket}.{parts.netloc}"
        config["endpoint"] = f"{parts.scheme}://{host}{parts.path}"
    if options.sse:
        config["server_side_encryption"] = options.sse
    if options.sse and options.kms_key_id:
        config["sse_kms_key_id"] = options.kms_key_id
    return config


def _encryption(options: Objects) -> dict[str, str]:
    """Return the arguments of a multipart upload."""
    if not options.sse:
        return {}
    found = {"ServerSideEncryption": options.sse}
    if options.kms_key_id:
        found["SSEKMSKeyId"] = options.kms_key_id
    return found


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, as the other two clients find it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _http(options: Objects, authorities: str, proxy: str | None) -> aiohttp.ClientSession:
    context: Any = True
    if authorities:
        context = ssl.create_default_context()
        context.load_verify_locations(authorities)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=context),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_seconds),
        auto_decompress=False,
        # Not `trust_env`: it would look into ~/.netrc for each part, and send what it finds.
        proxy=proxy,
    )
