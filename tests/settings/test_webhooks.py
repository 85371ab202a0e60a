"""Settings of webhooks that cannot be used."""

import pytest

from entrepot.settings.model import SettingsError, Webhooks
from entrepot.settings.webhooks import check_webhooks


def test_what_can_be_used() -> None:
    check_webhooks(Webhooks())
    check_webhooks(Webhooks(endpoints=("a http://a/", "b https://[::1]:8/x?y=z Bearer a b")))
    check_webhooks(
        Webhooks(allow_networks=("10.0.0.0/8", "fd00::/8"), proxy="http://proxy.example.com:3128")
    )


@pytest.mark.parametrize(
    "webhooks",
    [
        Webhooks(allow_networks=("10.1.2.3/8",)),
        Webhooks(allow_networks=("unix",)),
        Webhooks(endpoints=("ci",)),
        Webhooks(endpoints=("ci ftp://x/",)),
        Webhooks(endpoints=("ci http://a/", "ci http://b/")),
        Webhooks(endpoints=("ci http://a/ x\ny",)),
        Webhooks(endpoints=tuple(f"e{number} http://a/" for number in range(21))),
        Webhooks(proxy="proxy.example.com:3128"),
        Webhooks(proxy="https://proxy.example.com:3128"),
        Webhooks(proxy="http://proxy.example.com"),
        Webhooks(proxy="http://proxy.example.com:99999"),
        Webhooks(proxy="http://proxy.example.com:3128/x"),
    ],
)
def test_what_cannot(webhooks: Webhooks) -> None:
    with pytest.raises(SettingsError, match="webhooks"):
        check_webhooks(webhooks)
