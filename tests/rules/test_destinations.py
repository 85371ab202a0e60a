"""Where the registry sends nothing (CWE-918)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.destinations import is_public, refusal
from entrepot.rules.networks import EVERYWHERE, Networks

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "",
    "0x7f.1",
]
PUBLIC = [
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::101:101",
    "2002:101:101::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_nothing_is_sent_there(text: str) -> None:
    assert refusal(text, EVERYWHERE)


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_is_sent_to(text: str) -> None:
    assert refusal(text, EVERYWHERE) == ""


def test_only_what_was_allowed_is_more() -> None:
    allowed = Networks.parse(["10.0.0.0/8", "fd00::/8"])
    assert refusal("10.1.2.3", allowed) == ""
    assert refusal("::ffff:10.1.2.3", allowed) == ""
    assert refusal("fd00::5", allowed) == ""
    assert refusal("192.168.1.1", allowed)
    assert "webhooks.allow_networks" in refusal("127.0.0.1", allowed)


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        well_known = address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")
        mapped = getattr(address, "ipv4_mapped", None)
        if not well_known and mapped is None:
            assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_as_good_as_itself(address: ipaddress.IPv4Address) -> None:
    for text in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(ipaddress.ip_address(text)) == is_public(address)
