"""What else the machine did, without which rates mean little (Linux only)."""

import os
from dataclasses import dataclass
from pathlib import Path

from entrepot.faces.cli.bench.cpu import tree_cpu_seconds, tree_rss_mib


@dataclass(frozen=True, slots=True)
class Moment:
    """Counters since the machine, or the process, began; seconds and MiB."""

    busy_seconds: float
    stolen_seconds: float
    server_cpu_seconds: float
    server_mib: float
    load: float


def moment(process_id: int) -> Moment:
    """Read them for one server."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    # user, nice, system, idle, iowait, irq, softirq, steal
    idle = fields[3] + fields[4]
    return Moment(
        busy_seconds=(sum(fields) - idle - fields[7]) / ticks,
        stolen_seconds=fields[7] / ticks,
        server_cpu_seconds=tree_cpu_seconds(process_id) or 0.0,
        server_mib=tree_rss_mib(process_id) or 0.0,
        load=os.getloadavg()[0],
    )
