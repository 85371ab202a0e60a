"""What Prometheus reads of the lifecycle."""

from prometheus_client import CollectorRegistry, generate_latest

from entrepot.faces.manage.lifecyclemetrics import LifecycleMetrics
from entrepot.services.figures import Figures, FiguresService
from entrepot.services.gc.stats import GcStats
from tests.faces.manage.lifecycle import Lifecycle


async def test_the_newest_figures_are_told(lifecycle: Lifecycle) -> None:
    service = FiguresService(lifecycle.house.catalog, lifecycle.house.clock)
    registry = CollectorRegistry()
    registry.register(LifecycleMetrics(service))
    assert "entrepot_trash_entries 0.0" in generate_latest(registry).decode().splitlines()
    service.newest = Figures(
        gc=GcStats(last_at=7.0, seconds=2.5, blobs=3, blobs_bytes=9),
        trash=4,
        damages=1,
        retention_deleted=5,
        fullest=(("team", 0.75),),
    )
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        "entrepot_gc_last 7.0",
        "entrepot_gc_last_duration_seconds 2.5",
        "entrepot_gc_last_blobs_bytes 9.0",
        "entrepot_trash_entries 4.0",
        "entrepot_damages_open 1.0",
        "entrepot_retention_deleted 5.0",
        'entrepot_quota_used_ratio{project="team"} 0.75',
    ):
        assert line in lines
