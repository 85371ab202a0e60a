"""Several worker processes behind one port: what one acknowledges, all have."""

import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.blackbox.processes import Argument, Daemon, Workspace, base_environment

WORKERS = 3
CONNECTIONS_MAX = 300
"""Tried until each worker has served one: three workers miss one in 300 in 10**-52 of all cases."""
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(slots=True)
class Link:
    """A connection that is kept, to a worker that its request ids tell."""

    port: int
    http: HTTPConnection = field(init=False)
    worker: int = 0

    def __post_init__(self) -> None:
        self.http = HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in lower case, and body."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.http.request(method, path, body, named)
        response = self.http.getresponse()
        found = {name.lower(): text for name, text in response.getheaders()}
        self.worker = int(found["x-request-id"].partition("-")[0], 16)
        return response.status, found, response.read()

    def push(self, name: str, data: bytes) -> str:
        """Push a blob in one piece, and return its digest."""
        status, headers, body = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert status == 202, body
        digest = digest_of(data)
        status, _, body = self.ask("PUT", f"{headers['location']}?digest={digest}", data)
        assert status == 201, body
        return digest

    def tag(self, name: str, tag: str, number: int) -> str:
        """Push an index that is like no other, and return its digest."""
        note = {"number": str(number)}
        raw = json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": note}
        ).encode()
        path = f"/v2/{name}/manifests/{tag}"
        status, _, body = self.ask("PUT", path, raw, Content_Type=INDEX)
        assert status == 201, body
        return digest_of(raw)


@dataclass(frozen=True, slots=True)
class Site:
    """An open server of several processes."""

    daemon: Daemon
    home: Path
    opened: ExitStack

    def link(self) -> Link:
        """Return a new connection, closed when the test ends."""
        link = Link(self.port)
        self.opened.callback(link.http.close)
        return link

    @property
    def port(self) -> int:
        url = (self.home / "data" / "run" / "address").read_text().split()[0]
        return int(url.rpartition(":")[2])

    def workers(self) -> list[int]:
        """Return the process ids of those that are ready, without the first process."""
        lines = self.daemon.output().splitlines()
        told = [json.loads(line)["pid"] for line in lines if '"event": "worker ready"' in line]
        return [pid for pid in told if is_running(pid)]

    def await_workers(self) -> None:
        self.daemon.wait_for(lambda: len(self.workers()) == WORKERS - 1, "all workers are ready")

    def links(self) -> list[Link]:
        """Return a connection to each process."""
        found: dict[int, Link] = {}
        for _ in range(CONNECTIONS_MAX):
            link = self.link()
            link.ask("GET", "/v2/")
            if found.setdefault(link.worker, link) is not link:
                link.http.close()
            if len(found) == WORKERS:
                break
        assert {*found} == {self.daemon.pid, *self.workers()}
        return [*found.values()]

    def fsck(self) -> str:
        program = Path(sys.executable).with_name("entrepot")
        command: list[str | Path] = [program, "fsck", "--read", "--data", self.home / "data"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        return said.stdout + said.stderr


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


Start = Callable[..., Site]


@pytest.fixture
def start(server_workspace: Workspace) -> Iterator[Start]:
    """Start an open server of `WORKERS` processes and wait until all are ready."""
    opened = ExitStack()

    def begin(toml: str = "", home: Path | None = None) -> Site:
        home = home or server_workspace.directory("workers")
        (home / "entrepot.toml").write_text(toml)
        command: list[Argument] = [Path(sys.executable).with_name("entrepot"), "serve"]
        command += ["--data", home / "data", "--config", home / "entrepot.toml", "--open"]
        command += ["--listen", "127.0.0.1:0", "--workers", str(WORKERS)]
        daemon = server_workspace.start(command, env=base_environment(home))
        site = Site(daemon, home, opened)
        site.await_workers()
        return site

    with opened:
        yield begin


def test_chunks_of_one_upload_at_all_workers(start: Start) -> None:
    site = start()
    links = site.links()
    chance = random.Random(7)
    status, headers, _ = links[0].ask("POST", "/v2/app/blobs/uploads/")
    assert status == 202
    whole = b""
    served = set()
    for number in range(60):
        link = links[number % WORKERS] if number < 6 else chance.choice(links)
        chunk = chance.randbytes(chance.choice((1, 1000, 70_000, 200_000)))
        span = f"{len(whole)}-{len(whole) + len(chunk) - 1}"
        status, headers, body = link.ask("PATCH", headers["location"], chunk, Content_Range=span)
        assert status == 202, body
        served.add(link.worker)
        whole += chunk
        assert headers["range"] == f"0-{len(whole) - 1}"
        status, told, _ = chance.choice(links).ask("GET", headers["location"])
        assert (status, told["range"]) == (204, headers["range"])
        # One that is not where the upload stands is refused by whichever worker.
        if number % 10 == 0:
            other = chance.choice(links)
            status, _, _ = other.ask("PATCH", headers["location"], b"x", Content_Range="0-0")
            assert status == 416
    assert served == {self.worker for self in links}
    digest = digest_of(whole)
    status, _, body = links[1].ask("PUT", f"{headers['location']}?digest={digest}")
    assert status == 201, body
    for link in links:
        assert link.ask("GET", f"/v2/app/blobs/{digest}")[2] == whole
        assert link.ask("HEAD", f"/v2/app/blobs/{digest}")[0] == 200
    assert site.daemon.stop() == 0
    assert site.fsck().startswith("0 findings")


def test_one_upload_written_by_two_workers_at_once(start: Start) -> None:
    """The second one is refused, and harms nothing; when the first is cut off, it may go on."""
    site = start()
    first, second, third = site.links()
    _, headers, _ = first.ask("POST", "/v2/app/blobs/uploads/")
    location = headers["location"]
    assert first.ask("PATCH", location, b"a" * 100_000)[0] == 202
    first.http.putrequest("PATCH", location)
    first.http.putheader("Content-Length", "200000")
    first.http.endheaders(b"b" * 100_000)

    def is_held() -> bool:
        found = re.findall(rb"\nentrepot_uploads_busy.* (\S+)", third.ask("GET", "/metrics")[2])
        return sum(map(float, found)) == 1

    site.daemon.wait_for(is_held, "the first holds the upload")
    assert second.ask("PATCH", location, b"c")[0] == 416
    status, told, _ = third.ask("GET", location)
    assert (status, int(told["range"][2:]) >= 99_999) == (204, True)
    assert third.ask("DELETE", location)[0] == 416
    first.http.close()
    site.daemon.wait_for(
        lambda: second.ask("PATCH", location, b"d")[0] == 202, "the second may go on"
    )
    _, told, _ = third.ask("GET", location)
    assert 100_001 <= int(told["range"][2:]) + 1 <= 200_001
    assert third.ask("DELETE", location)[0] == 204
    assert second.ask("GET", location)[0] == 404


def test_what_one_wrote_the_others_show_at_once(start: Start) -> None:
    links = start("[log]\naccess = false").links()
    chance = random.Random(7)
    for number in range(500):
        writer, reader = chance.sample(links, 2)
        digest = writer.tag("app", "latest", number)
        status, headers, _ = reader.ask("GET", "/v2/app/manifests/latest", Accept=INDEX)
        assert (status, headers["docker-content-digest"]) == (200, digest)


@dataclass
class Pushers:
    """Threads that push, and know what was acknowledged."""

    site: Site
    over: threading.Event = field(default_factory=threading.Event)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    cut: int = 0
    chunks: int = 0

    @contextmanager
    def running(self, count: int, *, in_chunks: int = 0) -> Iterator[None]:
        threads = [threading.Thread(target=self.push, args=(n,)) for n in range(count)]
        threads += [
            threading.Thread(target=self.push_in_chunks, args=(100 + n,)) for n in range(in_chunks)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def push(self, number: int) -> None:
        chance = random.Random(number)
        link = self.site.link()
        done = 0
        while not self.over.is_set():
            try:
                name = f"app{number}"
                data = chance.randbytes(chance.choice((2_000, 150_000)))
                self.blobs[f"{name}/blobs/{link.push(name, data)}"] = data
                done += 1
                self.tags[f"{name}/manifests/{done}"] = link.tag(name, str(done), done)
            except AssertionError as error:
                self.refused.append(str(error))
            except (OSError, HTTPException):
                self.cut += 1
                link.http.close()
                link = self.site.link()

    def push_in_chunks(self, number: int) -> None:
        """Send each chunk over another connection; what was acknowledged must stay."""
        chance = random.Random(number)
        name = f"app{number}"
        while not self.over.is_set():
            whole, told, location = chance.randbytes(500_000), 0, ""
            finishing = False
            while not self.over.is_set():
                link = self.site.link()
                try:
                    if not location:
                        _, headers, _ = link.ask("POST", f"/v2/{name}/blobs/uploads/")
                        location = headers["location"]
                    status, headers, body = link.ask("GET", location)
                    at = int(headers.get("range", "0-0")[2:]) + 1 if status == 204 else -1
                    at = 0 if (at, told) == (1, 0) else at  # `0-0` is none, or one
                    if finishing and at == -1:
                        break  # it may be a blob, though nobody was told
                    if at < told:
                        self.refused.append(f"{told} acknowledged, {at} there: {body!r}")
                        break
                    if at == len(whole):
                        finishing, digest = True, digest_of(whole)
                        status, _, body = link.ask("PUT", f"{location}?digest={digest}")
                        if status == 201:
                            self.blobs[f"{name}/blobs/{digest}"] = whole
                        break
                    chunk = whole[at : at + chance.choice((1_000, 60_000, 90_000))]
                    span = f"{at}-{at + len(chunk) - 1}"
                    status, headers, body = link.ask("PATCH", location, chunk, Content_Range=span)
                    if status == 202:
                        told = int(headers["range"][2:]) + 1
                        self.chunks += 1
                except (OSError, HTTPException):
                    self.cut += 1
                finally:
                    link.http.close()

    def check(self, link: Link) -> None:
        """Find all that was acknowledged."""
        for path, data in self.blobs.items():
            assert link.ask("GET", f"/v2/{path}")[2] == data
        for path, digest in self.tags.items():
            assert link.ask("GET", f"/v2/{path}")[1]["docker-content-digest"] == digest


def test_many_pushers_are_all_let_in(start: Start) -> None:
    """Writers of several processes queue for the catalog; none is told that it is busy."""
    site = start("[log]\naccess = false")
    pushers = Pushers(site)
    with pushers.running(16):
        site.daemon.wait_for(lambda: len(pushers.tags) > 600, "600 pushes")
    assert (pushers.refused, pushers.cut) == ([], 0)
    assert site.daemon.stop() == 0
    assert site.fsck().startswith("0 findings")


def test_a_worker_that_is_killed_loses_nothing_and_comes_again(start: Start) -> None:
    site = start("[log]\naccess = false")
    pushers = Pushers(site)
    with pushers.running(4, in_chunks=4):
        for killing in range(3):
            enough = len(pushers.tags) + 30
            site.daemon.wait_for(lambda: len(pushers.tags) > enough, "pushes go on")  # noqa: B023
            pid = site.workers()[killing % 2]
            os.kill(pid, signal.SIGKILL)
            site.daemon.wait_for(lambda: not is_running(pid), "it is gone")  # noqa: B023
            site.await_workers()
    assert pushers.refused == []
    assert pushers.cut > 0
    assert pushers.chunks > 100
    for link in site.links():
        pushers.check(link)
    output = site.daemon.output()
    assert output.count("worker ended, it is started again") == 3
    assert output.count('"ended": "by signal 9"') == 3
    assert site.daemon.stop() == 0
    assert site.fsck().startswith("0 findings")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(start: Start, number: int) -> None:
    site = start()
    workers = site.workers()
    site.daemon.process.send_signal(number)
    assert site.daemon.process.wait(30) == 0
    assert not any(map(is_running, workers))


def test_requests_in_flight_are_finished_by_all(start: Start) -> None:
    site = start()
    links = site.links()
    for link in links:
        _, headers, _ = link.ask("POST", "/v2/app/blobs/uploads/")
        link.http.putrequest("PATCH", headers["location"])
        link.http.putheader("Content-Length", "10")
        link.http.endheaders(b"half.")
    site.daemon.process.send_signal(signal.SIGTERM)
    site.daemon.wait_for(lambda: "draining" in site.daemon.output(), "it drains")
    for link in links:
        link.http.send(b"whole")
        assert link.http.getresponse().status == 202
    assert site.daemon.process.wait(30) == 0


def test_a_second_signal_ends_all_at_once(start: Start) -> None:
    site = start()
    workers = site.workers()
    links = site.links()
    for link in links:
        _, headers, _ = link.ask("POST", "/v2/app/blobs/uploads/")
        link.http.putrequest("PATCH", headers["location"])
        link.http.putheader("Content-Length", "10")
        link.http.endheaders(b"half.")
    site.daemon.process.send_signal(signal.SIGTERM)
    site.daemon.wait_for(lambda: "draining" in site.daemon.output(), "it drains")
    began = time.monotonic()
    site.daemon.process.send_signal(signal.SIGTERM)
    assert site.daemon.process.wait(30) == 0
    assert time.monotonic() - began < 20  # and not `drain_seconds`, 30
    assert not any(map(is_running, workers))


def test_none_survives_the_first_process(start: Start) -> None:
    site = start()
    workers = site.workers()
    site.daemon.process.kill()
    site.daemon.process.wait()
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
        os.sched_yield()
    # Who starts it again at once need not wait for that.
    again = start(home=site.home)
    workers = again.workers()
    again.daemon.process.kill()
    again.daemon.process.wait()
    third = start(home=site.home)
    assert third.daemon.stop() == 0


def test_sighup_reaches_all(start: Start) -> None:
    site = start()
    for link in site.links():
        assert link.ask("GET", "/v2/", X_Long="x" * 2000)[0] == 200
        link.http.close()
    (site.home / "entrepot.toml").write_text("[limits]\nheader_bytes = 1000\n")
    site.daemon.process.send_signal(signal.SIGHUP)

    def reloaded() -> int:
        return site.daemon.output().count('"changed": ["limits.header_bytes"]')

    site.daemon.wait_for(lambda: reloaded() == WORKERS, "all have read it")
    refused = 0
    for _ in range(40):  # a refusal does not tell which process it is of
        link = site.link()
        link.http.request("GET", "/v2/", headers={"X-Long": "x" * 2000})
        refused += link.http.getresponse().status == 431
        link.http.close()
    assert refused == 40


def test_metrics_are_of_all(start: Start) -> None:
    site = start()
    links = site.links()
    for number, link in enumerate(links, 1):
        for _ in range(number):
            assert link.ask("GET", "/v2/_catalog")[0] == 200
    pattern = re.compile(r'entrepot_requests_total\{kind="catalog",.*worker="(\d)"\} (\d+)')
    for link in links:
        _, _, body = link.ask("GET", "/metrics")
        assert b"\nentrepot_workers 3.0\n" in body
        found = pattern.findall(body.decode())
        assert sum(int(count) for _, count in found) == 6
        assert sorted(worker for worker, _ in found) == ["0", "1", "2"]


def test_a_unix_socket_is_shared(start: Start, server_workspace: Workspace) -> None:
    home = server_workspace.directory("workers")
    (home / "entrepot.toml").write_text(f'[server]\nlisten = ["unix:{home}/s"]\nworkers = 2\n')
    command: list[Argument] = [Path(sys.executable).with_name("entrepot"), "serve"]
    command += ["--data", home / "data", "--config", home / "entrepot.toml"]
    daemon = server_workspace.start(command, env=base_environment(home))
    daemon.wait_for(lambda: "worker ready" in daemon.output(), "the worker is ready")
    served = set()
    for _ in range(CONNECTIONS_MAX):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(home / "s"))
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = b"".join(iter(lambda: sock.recv(4096), b""))
        served.add(re.search(rb"x-request-id: (\w+)", said).group(1))  # type: ignore[union-attr]
        if len(served) == 2:
            break
    assert len(served) == 2
    assert daemon.stop() == 0
    assert not (home / "s").exists()
