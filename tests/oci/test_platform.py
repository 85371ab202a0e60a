from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.platform import Platform, normalised, parse_platform

SEEN = (
    "linux macos arm arm64 aarch64 armhf armel amd64 x86_64 i386 386 v1 v5 v6 v7 v8 5 6 7 8 V8 ARM "
    "s390x"
)
WORDS = st.sampled_from(["", *SEEN.split()])
PLATFORMS = st.builds(Platform, WORDS, WORDS, WORDS, st.sampled_from(["", "10.0.17763.1"]))


@given(PLATFORMS)
def test_normal_is_normal(platform: Platform) -> None:
    once = normalised(platform)
    assert normalised(once) == once
    assert once.os_version == platform.os_version
    assert {once: 1}[normalised(platform)] == 1


@given(PLATFORMS)
def test_text_reads_back(platform: Platform) -> None:
    platform = normalised(Platform(platform.os, platform.architecture, platform.variant))
    if platform.os and platform.architecture:
        assert parse_platform(str(platform)) == platform


@pytest.mark.parametrize(
    "text, os, architecture, variant",
    [
        ("linux/amd64", "linux", "amd64", ""),
        ("linux/amd64/v1", "linux", "amd64", ""),
        ("linux/amd64/v3", "linux", "amd64", "v3"),
        ("linux/x86_64", "linux", "amd64", ""),
        ("linux/x86-64/v1", "linux", "amd64", ""),
        ("linux/arm64", "linux", "arm64", ""),
        ("linux/arm64/v8", "linux", "arm64", ""),
        ("linux/arm64/8", "linux", "arm64", ""),
        ("linux/arm64/v9", "linux", "arm64", "v9"),
        ("linux/aarch64/v8", "linux", "arm64", ""),
        ("linux/arm", "linux", "arm", "v7"),
        ("linux/arm/7", "linux", "arm", "v7"),
        ("linux/arm/6", "linux", "arm", "v6"),
        ("linux/arm/5", "linux", "arm", "v5"),
        ("linux/arm/v8", "linux", "arm", "v8"),
        ("linux/armhf", "linux", "arm", "v7"),
        ("linux/armel", "linux", "arm", "v6"),
        ("linux/i386", "linux", "386", ""),
        ("macos/arm64", "darwin", "arm64", ""),
        (" Linux/AMD64 ", "linux", "amd64", ""),
        ("linux/riscv64", "linux", "riscv64", ""),
    ],
)
def test_as_containerd_has_it(text: str, os: str, architecture: str, variant: str) -> None:
    assert parse_platform(text) == Platform(os, architecture, variant)


def test_letters_of_an_index_are_made_small_too() -> None:
    assert normalised(Platform("Linux", "AARCH64", "V8")) == Platform("linux", "arm64")


@given(st.text())
def test_parse_raises_nothing_but_value_error(text: str) -> None:
    with suppress(ValueError):
        platform = parse_platform(text)
        assert platform == normalised(platform)


@pytest.mark.parametrize("text", ["", "linux", "/", "linux/", "/amd64", "a/b/c/d", "a//b", "a/b/"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(ValueError, match="not a platform"):
        parse_platform(text)


def test_attestations() -> None:
    assert Platform("unknown", "unknown").is_unknown
    assert not Platform("linux", "unknown").is_unknown
    assert not Platform("", "").is_unknown
