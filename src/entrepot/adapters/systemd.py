"""Telling the service manager what the server is at (sd_notify(3), Type=notify)."""

import contextlib
import os
import socket
import time

VARIABLE = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(*states: str) -> None:
    """Send lines such as `READY=1`; nothing happens where no manager listens."""
    address = os.environ.get(VARIABLE, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract names
    # Its notice is a courtesy: a server must not end for it.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.sendto("\n".join(states).encode(), address)


def notify_reloading() -> None:
    """Say that settings are read again; `READY` ends it. Type=notify-reload wants the time."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
