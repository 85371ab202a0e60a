"""Metrics of several processes on one page, each sample with its process."""

from collections.abc import Iterator, Mapping

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

LABEL = "worker"


class Family(msgspec.Struct, frozen=True, array_like=True):
    """A metric and its samples (name, labels, value), as one process counts it."""

    name: str
    help: str
    kind: str
    samples: list[tuple[str, dict[str, str], float]]


def count(registry: CollectorRegistry) -> list[Family]:
    """Return what a registry counts."""
    return [
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            [(sample.name, dict(sample.labels), sample.value) for sample in metric.samples],
        )
        for metric in registry.collect()
    ]


class Together(Collector):
    """Collects what several processes counted, by the names to tell them apart by."""

    def __init__(self, by_worker: Mapping[str, list[Family]]) -> None:
        self._by_worker = by_worker

    def collect(self) -> Iterator[Metric]:
        metrics: dict[str, Metric] = {}
        for worker, families in self._by_worker.items():
            for family in families:
                metric = metrics.get(family.name)
                if metric is None:
                    metric = Metric(family.name, family.help, family.kind)
                    metrics[family.name] = metric
                for name, labels, value in family.samples:
                    metric.add_sample(name, {**labels, LABEL: worker}, value)
        help_ = "Processes whose numbers are here; one that is just starting is missing."
        yield GaugeMetricFamily("entrepot_workers", help_, value=len(self._by_worker))
        yield from metrics.values()


def together(by_worker: Mapping[str, list[Family]]) -> CollectorRegistry:
    """Return a registry of all that several processes counted."""
    registry = CollectorRegistry()
    registry.register(Together(by_worker))
    return registry
