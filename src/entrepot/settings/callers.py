"""What no type can say of settings about who calls: networks and rates."""

import ipaddress
import re

from .model import Rates, SettingsError

UNIX = "unix"
"""As `rules.networks` and `faces.server.trust` have it."""
NETWORKS_MAX = 256
"""As `rules.networks` has it."""
RATE = re.compile(r"off|[1-9][0-9]{0,8}/(?:[1-9][0-9]{0,4})?[smhd]")
"""What `rules.ratelimits` reads."""


def check_networks(key: str, entries: tuple[str, ...]) -> None:
    """Raise `SettingsError` for an entry that is no network, or for too many."""
    if len(entries) > NETWORKS_MAX:
        raise SettingsError(f"{key}: at most {NETWORKS_MAX} networks are kept; join some of them")
    for entry in entries:
        _check_network(key, entry)


def check_rates(rates: Rates) -> None:
    """Raise `SettingsError` for a rate that cannot be read."""
    for key, text in (
        ("anonymous_pulls", rates.anonymous_pulls),
        ("user_pulls", rates.user_pulls),
    ):
        if not RATE.fullmatch(text):
            raise SettingsError(
                f"rates.{key}: '{text[:80]}' must be off, or a number in a time such as 100/6h or "
                "5000/1d (s, m, h, d)"
            )


def _check_network(key: str, entry: str) -> None:
    if entry == UNIX:
        return
    address, slash, prefix = entry.partition("/")
    try:
        if "%" in entry or (slash and not (prefix.isascii() and prefix.isdecimal())):
            raise ValueError(entry[:80])
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError as error:
        raise SettingsError(
            f"{key}: '{entry[:80]}' must be an address, a network such as 10.0.0.0/8, or {UNIX}"
        ) from error
    if slash and ipaddress.ip_address(address) != network.network_address:
        raise SettingsError(
            f"{key}: '{entry}' is an address within a network; write {network} for all of it"
        )
