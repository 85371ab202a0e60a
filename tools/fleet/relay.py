"""A line into a network namespace, with what befalls packets on it.

`python -m tools.fleet.relay NAMESPACE INSIDE OUTSIDE DEVICE` makes both ends, says `up`, and obeys
lines of JSON on its standard input: `{"delay_seconds": 0.02, "jitter_seconds": 0.01, "loss": 0.1}`.
The kernels that tests run on have no netem. Needs root. Ends with its standard input.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

TUN = "/dev/net/tun"
TUN_SET_INTERFACE = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001
CLONE_NEWNET = 0x40000000
PACKET_MAX_BYTES = 65_535
BATCH_PACKETS = 64
WAITING_MAX_PACKETS = 20_000
"""More than so many on their way are dropped, as a router does."""
COMMAND_MAX_BYTES = 4096


@dataclass(slots=True)
class Line:
    """What befalls packets, in both directions."""

    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    loss: float = 0.0

    def obey(self, text: bytes) -> None:
        """Change as the last whole line of JSON says."""
        for name, value in json.loads(text.splitlines()[-1]).items():
            setattr(self, name, float(value))


@dataclass(slots=True)
class Packets:
    """Packets on their way, by the time they arrive; those of one direction keep their order."""

    line: Line
    waiting: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)
    count: int = 0

    def take(self, packet: bytes, to: int, now: float) -> None:
        """Send one on its way, or drop it."""
        line = self.line
        if random.random() < line.loss or len(self.waiting) >= WAITING_MAX_PACKETS:
            return
        due = now + max(0.0, line.delay_seconds + random.uniform(-1, 1) * line.jitter_seconds)
        due = self.last[to] = max(due, self.last.get(to, 0.0))
        self.count += 1
        heapq.heappush(self.waiting, (due, self.count, to, packet))

    def deliver(self, now: float) -> float | None:
        """Deliver what is due; return how many seconds until the next is, if any waits."""
        while self.waiting and self.waiting[0][0] <= now:
            _, _, to, packet = heapq.heappop(self.waiting)
            with suppress(OSError):
                os.write(to, packet)
        return self.waiting[0][0] - now if self.waiting else None


def relay(ends: tuple[int, int], commands: int) -> None:
    """Carry packets between two TUN devices until `commands` ends."""
    line = Line()
    packets = Packets(line)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    rest: float | None = None
    while True:
        ready, _, _ = select.select([*ends, commands], [], [], rest)
        if commands in ready:
            text = os.read(commands, COMMAND_MAX_BYTES)
            if not text:
                return
            line.obey(text)
        for end in ends:
            if end in ready:
                _drain(end, other[end], packets)
        rest = packets.deliver(time.monotonic())


def _drain(end: int, to: int, packets: Packets) -> None:
    for _ in range(BATCH_PACKETS):
        try:
            packet = os.read(end, PACKET_MAX_BYTES)
        except BlockingIOError:
            return
        packets.take(packet, to, time.monotonic())


def device(name: str, address: str, peer: str) -> int:
    """Make a TUN device in the current namespace, with an address; return its descriptor."""
    descriptor = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER)
    fcntl.ioctl(descriptor, TUN_SET_INTERFACE, request)
    for words in (["addr", "add", address, "peer", peer, "dev", name], ["link", "set", name, "up"]):
        subprocess.run(["ip", *words], check=True)
    return descriptor


def main() -> None:
    """Make the line and carry packets."""
    namespace, inside, outside, name = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    ends = [device(name, outside, inside)]
    for place in (there, here):
        if libc.setns(place, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        if place is there:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            ends.append(device("wan0", inside, outside))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    relay((ends[0], ends[1]), sys.stdin.fileno())


if __name__ == "__main__":
    main()
