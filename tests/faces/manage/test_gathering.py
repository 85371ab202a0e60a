"""Metrics of several processes on one page."""

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from entrepot.faces.manage.gathering import Family, count, together


def of_one(requests: int) -> list[Family]:
    """Return what a process counts, as it comes out of a message."""
    registry = CollectorRegistry()
    Counter("requests", "Requests.", ["kind"], registry=registry).labels('a"b').inc(requests)
    Gauge("odd", "Not a number.", registry=registry).set(float("nan"))
    Histogram("seconds", "Time.", registry=registry, buckets=(1.0,)).observe(0.5)
    sent = msgspec.msgpack.encode(count(registry))
    return msgspec.msgpack.decode(sent, type=list[Family])


def test_each_sample_says_whose_it_is_and_all_can_be_added() -> None:
    page = generate_latest(together({"0": of_one(2), "1": of_one(3)})).decode()
    assert page.count("# TYPE requests_total counter") == 1
    found = {family.name: family for family in text_string_to_metric_families(page)}
    totals = [one for one in found["requests"].samples if one.name == "requests_total"]
    assert {one.labels["worker"]: one.value for one in totals} == {"0": 2.0, "1": 3.0}
    assert {one.labels["kind"] for one in totals} == {'a"b'}
    assert len([one for one in found["seconds"].samples if one.name == "seconds_bucket"]) == 4
    assert found["entrepot_workers"].samples[0].value == 2
