"""What Prometheus is told of jobs."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.services.jobs.tally import Tally


class JobMetrics(Collector):
    """Makes metrics of what this process's runner counts; `now` is the time of its clock."""

    def __init__(self, tally: Tally, now: Callable[[], float]) -> None:
        self._tally = tally
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus reads."""
        labels = ("kind", "state")
        help_ = "Attempts at jobs that ended, `ready` if to be tried again."
        attempts = CounterMetricFamily("entrepot_job_attempts", help_, labels=labels)
        help_ = "Time that attempts at jobs took."
        seconds = CounterMetricFamily("entrepot_job_seconds", help_, labels=labels)
        for (kind, state), ended in self._tally.attempts.items():
            attempts.add_metric((kind, state.value), ended.count)
            seconds.add_metric((kind, state.value), ended.seconds)
        yield attempts
        yield seconds
        running = GaugeMetricFamily("entrepot_jobs_running", "Jobs that run.", labels=("kind",))
        for kind, count in self._tally.running.items():
            running.add_metric((kind,), count)
        yield running
        backlog = self._tally.backlog
        help_ = "Jobs that are due and wait."
        yield GaugeMetricFamily("entrepot_jobs_waiting", help_, value=backlog.count)
        oldest = backlog.oldest_run_at
        waited = max(0.0, self._now() - oldest) if oldest is not None else 0.0
        help_ = "How long the job waits that was due first."
        yield GaugeMetricFamily("entrepot_jobs_waiting_seconds", help_, value=waited)
