"""What is done to a server and a receiver, and what must come of it."""

import hashlib
import http.client
import json
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.client.made.deliveries import DeliveriesApi
from entrepot.client.made.events import EventsApi, EventShown
from entrepot.client.made.webhooks import NewWebhookBody, WebhooksApi
from entrepot.client.transport import Transport
from entrepot.rules.notifications.signing import SEQUENCE, SIGNATURE, sign

from .processes import START_SECONDS, Pair

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b"{}"
DRAIN_SECONDS = 600.0
FORGER = "forged"
FORGE_SECONDS = 0.02


@dataclass(slots=True)
class Figures:
    """What came of a campaign; `wrong` says what must not be."""

    events: int = 0
    restarts: int = 0
    server_kills: int = 0
    taken: int = 0
    twice: int = 0
    forged: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.events} events, receiver killed {self.restarts} times, server "
            f"{self.server_kills}; {self.taken} taken, {self.twice} of them more than once; "
            f"{self.forged} forged requests refused; {self.seconds:.1f} s"
        )


class Campaign:
    """One server, one receiver, and what is done to them."""

    def __init__(self, folder: Path, *, events: int, repositories: int, seed: int) -> None:
        self._pair = Pair(folder)
        self._events = events
        self._names = [f"campaign/r{number}" for number in range(repositories)]
        self._chance = random.Random(seed)
        self._secret = ""
        self._done = threading.Event()
        self._pushed = 0
        self.figures = Figures()

    def run(self, restarts: int, server_kills: int) -> Figures:
        """Do it all; what went wrong stands in the figures."""
        started = time.monotonic()
        self._pair.start_server()
        try:
            self._prepare()
            self._pair.start_receiver(self._secret)
            threads = [threading.Thread(target=self._push), threading.Thread(target=self._forge)]
            for thread in threads:
                thread.start()
            try:
                self._kill(restarts, server_kills)
                threads[0].join()
                self._drain()
            finally:
                self._done.set()
                for thread in threads:
                    thread.join()
            self._compare()
        finally:
            self._pair.close()
        self.figures.seconds = time.monotonic() - started
        return self.figures

    def _kill(self, restarts: int, server_kills: int) -> None:
        """Kill them, spread over the time in which events come."""
        moments = [*range(1, restarts + 1)]
        servers = {*self._chance.sample(moments, min(server_kills, restarts))}
        for number in moments:
            while self._pushed < number * self._events // (restarts + 1):
                time.sleep(0.005)
            self._pair.kill_receiver()
            self.figures.restarts += 1
            if number in servers:
                self._pair.kill_server()
                self.figures.server_kills += 1
                self._pair.start_server()
            time.sleep(self._chance.uniform(0.0, 0.3))
            self._pair.start_receiver(self._secret)

    # What is pushed ----------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make the webhook, and an image in each repository."""
        with self._pair.operator() as client:
            url = f"http://127.0.0.1:{self._pair.receiver_port}/hook"
            body = NewWebhookBody(name="campaign", url=url)
            self._secret = WebhooksApi(client).make_webhook(body).secret
        for name in self._names:
            place = f"/v2/{name}/blobs/uploads/?digest={_digest(CONFIG)}"
            self._ask("POST", place, CONFIG, "application/octet-stream")

    def _push(self) -> None:
        """Move tags: an event each."""
        raw = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": "text/plain", "digest": _digest(CONFIG), "size": 2},
                "layers": [],
            }
        ).encode()
        while self._pushed < self._events and not self._done.is_set():
            name = self._chance.choice(self._names)
            self._ask("PUT", f"/v2/{name}/manifests/t{self._pushed}", raw, MANIFEST)
            self._pushed += 1

    def _ask(self, method: str, path: str, body: bytes, media_type: str) -> None:
        """Ask the server, until it answers."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            connection = http.client.HTTPConnection("127.0.0.1", self._pair.server_port, timeout=10)
            try:
                connection.request(method, path, body, {"Content-Type": media_type})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            finally:
                connection.close()
            if answer.status != 201:
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
            return
        raise RuntimeError("the server does not answer")

    # What is forged ----------------------------------------------------------------------------

    def _forge(self) -> None:
        """Send what must not be taken: with no, a wrong, an old or another body's signature."""
        body = json.dumps({"specversion": "1.0", "id": FORGER}).encode()
        while not self._done.wait(FORGE_SECONDS):
            now = time.time()
            for header in (
                "",
                sign(["x" * 64], body, now),
                sign([self._secret], body, now - 3600),
                sign([self._secret], body + b" ", now),
            ):
                status = self._post(body, header)
                if status == 401:
                    self.figures.forged += 1
                elif status is not None:
                    self.figures.wrong.append(f"a forged request was answered {status}")

    def _post(self, body: bytes, header: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._pair.receiver_port, timeout=5)
        try:
            connection.request("POST", "/hook", body, {SIGNATURE: header, SEQUENCE: "1"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    # What came of it ---------------------------------------------------------------------------

    def _drain(self) -> None:
        """Wait until nothing is on its way."""
        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until:
            with self._pair.operator() as client:
                last = self._told(client)[-1].sequence
                api = DeliveriesApi(client)
                is_open = api.list_deliveries_webhook(1, state="open", limit=1).items
                newest = api.list_deliveries_webhook(1, limit=1).items
            if not is_open and newest and newest[0].event == last:
                return
            time.sleep(0.2)
        self.figures.wrong.append("deliveries are still on their way")

    def _told(self, client: Transport) -> list[EventShown]:
        """Return all events."""
        found: list[EventShown] = []
        after, more = "0", True
        while more:
            page = EventsApi(client).list_events(after=after, limit=1000)
            found += page.items
            after, more = str(page.next), page.more
        return found

    def _compare(self) -> None:
        figures = self.figures
        with self._pair.operator() as client:
            told = {one.sequence: one.repository for one in self._told(client)}
        lines = [json.loads(line) for line in self._pair.taken]
        taken = [int(line["sequence"]) for line in lines]
        first = list(dict.fromkeys(taken))
        figures.events, figures.taken = len(told), len(first)
        figures.twice = len(taken) - len(first)
        if missing := told.keys() - set(taken):
            figures.wrong.append(f"{len(missing)} events were not delivered: {sorted(missing)[:5]}")
        if strange := set(taken) - told.keys():
            figures.wrong.append(f"{len(strange)} were taken that were not told")
        if any(line["body"].get("id") == FORGER for line in lines):
            figures.wrong.append("a forged request was taken")
        for name in self._names:
            own = [sequence for sequence in first if told.get(sequence) == name]
            if own != sorted(own):
                figures.wrong.append(f"{name}: not in order")


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def run(
    *, events: int, restarts: int, server_kills: int = 0, repositories: int = 20, seed: int = 1
) -> Figures:
    """Run a campaign in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hooks-") as name:
        campaign = Campaign(Path(name), events=events, repositories=repositories, seed=seed)
        return campaign.run(restarts, server_kills)
