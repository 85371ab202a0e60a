"""Metrics of requests, few series whatever clients ask; and the access log."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from entrepot.faces.asgi import REQUEST_ID, Scope
from entrepot.faces.manage.metrics import RequestMetrics, watch

KINDS = {
    "ping",
    "catalog",
    "uploads",
    "blobs",
    "manifests",
    "referrers",
    "tags",
    "token",
    "healthz",
    "readyz",
    "metrics",
    "other",
}
WORDS = (
    "v2",
    "",
    "a",
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "é",
)
PATHS = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(WORDS), max_size=7).map("/".join))


class Lines:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []

    def info(self, event: str, **facts: Any) -> None:
        self.facts.append({"event": event, **facts})


def request(path: str, method: str = "GET", **extra: Any) -> Scope:
    return {"method": method, "path": path, "client": ("192.0.2.1", 5000), "headers": [], **extra}


def labels(registry: CollectorRegistry, name: str) -> set[str]:
    """Return all values of a label."""
    return {
        sample.labels[name]
        for family in registry.collect()
        for sample in family.samples
        if name in sample.labels
    }


def kind_of(path: str) -> str:
    registry = CollectorRegistry()
    RequestMetrics(registry, None).on_response(request(path), 200, 0, 0, 0.1)
    (kind,) = labels(registry, "kind")
    return kind


@pytest.mark.parametrize(
    "path,kind",
    [
        ("/v2", "ping"),
        ("/v2/", "ping"),
        ("/v2/_catalog", "catalog"),
        ("/v2/app/tags/list", "tags"),
        ("/v2/acme/api/web/manifests/1", "manifests"),
        ("/v2/app/blobs/sha256:0", "blobs"),
        ("/v2/app/blobs/uploads/", "uploads"),
        ("/v2/app/blobs/uploads", "uploads"),
        ("/v2/app/blobs/uploads/123", "uploads"),
        ("/v2/app/referrers/sha256:0", "referrers"),
        # Repositories and tags may have any of these names.
        ("/v2/acme/blobs/manifests/1", "manifests"),
        ("/v2/uploads/tags/list", "tags"),
        ("/v2/app/manifests/uploads", "manifests"),
        ("/v2/app/manifests/blobs", "manifests"),
        ("/v2/blobs/uploads/manifests/1", "manifests"),
        ("/service/token", "token"),
        ("/healthz", "healthz"),
        ("/readyz", "readyz"),
        ("/metrics", "metrics"),
        ("/v2/nowhere", "other"),
        ("/v2nd/app/blobs/x", "other"),
        ("/api/entrepot/v1/users/alice", "other"),
        ("/", "other"),
        ("*", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_request(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@given(st.lists(st.tuples(PATHS, st.text(max_size=8)), max_size=20))
def test_i13_whatever_is_asked_there_are_few_series(asked: list[tuple[str, str]]) -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, None)
    for path, method in asked:
        metrics.on_response(request(path, method), 404, 1, 1, 0.1)
    assert labels(registry, "kind") <= KINDS
    assert labels(registry, "method") <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"}


def test_repository_names_never_become_labels() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, None)
    for number in range(100):
        for rest in ("manifests/1", "blobs/sha256:0", "blobs/uploads/", "tags/list", "x", ""):
            metrics.on_response(request(f"/v2/secret-{number}/{rest}"), 200, 1, 1, 0.1)
    series = [sample for family in registry.collect() for sample in family.samples]
    assert not [sample for sample in series if "secret" in str(sample.labels)]
    assert len(labels(registry, "kind")) <= len(KINDS)


def test_requests_bytes_and_seconds_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, None)
    metrics.on_response(request("/v2/app/blobs/uploads/1", "PATCH"), 202, 1000, 0, 0.5)
    metrics.on_response(request("/v2/app/blobs/uploads/2", "PATCH"), 202, 500, 0, 0.25)
    metrics.on_response(request("/v2/app/blobs/sha256:0"), 200, 0, 7, 0.1)
    value = registry.get_sample_value
    patched = {"method": "PATCH", "kind": "uploads"}
    assert value("entrepot_requests_total", {**patched, "status": "202"}) == 2
    assert value("entrepot_request_seconds_sum", patched) == 0.75
    assert value("entrepot_request_seconds_bucket", {**patched, "le": "0.25"}) == 1
    assert value("entrepot_received_bytes_total", {"kind": "uploads"}) == 1500
    assert value("entrepot_sent_bytes_total", {"kind": "blobs"}) == 7
    assert value("entrepot_sent_bytes_total", {"kind": "uploads"}) is None


def test_refusals_are_counted_by_their_code() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, None)
    metrics.on_refusal(431, "HEAD_TOO_BIG", "192.0.2.1")
    metrics.on_refusal(431, "HEAD_TOO_BIG", None)
    assert registry.get_sample_value("entrepot_refused_total", {"code": "HEAD_TOO_BIG"}) == 2


def test_the_access_log_has_a_line_for_each_request() -> None:
    lines = Lines()
    metrics = RequestMetrics(CollectorRegistry(), lines)
    scope = request("/v2/app/tags/list", **{REQUEST_ID: "1f-2"})
    metrics.on_response(scope, 200, 0, 64, 0.01234)
    assert lines.facts == [
        {
            "event": "request",
            "id": "1f-2",
            "client": "192.0.2.1",
            "http": None,
            "method": "GET",
            "path": "/v2/app/tags/list",
            "status": 200,
            "received": 0,
            "sent": 64,
            "ms": 12.3,
        }
    ]


def test_the_access_log_has_no_secrets() -> None:
    lines = Lines()
    scope = request(
        "/service/token",
        query_string=b"refresh_token=hunter2",
        headers=[(b"authorization", b"Basic hunter2"), (b"cookie", b"hunter2")],
    )
    RequestMetrics(CollectorRegistry(), lines).on_response(scope, 200, 0, 0, 0.1)
    assert "hunter2" not in str(lines.facts)


def test_a_client_on_a_socket_has_no_address() -> None:
    lines = Lines()
    RequestMetrics(CollectorRegistry(), lines).on_response(
        request("/v2/", client=None), 200, 0, 0, 0.1
    )
    assert lines.facts[0]["client"] is None


def test_a_watched_value_is_read_when_asked_for() -> None:
    registry, busy = CollectorRegistry(), [1]
    watch(registry, "entrepot_uploads_busy", "Uploads being written.", lambda: busy[0])
    busy[0] = 3
    assert registry.get_sample_value("entrepot_uploads_busy") == 3
