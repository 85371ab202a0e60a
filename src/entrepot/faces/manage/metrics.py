"""What Prometheus is told of requests, and the access log's lines."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.faces.asgi import REQUEST_ID, Scope
from entrepot.faces.shortcut import Brief

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_WHOLE = {
    "/v2": "ping",
    "/v2/": "ping",
    "/v2/_catalog": "catalog",
    "/service/token": "token",
    "/healthz": "healthz",
    "/readyz": "readyz",
    "/metrics": "metrics",
}
_BEFORE_LAST = frozenset({"blobs", "manifests", "referrers", "tags"})


class Log(Protocol):
    """A structured logger."""

    def info(self, event: str, **facts: Any) -> Any: ...


@dataclass(slots=True)
class _Tally:
    """Requests of one method and kind."""

    buckets: list[int]
    seconds: float = 0.0


class RequestMetrics(Collector):
    """Counts requests, bytes and refusals; writes the access log where one is wanted.

    All is counted on the event loop in plain numbers, and made into metrics when they are asked
    for: a request costs about a microsecond.
    """

    def __init__(self, registry: CollectorRegistry, log: Log | None) -> None:
        self._log = log
        self._answers: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], _Tally] = {}
        self._received: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        registry.register(self)

    def on_response(
        self, scope: Scope, status: int, bytes_in: int, bytes_out: int, seconds: float
    ) -> None:
        """Take note of one answered request; sizes in bytes."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        kind = _kind(scope["path"])
        self._count(method, kind, status, bytes_out, seconds)
        if bytes_in:
            self._received[kind] = self._received.get(kind, 0) + bytes_in
        if self._log is not None:
            _write_line(self._log, scope, status, (bytes_in, bytes_out), seconds)

    def on_brief(
        self, brief: Brief, method: bytes, target: bytes, host: str | None, seconds: float
    ) -> None:
        """Take note of a request that was answered without an application."""
        self._count(method.decode(), brief.kind, brief.status, len(brief.body), seconds)
        if self._log is not None:
            scope = {
                "client": (host, 0) if host is not None else None,
                "http_version": "1.1",
                "method": method.decode(),
                "path": target.decode(),
                REQUEST_ID: brief.request_id,
            }
            _write_line(self._log, scope, brief.status, (0, len(brief.body)), seconds)

    def on_refusal(self, _status: int, code: str, _address: str | None) -> None:
        """Take note of a request that never reached an application."""
        self._refused[code] = self._refused.get(code, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus reads."""
        answers = CounterMetricFamily(
            "entrepot_requests", "Requests answered.", labels=("method", "kind", "status")
        )
        for (method, kind, status), count in self._answers.items():
            answers.add_metric((method, kind, str(status)), count)
        yield answers
        times = HistogramMetricFamily(
            "entrepot_request_seconds",
            "Time from the request's head to the answer's last byte.",
            labels=("method", "kind"),
        )
        for labels, tally in self._times.items():
            times.add_metric(labels, _cumulative(tally.buckets), tally.seconds)
        yield times
        yield _family("entrepot_received_bytes", "Body bytes received.", "kind", self._received)
        yield _family("entrepot_sent_bytes", "Body bytes sent.", "kind", self._sent)
        help_ = "Requests the server refused by itself."
        yield _family("entrepot_refused", help_, "code", self._refused)

    def _count(self, method: str, kind: str, status: int, sent: int, seconds: float) -> None:
        answer = (method, kind, status)
        self._answers[answer] = self._answers.get(answer, 0) + 1
        tally = self._times.get((method, kind))
        if tally is None:
            tally = self._times[method, kind] = _Tally([0] * (len(SECONDS) + 1))
        tally.buckets[bisect_left(SECONDS, seconds)] += 1
        tally.seconds += seconds
        if sent:
            self._sent[kind] = self._sent.get(kind, 0) + sent


def _write_line(
    log: Log, scope: Scope, status: int, in_and_out_bytes: tuple[int, int], seconds: float
) -> None:
    """Write one line of the access log."""
    client = scope.get("client")
    received, sent = in_and_out_bytes
    log.info(
        "request",
        id=scope.get(REQUEST_ID),
        client=client[0] if client else None,
        http=scope.get("http_version"),
        method=scope["method"],
        path=scope["path"],
        status=status,
        received=received,
        sent=sent,
        ms=round(seconds * 1000, 1),
    )


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    limits = [*(str(float(limit)) for limit in SECONDS), "+Inf"]
    return [*zip(limits, map(float, accumulate(buckets)), strict=True)]


def _family(name: str, help_: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=(label,))
    for value, count in counts.items():
        family.add_metric((value,), count)
    return family


def watch(registry: CollectorRegistry, name: str, help_: str, read: Callable[[], float]) -> None:
    """Add a gauge whose value is read when it is asked for."""
    Gauge(name, help_, registry=registry).set_function(read)


def _kind(path: str) -> str:
    """Return a word from a short list: names of repositories must not become labels.

    Only the end of a path decides, as a repository may be named `a/blobs/b`.
    """
    if path in _WHOLE:
        return _WHOLE[path]
    parts = path.split("/")
    if len(parts) < 4 or parts[:2] != ["", "v2"]:
        return "other"
    third, second, last = parts[-3:]
    if (third, second) == ("blobs", "uploads") or (second, last) == ("blobs", "uploads"):
        return "uploads"
    return second if second in _BEFORE_LAST else "other"
