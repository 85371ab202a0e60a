"""What Prometheus is told of the cache of blobs."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.ports.caching import CacheFigures

_KINDS = ("hit", "miss", "straight")


class CacheMetrics(Collector):
    """Makes metrics of what the cache counts; `figures` returns that."""

    def __init__(self, figures: Callable[[], CacheFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus reads."""
        found = self._figures()
        help_ = "Readings of blobs: from the cache, while they were fetched into it, or past it."
        reads = CounterMetricFamily("entrepot_cache_reads", help_, labels=("kind",))
        help_ = "Bytes of these."
        bytes_ = CounterMetricFamily("entrepot_cache_read_bytes", help_, labels=("kind",))
        counts = (found.hits, found.misses, found.straight)
        sizes = (found.hit_bytes, found.miss_bytes, found.straight_bytes)
        for kind, count, size in zip(_KINDS, counts, sizes, strict=True):
            reads.add_metric((kind,), count)
            bytes_.add_metric((kind,), size)
        yield reads
        yield bytes_
        for name, help_, value in (
            ("joined", "Misses that took part in a fetch under way.", found.joined),
            ("fills", "Blobs fetched into the cache.", found.fills),
            ("fill_bytes", "Bytes of these.", found.filled_bytes),
            ("fills_failed", "Fetches that failed.", found.failed_fills),
            ("kept", "Blobs kept as they were pushed.", found.kept),
            ("kept_bytes", "Bytes of these.", found.kept_bytes),
            ("evictions", "Blobs that made room for others.", found.evictions),
            ("evicted_bytes", "Bytes of these.", found.evicted_bytes),
            ("corrupt", "Files whose bytes were not right any more.", found.corrupt),
        ):
            yield CounterMetricFamily(f"entrepot_cache_{name}", help_, value=value)
        for name, help_, value in (
            ("filling", "Fetches under way.", found.filling),
            ("blobs", "Blobs in the cache.", found.blobs),
            ("used_bytes", "What the cache takes on its disk.", found.used_bytes),
            ("size_max_bytes", "What it may take.", found.size_max_bytes),
        ):
            yield GaugeMetricFamily(f"entrepot_cache_{name}", help_, value=value)
