"""What Prometheus sees: requests, time per stage, queues, generations, refusals.

Keeps its own registry, so two services in one process do not mix.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class ServiceMetrics:
    def __init__(self) -> None:
        self._registry = shared = CollectorRegistry()
        self.requests = Counter(
            "reread_requests", "Responses sent", ["route", "method", "status"], registry=shared
        )
        self.request_seconds = Histogram(
            "reread_request_seconds", "From request to end of response", ["route"],
            buckets=SECONDS, registry=shared,
        )  # fmt: skip
        self.stage_seconds = Histogram(
            "reread_stage_seconds", "Time per stage of an answer", ["stage"],
            buckets=SECONDS, registry=shared,
        )  # fmt: skip
        self.batch_questions = Histogram(
            "reread_batch_questions", "Questions per reader batch",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=shared,
        )  # fmt: skip
        self.in_flight = Gauge("reread_in_flight", "Requests being answered", registry=shared)
        self.swaps = Counter("reread_swaps", "Generations taken into service", registry=shared)
        self.refused_generations = Counter(
            "reread_refused_generations",
            "Published generations that failed their checks",
            registry=shared,
        )
        self.overloads = Counter(
            "reread_overloads", "Requests refused as too many", registry=shared
        )
        self.log_failures = Counter(
            "reread_log_failures", "Answers withheld because the log failed", registry=shared
        )
        self._queue_depth = Gauge(
            "reread_queue_depth", "Requests waiting", ["queue"], registry=shared
        )
        self._generation = Gauge(
            "reread_generation", "Generation in service, 0 = none", registry=shared
        )

    def watch_queue(self, name: str, depth: Callable[[], float]) -> None:
        self._queue_depth.labels(name).set_function(depth)

    def watch_generation(self, number: Callable[[], float]) -> None:
        self._generation.set_function(number)

    def render(self) -> bytes:
        return generate_latest(self._registry)
