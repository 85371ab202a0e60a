"""Runs without a network: `python -m tests.blackbox.airgap ENTREPOT HOME LAYOUT`.

In a network namespace of its own, which has loopback and nothing else: starts that program, pushes
the image of a layout, reads it back, and stops the server. It fails if anything else is reachable.
"""

import socket
import subprocess
import sys
from pathlib import Path

from tests.blackbox.processes import Argument, Workspace, base_environment
from tests.blackbox.server import ADMINISTRATOR
from tests.blackbox.wire import Login, Wire
from tools.corpus.layout import Image, Layout

ELSEWHERE = ("192.0.2.1", 443)
LOGIN = Login(ADMINISTRATOR, "made-for-this-test")


def main(program: Path, home: Path, layout: Path) -> None:
    """Do it; the exit status tells."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket() as sock:
        sock.settimeout(5)
        assert sock.connect_ex(ELSEWHERE) != 0, "there is a network"
    with Workspace() as workspace:
        env = base_environment(home) | {"ENTREPOT_ADMIN_PASSWORD": LOGIN.password}
        words: list[Argument] = ["serve", "--data", home / "data", "--listen", "127.0.0.1:0"]
        daemon = workspace.start([program, *words], env=env)
        address = home / "data" / "run" / "address"
        daemon.wait_for(address.exists, "the server says where it listens")
        wire = Wire(address.read_text().split()[0], LOGIN)
        image = Image("one", Layout(layout), "latest")
        wire.push(image, "air/gapped")
        blobs = wire.assert_identical(image, "air/gapped")
        sys.stdout.write(f"{blobs} blobs are as they were\n")
        assert daemon.stop() == 0


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
