"""What Prometheus is told of requests, and the access log's lines."""

from collections.abc import Callable
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from entrepot.faces.asgi import REQUEST_ID, Scope

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


class RequestMetrics:
    """Counts requests, bytes and refusals; writes the access log where one is wanted."""

    def __init__(self, registry: CollectorRegistry, log: Log | None) -> None:
        self._log = log
        labels = ("method", "kind")
        self._requests = Counter(
            "entrepot_requests", "Requests answered.", (*labels, "status"), registry=registry
        )
        self._seconds = Histogram(
            "entrepot_request_seconds",
            "Time from the request's head to the answer's last byte.",
            labels,
            buckets=SECONDS,
            registry=registry,
        )
        self._received = Counter(
            "entrepot_received_bytes", "Body bytes received.", ("kind",), registry=registry
        )
        self._sent = Counter(
            "entrepot_sent_bytes", "Body bytes sent.", ("kind",), registry=registry
        )
        self._refused = Counter(
            "entrepot_refused",
            "Requests the server refused by itself.",
            ("code",),
            registry=registry,
        )

    def on_response(
        self, scope: Scope, status: int, bytes_in: int, bytes_out: int, seconds: float
    ) -> None:
        """Take note of one answered request; sizes in bytes."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        kind = _kind(scope["path"])
        self._requests.labels(method, kind, status).inc()
        self._seconds.labels(method, kind).observe(seconds)
        if bytes_in:
            self._received.labels(kind).inc(bytes_in)
        if bytes_out:
            self._sent.labels(kind).inc(bytes_out)
        if self._log is not None:
            client = scope.get("client")
            self._log.info(
                "request",
                id=scope.get(REQUEST_ID),
                client=client[0] if client else None,
                http=scope.get("http_version"),
                method=scope["method"],
                path=scope["path"],
                status=status,
                received=bytes_in,
                sent=bytes_out,
                ms=round(seconds * 1000, 1),
            )

    def on_refusal(self, _status: int, code: str, _address: str | None) -> None:
        """Take note of a request that never reached an application."""
        self._refused.labels(code).inc()


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
