"""What no type can say of the settings of the audit log."""

from urllib.parse import urlsplit

from .model import Audit, SettingsError

SYSLOG_SCHEMES = ("udp", "tcp", "tls")


def check_audit(audit: Audit) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if audit.syslog and not _is_receiver(audit.syslog):
        raise SettingsError(
            f"audit.syslog: '{audit.syslog[:80]}' must be udp://, tcp:// or tls:// with a host and "
            "a port, for example tls://logs.example.com:6514"
        )
    if audit.syslog_ca and not audit.syslog.startswith("tls://"):
        raise SettingsError(
            "audit.syslog_ca: it is used with tls:// only; change audit.syslog, or leave it away"
        )


def _is_receiver(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    bare = parts.path in ("", "/") and plain
    return parts.scheme in SYSLOG_SCHEMES and bool(parts.hostname) and bool(port) and bare
