"""What Prometheus sees of the loop: jobs by state, the gate's last figures, what is not learnt yet.

Read from the board, the log and the checkpoints when they are asked for, so it blocks on the disk.
What cannot be read now is left out, and so is missing from the answer rather than wrong.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reread.artefacts.checkpoints import latest_checkpoint
from reread.errors import RereadError
from reread.home import Home
from reread.records import Job

logger = logging.getLogger(__name__)
STATES = ("queued", "running", "done", "rejected", "failed", "cancelled")


class CountsLog(Protocol):
    @property
    def identity(self) -> str: ...
    def last_sequence(self) -> int: ...


class Backlog(Collector):
    def __init__(self, home: Home, log: CountsLog, jobs: Callable[[], Sequence[Job]]) -> None:
        self._home, self._log, self._jobs = home, log, jobs

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when it is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        for part in (self._of_jobs, self._of_log):
            try:
                yield from list(part())
            except (RereadError, OSError) as error:
                logger.warning("a part of /metrics is left out: %s", error)

    def _of_jobs(self) -> Iterator[Metric]:
        jobs = self._jobs()
        counts = Counter(one.state for one in jobs)
        states = GaugeMetricFamily("reread_jobs", "Retrainings by state", labels=["state"])
        for state in STATES:
            states.add_metric([state], counts[state])
        yield states
        stages = GaugeMetricFamily("reread_job_progress", "Of the one at work", labels=["stage"])
        for job in (one for one in jobs if one.state == "running"):
            stages.add_metric([job.stage], job.progress)
        yield stages
        judged = [one for one in jobs if "gate" in one.metrics]
        if judged:
            yield from _of_gate(max(judged, key=lambda one: one.updated_s).metrics)

    def _of_log(self) -> Iterator[Metric]:
        last = self._log.last_sequence()
        newest = latest_checkpoint(self._home)
        same = newest is not None and newest.config.get("log") in (None, self._log.identity)
        learnt = newest.cursor if newest is not None and same else 0
        lag = max(0, last - learnt)
        yield GaugeMetricFamily("reread_log_records", "Answers ever logged", value=last)
        yield GaugeMetricFamily(
            "reread_log_lag",
            "Answers logged since the newest checkpoint",
            value=lag,
        )


def _of_gate(metrics: Mapping[str, object]) -> Iterator[Metric]:
    gate = metrics["gate"]
    accepted = isinstance(gate, dict) and gate.get("accepted") is True
    yield GaugeMetricFamily("reread_gate_accepted", "Whether the last candidate passed", accepted)
    figures = GaugeMetricFamily(
        "reread_gate_figure", "The last gate's figures, before and after", labels=["side", "figure"]
    )
    for side in ("before", "after"):
        found = metrics.get(side)
        for name, value in sorted(found.items()) if isinstance(found, dict) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                figures.add_metric([side, name], float(value))
    yield figures
