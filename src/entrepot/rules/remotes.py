"""Other registries: what they are called, and how they are addressed."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from entrepot.oci.errors import Code, Fault

from .pages import is_text, is_web_url

OCI = "oci"
"""Any registry that speaks the distribution specification."""
KINDS = (
    OCI,
    "alibaba",
    "artifactory",
    "aws",
    "azure",
    "docker-hub",
    "entrepot",
    "github",
    "gitlab",
    "google",
    "harbor",
    "huawei",
    "quay",
    "tencent",
    "volcengine",
)
"""Products, as far as they differ in more than the specification says."""
NAME_MAX = 255
DESCRIPTION_MAX = 1024
ACCOUNT_MAX = 256
SECRET_MAX = 8192
"""Keys of clouds are JSON documents of some 2 KiB."""


@dataclass(frozen=True, slots=True)
class RemoteText:
    """What is told of another registry; `account` is empty for an anonymous one."""

    name: str
    url: str
    kind: str = OCI
    description: str = ""
    account: str = ""
    insecure: bool = False
    """Whether its certificate is not looked at."""


def check_remote(text: RemoteText) -> Fault | None:
    """Return why a registry cannot be kept like this, or None."""
    name = text.name
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        return _refused(f"its name has up to {NAME_MAX} characters that can be seen")
    if text.kind not in KINDS:
        return _refused(f"{text.kind[:40]!a} is no kind of registry: use one of {', '.join(KINDS)}")
    wrong = check_url(text.url)
    if wrong is not None:
        return wrong
    if len(text.description) > DESCRIPTION_MAX or not is_text(text.description):
        return _refused(f"its description is text of up to {DESCRIPTION_MAX} characters")
    if len(text.account) > ACCOUNT_MAX or not text.account.isprintable() or ":" in text.account:
        return _refused(f"its account has up to {ACCOUNT_MAX} characters, and no colon (RFC 7617)")
    return None


def check_url(url: str) -> Fault | None:
    """Return why a registry cannot have that address, or None."""
    if not is_web_url(url) or any(char in url for char in "?#"):
        return _refused(
            "its address is https://HOST, https://HOST:PORT or so with http, without an account"
        )
    return None


def check_secret(secret: str) -> Fault | None:
    """Return why an account cannot have that secret, or None. It is not repeated."""
    if len(secret.encode()) > SECRET_MAX or any(char in secret for char in "\r\n\x00"):
        return _refused(f"a secret is a line of up to {SECRET_MAX} bytes")
    return None


def normal_url(url: str) -> str:
    """Return an address as it is kept: without a slash at its end."""
    return url.rstrip("/")


def same_place(one: str, other: str) -> bool:
    """Whether what is sent to one address is sent to the same server as to the other."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def _refused(what: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, f"a registry cannot be kept like this: {what}")
