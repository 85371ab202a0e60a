"""Platforms: what an entry of an index runs on (image-spec, image index)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system and processor, in Go's words (`linux`, `amd64`, `v8`)."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @property
    def is_unknown(self) -> bool:
        """Whether BuildKit marks an attestation with it: never offered to run."""
        return self.os == "unknown" and self.architecture == "unknown"

    def __str__(self) -> str:
        parts = [self.os, self.architecture]
        if self.variant:
            parts.append(self.variant)
        return "/".join(parts)


def parse_platform(text: str) -> Platform:
    """Return the platform that `os[/architecture[/variant]]` names; ValueError if none."""
    parts = text.strip().lower().split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise ValueError(f"'{text}' is not a platform: write it as linux/amd64 or linux/arm/v7")
    return normalised(Platform(*parts))


def normalised(platform: Platform) -> Platform:
    """Return the platform in containerd's canonical form (`x86_64` is `amd64`, arm64 is v8)."""
    architecture = _ALIASES.get(platform.architecture, platform.architecture)
    variant = platform.variant
    if architecture == "arm64" and variant in ("8", "v8"):
        variant = ""
    if architecture == "arm" and variant == "":
        variant = "v7"
    if architecture == "amd64" and variant == "v1":
        variant = ""
    return Platform(platform.os, architecture, variant, platform.os_version)


_ALIASES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
    "i686": "386",
}
