"""What Prometheus is told of the lifecycle."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.services.figures import FiguresService


class LifecycleMetrics(Collector):
    """Makes metrics of the figures that were gathered last."""

    def __init__(self, figures: FiguresService) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus reads."""
        found = self._figures.newest
        last = found.gc
        for name, help_, value in (
            ("gc_last", "When the newest pass of the collector ended, in Unix time.", last.last_at),
            ("gc_last_duration_seconds", "How long it took, rests included.", last.seconds),
            ("gc_last_blobs", "Blobs that it removed.", last.blobs),
            ("gc_last_blobs_bytes", "Bytes of these.", last.blobs_bytes),
            ("gc_last_leftovers", "Leftovers of crashes that it removed.", last.debris),
            ("gc_last_leftovers_bytes", "Bytes of these.", last.debris_bytes),
            ("gc_last_failed", "Deletes that the storage refused it.", last.failed),
            ("gc_condemned", "Blobs that a pass has yet to remove.", last.condemned),
            ("trash_entries", "Entries of the trash.", found.trash),
            ("damages_open", "Blobs that are known to be damaged.", found.damages),
            (
                "retention_deleted",
                "Manifests that retention took in the runs that are remembered.",
                found.retention_deleted,
            ),
        ):
            yield GaugeMetricFamily(f"entrepot_{name}", help_, value=float(value))
        help_ = "Share of its quota that a project uses, of those that use most of theirs."
        shares = GaugeMetricFamily("entrepot_quota_used_ratio", help_, labels=("project",))
        for project, share in found.fullest:
            shares.add_metric((project,), share)
        yield shares
