"""Allow lists say just what `ipaddress` says, in one writing of each address."""

import ipaddress
from timeit import timeit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.networks import (
    EVERYWHERE,
    NETWORKS_MAX,
    TEXT_MAX,
    UNKNOWN,
    Networks,
    address_of,
    parse_network,
)
from entrepot.settings import Auth, Settings, SettingsError, check
from tests.oci.faults import code_of

ADDRESSES = st.ip_addresses().map(str)
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@st.composite
def near(draw: st.DrawFn, networks: list[str]) -> str:
    """Draw an address at an edge of one of the networks, or any."""
    if not networks or draw(st.booleans()):
        return draw(ADDRESSES)
    network = ipaddress.ip_network(draw(st.sampled_from(networks)))
    first, last = int(network.network_address), int(network.broadcast_address)
    most = (1 << network.max_prefixlen) - 1
    number = draw(st.sampled_from([first - 1, first, last, last + 1]))
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return str(kind(min(max(number, 0), most)))


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    address = draw(st.ip_addresses())
    prefix = draw(st.integers(0, address.max_prefixlen))
    return str(
        ipaddress.ip_network(
            (int(address), prefix) if address.version == 6 else (str(address), prefix), strict=False
        )
    )


def unmapped(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@given(st.lists(cidrs(), min_size=1, max_size=12), st.data())
def test_holds_what_ipaddress_holds(entries: list[str], data: st.DataObject) -> None:
    networks = Networks.parse(entries)
    for _ in range(4):
        text = data.draw(near(entries))
        address = unmapped(text)
        oracle = any(address in parse_network(entry) for entry in entries)
        assert networks.holds(text) is oracle
        assert networks.holds(address_of(text)) is oracle


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_an_ipv4_mapped_address_is_the_ipv4_address(
    address: ipaddress.IPv4Address, other: ipaddress.IPv4Address, prefix: int
) -> None:
    plain = str(ipaddress.ip_network((str(other), prefix), strict=False))
    mapped = f"::ffff:{plain.partition('/')[0]}/{prefix + 96}"
    assert Networks.parse([mapped]).texts == (plain,)
    for networks in (Networks.parse([plain]), Networks.parse([mapped])):
        oracle = address in ipaddress.ip_network(plain)
        assert networks.holds(str(address)) is oracle
        assert networks.holds(f"::ffff:{address}") is oracle
    assert address_of(f"::FFFF:{address}%eth0") == str(address)


def test_all_of_ipv6_is_nothing_of_ipv4() -> None:
    assert not Networks.parse(["::/0"]).holds("192.0.2.1")
    assert not Networks.parse(["::/0"]).holds("::ffff:192.0.2.1")
    assert not Networks.parse(["0.0.0.0/0"]).holds("::1")
    both = Networks.parse(["::/0", "0.0.0.0/0"])
    assert both.holds("192.0.2.1")
    assert both.holds("::1")
    assert not both.holds("")


def test_an_empty_list_is_everyone() -> None:
    assert Networks.parse([]) == EVERYWHERE
    assert not EVERYWHERE
    for address in ("192.0.2.1", "", UNKNOWN, "nonsense"):
        assert EVERYWHERE.holds(address)


def test_with_a_list_what_has_no_address_stays_out() -> None:
    networks = Networks.parse(["0.0.0.0/0", "::/0"])
    assert networks
    for address in ("", UNKNOWN, "nonsense", "1.2.3", "192.0.2.1:80", "9" * 10_000, "٣.1.1.1"):
        assert not networks.holds(address)


def test_unix_sockets_have_an_entry_of_their_own() -> None:
    networks = Networks.parse(["unix", "10.0.0.0/8"])
    assert networks.holds("")
    assert networks.holds("10.0.0.1")
    assert not networks.holds(UNKNOWN)
    assert not networks.holds("::")
    assert networks.texts == ("unix", "10.0.0.0/8")


@given(cidrs())
def test_bits_behind_the_prefix_are_refused_with_the_right_network(entry: str) -> None:
    network = ipaddress.ip_network(entry)
    if network.num_addresses == 1:
        return
    wrong = f"{network.broadcast_address}/{network.prefixlen}"
    with pytest.raises(Fault) as caught:
        Networks.parse([wrong])
    assert caught.value.code is Code.REQUEST_INVALID
    assert f"write {network} for all of it" in caught.value.message


@pytest.mark.parametrize(
    "entry",
    [
        "", " ", "10", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255",
        "10.0.0.0/", "/8", "10.0.0.0/8/8", " 10.0.0.0/8", "10.0.0.0/8\n", "010.0.0.0/8",
        "0x0a.0.0.0",
        "10.0.0.0/٨", "2001:db8::/129", "::1::", "example.com", "*", "0/0", "10.0.0.0 /8", "UNIX",
        "1" * 5000, "2001:db8::/" + "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(entry: str) -> None:
    with pytest.raises(Fault) as caught:
        Networks.parse([entry])
    assert caught.value.code is Code.REQUEST_INVALID
    assert len(caught.value.message) < 3 * TEXT_MAX
    assert f"'{entry[:TEXT_MAX]}' is no network: write" in caught.value.message


@pytest.mark.parametrize("entry", ["fe80::1%eth0", "fe80::%eth0/10", "fe80::/10%eth0", "%"])
def test_a_zone_is_refused_and_why(entry: str) -> None:
    with pytest.raises(Fault, match="one machine only"):
        Networks.parse([entry])


def test_the_list_is_bounded_and_read_no_further() -> None:
    entries = [f"10.0.{number}.0/24" for number in range(NETWORKS_MAX)]
    assert len(Networks.parse(entries).texts) == NETWORKS_MAX
    with pytest.raises(Fault, match="at most 256"):
        Networks.parse([*entries, "this is not even looked at"])


@given(st.lists(cidrs(), max_size=12))
def test_parsing_what_was_written_changes_nothing(entries: list[str]) -> None:
    once = Networks.parse(entries)
    assert Networks.parse(once.texts) == once


@given(cidrs() | st.text(max_size=20) | st.from_regex(r"[0-9a-f.:]{0,12}(/[0-9]{0,3})?%?\Z"))
@example("unix")
@example("10.1.2.3/8")
@example("10.0.0.0/8\n")
@example("2001:db8::/" + "0" * 80)
def test_settings_take_just_the_networks_that_can_be_read(entry: str) -> None:
    try:
        check(Settings(auth=Auth(networks=(entry,))))
        taken = True
    except SettingsError:
        taken = False
    assert taken is (code_of(lambda: Networks.parse([entry])) is None)


@given(st.text(max_size=80))
@example("::%")
@example("fe80::1%" + "z" * 100)
def test_an_address_of_anything_is_an_address_or_unknown(text: str) -> None:
    found = address_of(text)
    assert found == UNKNOWN or str(unmapped(found)) == found
    assert address_of(found) == found


def test_nothing_is_the_unix_socket_but_none() -> None:
    assert address_of(None) == ""
    assert address_of("") == UNKNOWN


@pytest.mark.parametrize("count", [1, 10, NETWORKS_MAX])
def test_asking_takes_a_microsecond_or_two(count: int) -> None:
    networks = Networks.parse(f"10.0.{number}.0/25" for number in range(count))
    networks.holds("192.0.2.1")
    seconds = min(timeit(lambda: networks.holds("192.0.2.1"), number=1000) for _ in range(5)) / 1000
    assert seconds < 10e-6  # 0.2 where nothing else runs


@pytest.mark.parametrize(
    "inner, outer, lies",
    [
        ([], [], True),
        (["10.0.0.0/8"], [], True),
        ([], ["10.0.0.0/8"], False),
        ([], ["0.0.0.0/0", "::/0", "unix"], False),
        (["10.1.0.0/16", "10.2.0.1"], ["10.0.0.0/8"], True),
        (["10.0.0.0/8"], ["10.1.0.0/16"], False),
        (["10.0.0.0/24"], ["10.0.0.0/25", "10.0.0.128/25"], True),
        (["10.0.0.0/24"], ["10.0.0.0/26", "10.0.0.128/25"], False),
        (["unix"], ["10.0.0.0/8"], False),
        (["unix", "10.0.0.1"], ["10.0.0.0/8", "unix"], True),
        (["::ffff:10.0.0.1"], ["10.0.0.0/8"], True),
        (["0.0.0.0/0"], ["::/0"], False),
        (["10.0.0.1", "192.0.2.1"], ["10.0.0.0/8"], False),
    ],
    ids=str,
)
def test_one_list_lies_in_another(inner: list[str], outer: list[str], lies: bool) -> None:
    assert Networks.parse(inner).lies_in(Networks.parse(outer)) is lies
