"""What Prometheus reads of the cache."""

from prometheus_client import CollectorRegistry, generate_latest

from entrepot.faces.manage.cachemetrics import CacheMetrics
from entrepot.ports.caching import CacheFigures


def test_what_the_cache_counts_is_told() -> None:
    figures = [CacheFigures()]
    registry = CollectorRegistry()
    registry.register(CacheMetrics(lambda: figures[0]))
    assert 'entrepot_cache_reads_total{kind="hit"} 0.0' in generate_latest(registry).decode()
    figures[0] = CacheFigures(
        hits=1, misses=2, straight=3, hit_bytes=4, miss_bytes=5, straight_bytes=6, joined=7,
        fills=8, filled_bytes=9, failed_fills=10, kept=11, kept_bytes=12, evictions=13,
        evicted_bytes=14, corrupt=15, filling=16, blobs=17, used_bytes=18, size_max_bytes=19,
    )  # fmt: skip
    told = generate_latest(registry).decode().splitlines()
    values = [float(line.split()[-1]) for line in told if not line.startswith("#")]
    assert sorted(values) == [float(number) for number in range(1, 20)]
    for line in (
        'entrepot_cache_reads_total{kind="miss"} 2.0',
        'entrepot_cache_read_bytes_total{kind="straight"} 6.0',
        "entrepot_cache_fills_failed_total 10.0",
        "entrepot_cache_size_max_bytes 19.0",
    ):
        assert line in told
