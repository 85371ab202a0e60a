"""SIGHUP: settings and certificates are read again while the server runs."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from entrepot.adapters.logging import LeveledLog
from entrepot.adapters.systemd import READY, notify, notify_reloading
from entrepot.faces.server import Adjustable, ServerLimits, TrustedProxies
from entrepot.settings import Settings, SettingsError, check

from .certificate import Certificate, Pair, client_ca

AT_ONCE = frozenset(
    {
        "log.level",
        "server.tls_cert",
        "server.tls_client_ca",
        "server.tls_key",
        "server.trusted_proxies",
    }
    | {f"limits.{key}" for key in Settings().limits.__struct_fields__}
)
"""Settings that apply without a restart."""
TERMINAL = "/dev/tty"


class Reload:
    """What a running server takes over from settings that changed."""

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        *,
        log: LeveledLog,
        trusted: TrustedProxies,
        certificate: Certificate | None,
        find: Callable[[Settings], Callable[[], Pair] | None],
    ) -> None:
        """`reread` returns the settings as they are now, or raises `SettingsError`."""
        self._settings = settings
        self._reread = reread
        self._log = log
        self._trusted = trusted
        self._certificate = certificate
        self._find = find
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as under nohup
        self._on_terminal = has_terminal() and not ignored

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self._settings

    def hangup(self, server: Adjustable) -> None:
        """Read all again; what cannot be used is logged, and what was stays."""
        if self._on_terminal and not has_terminal():
            # The signal's first meaning: whoever started the server has closed the window.
            signal.raise_signal(signal.SIGTERM)
            return
        notify_reloading()
        try:
            self._take(self._reread(), server)
        except SettingsError as error:
            self._log.warning("settings not reloaded, those before stay", cause=str(error))
        if self._certificate is not None:
            self._certificate.refresh()
        notify(READY)

    def _take(self, new: Settings, server: Adjustable) -> None:
        """Apply what can be. Raises `SettingsError`, and does nothing, if that makes no sense."""
        old = self._settings
        changed = [*changed_keys(old, new)]
        apply = [key for key in changed if key in AT_ONCE and self._may_apply(key, new)]
        settings = with_keys(old, new, apply)
        check(settings)
        self._settings = settings
        self._log.set_level(settings.log.level)
        self._trusted.replace(settings.server.trusted_proxies)
        server.set_limits(server_limits(settings))
        find = self._find(settings)
        if self._certificate is not None and find is not None:
            self._certificate.follow(find, client_ca(settings))
        later = [key for key in changed if key not in apply]
        self._log.info("settings reloaded", changed=apply, restart_needed_for=later)

    def _may_apply(self, key: str, new: Settings) -> bool:
        """Whether TLS's files can change: not where TLS itself is switched on or off.

        Nor where client certificates are.
        """
        if key == "server.tls_client_ca" and not (
            self._settings.server.tls_client_ca and new.server.tls_client_ca
        ):
            return False
        return not key.startswith("server.tls") or self._settings.server.tls == new.server.tls


def has_terminal() -> bool:
    """Whether this process belongs to a terminal that is there."""
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def changed_keys(old: Settings, new: Settings) -> Iterator[str]:
    """Yield the `section.key` of each setting that differs."""
    for section in old.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        for key in before.__struct_fields__:
            if getattr(before, key) != getattr(after, key):
                yield f"{section}.{key}"


def with_keys(old: Settings, new: Settings, names: list[str]) -> Settings:
    """Return `old` with these `section.key` from `new`."""
    for name in names:
        section, key = name.split(".")
        changes: dict[str, Any] = {key: getattr(getattr(new, section), key)}
        changed = msgspec.structs.replace(getattr(old, section), **changes)
        old = msgspec.structs.replace(old, **{section: changed})
    return old


def server_limits(settings: Settings) -> ServerLimits:
    """Return the server's limits that the settings ask for."""
    limits = settings.limits
    return ServerLimits(
        header_bytes=limits.header_bytes,
        header_seconds=limits.header_seconds,
        body_rate_min_bytes=limits.body_bytes_per_second,
        idle_seconds=limits.idle_seconds,
        write_stall_seconds=limits.stall_seconds,
        connections_max=limits.connections,
        connections_per_address_max=limits.connections_per_address,
    )
