"""Settings of blobs in an object store."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Objects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object store that `storage.blobs` names; see blobs.md.

    Credentials are found as the cloud's own programs find them: in variables, profiles, web
    identities, or the metadata of the machine.
    """

    endpoint: Annotated[
        str,
        Meta(
            description="URL of an S3 server that is not AWS, such as `https://minio:9000`; or of "
            "a private endpoint of Google's, or of another Azure than the public one."
        ),
    ] = ""
    region: Annotated[
        str, Meta(description="The bucket's region, where neither AWS_REGION nor a profile has it.")
    ] = ""
    addressing: Annotated[
        str,
        Meta(
            description="Where the bucket's name stands in a URL: `path`, `virtual` (in the host "
            "name), or `auto`, which is `path` where there is an endpoint. On Azure, with an "
            "endpoint: the account's name."
        ),
    ] = "auto"
    ca: Annotated[
        str, Meta(description="PEM file of authorities that are trusted besides the system's.")
    ] = ""
    sse: Annotated[
        str,
        Meta(
            description="Encryption at rest that is asked for: `AES256`, `aws:kms`, or nothing: "
            "what the bucket does by itself. For S3 only."
        ),
    ] = ""
    kms_key_id: Annotated[str, Meta(description="The key for `aws:kms`.")] = ""
    redirect: Annotated[
        bool,
        Meta(description="Send clients to the object store for blobs, by signed URLs (307)."),
    ] = False
    redirect_seconds: Annotated[
        Annotated[float, Meta(ge=1, le=7 * 86400)],
        Meta(description="How long such a URL is good for."),
    ] = 1200.0
    cdn_url: Annotated[
        str,
        Meta(description="URL of a CloudFront distribution over the bucket, to send them there."),
    ] = ""
    cdn_key_id: Annotated[
        str, Meta(description="Id of the public key that CloudFront checks URLs with.")
    ] = ""
    cdn_key: Annotated[
        str, Meta(description="PEM file of the private key, RSA, that they are signed with.")
    ] = ""
    part_size_bytes: Annotated[
        Annotated[int, Meta(ge=5 << 20, le=512 << 20)],
        Meta(description="Size of the parts of big blobs; from 20 GiB on they grow."),
    ] = 8 << 20
    concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=64)],
        Meta(
            description="Parts of one upload that are on their way at once; each takes its size "
            "in memory, and so does the one being filled."
        ),
    ] = 2
    connect_seconds: Annotated[
        Annotated[float, Meta(gt=0, le=600)], Meta(description="Time to connect.")
    ] = 5.0
    read_seconds: Annotated[
        Annotated[float, Meta(gt=0, le=3600)],
        Meta(description="How long the store may be silent within an answer."),
    ] = 30.0
    retry_seconds: Annotated[
        Annotated[float, Meta(ge=0, le=3600)],
        Meta(description="How long a request that fails is tried again."),
    ] = 60.0
