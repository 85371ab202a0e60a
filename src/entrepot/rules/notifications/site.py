"""What payloads say of the registry itself, and small pieces that they share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from .notice import Notice


@dataclass(frozen=True, slots=True)
class Site:
    """The registry itself, as others know it."""

    url: str = ""
    """Its public URL without a slash at the end; empty where that is not known."""
    name: str = "entrepot"
    """What it calls itself."""

    @property
    def host(self) -> str:
        """What clients write before a repository's name; the registry's name without a URL."""
        return self.url.partition("://")[2] or self.name


@dataclass(frozen=True, slots=True)
class Addressee:
    """Which webhook a payload is for: its number, and its project."""

    webhook_id: int
    project: str = ""


def rfc3339(seconds: float) -> str:
    """Return a time as RFC 3339 writes it, with microseconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def image(site: Site, notice: Notice, reference: str) -> str:
    """Return what one pulls: `registry.example.com/library/app:1.2`, or with @ and a digest."""
    joint = "@" if ":" in reference else ":"
    return f"{site.host}/{notice.repository}{joint}{reference}" if reference else ""


def manifest_url(site: Site, notice: Notice, reference: str) -> str:
    """Return the URL of a manifest; empty where the registry's own is not known."""
    if not site.url or not reference:
        return ""
    return f"{site.url}/v2/{notice.repository}/manifests/{quote(reference, safe=':')}"


def references(notice: Notice) -> tuple[str, ...]:
    """Return the tags of a notice, or else its digest, or else nothing."""
    return notice.tags or ((notice.digest,) if notice.digest else ())
