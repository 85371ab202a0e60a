"""What `audit.*` may be, and what is said otherwise."""

import pytest

from entrepot.settings import SettingsError, load


@pytest.mark.parametrize(
    "url", ["udp://logs:514", "tcp://192.0.2.1:601", "tls://[2001:db8::1]:6514"]
)
def test_a_receiver_has_scheme_host_and_port(url: str) -> None:
    assert load(None, {}, {("audit", "syslog"): url}).audit.syslog == url


@pytest.mark.parametrize(
    "url",
    [
        "logs:514",
        "http://logs:514",
        "tcp://logs",
        "tcp://:514",
        "tcp://logs:99999",
        "tls://user:secret@logs:6514",
        "tcp://logs:514/path",
        "tcp://logs:514?x=1",
        "tcp://[logs:514",
    ],
)
def test_anything_else_is_none(url: str) -> None:
    with pytest.raises(SettingsError, match=r"audit\.syslog: .* must be udp://"):
        load(None, {}, {("audit", "syslog"): url})


def test_an_authority_is_for_tls() -> None:
    flags = {("audit", "syslog"): "tcp://logs:514", ("audit", "syslog_ca"): "ca.pem"}
    with pytest.raises(SettingsError, match=r"audit\.syslog_ca"):
        load(None, {}, flags)
    assert load(None, {}, {}).audit.keep_days == 365
