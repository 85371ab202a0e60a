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
    os = platform.os.lower()
    architecture, variant = platform.architecture.lower(), platform.variant.lower()
    architecture, implied = _ALIASES.get(architecture, (architecture, None))
    if implied is not None:
        variant = implied
    variant = _VARIANTS.get((architecture, variant), variant)
    return Platform(_SYSTEMS.get(os, os), architecture, variant, platform.os_version)


_SYSTEMS = {"macos": "darwin"}

# Some names say the variant too; None leaves it as it is.
_ALIASES = {
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "i386": ("386", ""),
    "i686": ("386", ""),
}

_VARIANTS = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}
