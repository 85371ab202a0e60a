"""Metrics of jobs."""

from prometheus_client import CollectorRegistry

from entrepot.faces.manage.jobmetrics import JobMetrics
from entrepot.ports.jobs import Backlog, JobState
from entrepot.services.jobs.tally import Tally


def test_jobs_are_counted() -> None:
    tally, registry = Tally(), CollectorRegistry()
    registry.register(JobMetrics(tally, lambda: 1000.0))
    read = registry.get_sample_value
    assert read("entrepot_jobs_waiting") == 0
    assert read("entrepot_jobs_waiting_seconds") == 0
    for _ in range(3):
        tally.begin("gc")
    tally.end("gc", JobState.DONE, 2.5)
    tally.end("gc", JobState.DONE, 1.5)
    tally.backlog = Backlog(7, 940.0)
    labels = {"kind": "gc", "state": "done"}
    assert read("entrepot_job_attempts_total", labels) == 2
    assert read("entrepot_job_seconds_total", labels) == 4
    assert read("entrepot_jobs_running", {"kind": "gc"}) == 1
    assert read("entrepot_jobs_waiting") == 7
    assert read("entrepot_jobs_waiting_seconds") == 60
