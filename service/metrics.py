"""What Prometheus sees: requests, time per stage, queues, generations, refusals.

Keeps its own registry, so two services in one process do not mix.
"""

import math
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

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
        self.token_seconds = Histogram(
            "reread_token_seconds", "From one piece of a streamed answer to the next",
            buckets=SECONDS, registry=shared,
        )  # fmt: skip
        self.feedback = Counter(
            "reread_feedback", "What people said of answers", ["generation", "verdict"],
            registry=shared,
        )  # fmt: skip
        self.batch_questions = Histogram(
            "reread_batch_questions", "Questions per reader batch",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=shared,
        )  # fmt: skip
        self.search_questions = Histogram(
            "reread_search_batch_questions", "Questions searched together",
            buckets=(1, 2, 4, 8, 16, 32), registry=shared,
        )  # fmt: skip
        self.answers = Counter(
            "reread_answers", "Answers logged, found or refused", ["found"], registry=shared
        )
        self.confidence = Histogram(
            "reread_confidence", "Confidence of answers", ["generation"],
            buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), registry=shared,
        )  # fmt: skip
        self.attention_entropy = Histogram(
            "reread_attention_entropy", "Of relevance, 0: one passage alone, 1: all alike",
            buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), registry=shared,
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
        self._connections = Gauge("reread_connections", "Open connections", registry=shared)
        self._generation = Gauge(
            "reread_generation", "Generation in service, 0 = none", registry=shared
        )
        self._generation_age = Gauge(
            "reread_generation_in_service_seconds", "Since the last swap", registry=shared
        )

    def watch_connections(self, count: Callable[[], float]) -> None:
        self._connections.set_function(count)

    def watch_queue(self, name: str, depth: Callable[[], float]) -> None:
        self._queue_depth.labels(name).set_function(depth)

    def watch_generation(self, number: Callable[[], float], age_s: Callable[[], float]) -> None:
        self._generation.set_function(number)
        self._generation_age.set_function(age_s)

    def watch_in_flight(self, count: Callable[[], float]) -> None:
        self.in_flight.set_function(count)

    def collect_from(self, collector: Collector) -> None:
        """What is only read when somebody asks."""
        self._registry.register(collector)

    def answered(
        self, found: bool, confidence: float, generation: int | None, relevance: Sequence[float]
    ) -> None:
        """One answer was logged; the share without one, and drift between generations."""
        self.answers.labels("true" if found else "false").inc()
        if found:
            self.confidence.labels(str(generation or "none")).observe(confidence)
            self.attention_entropy.observe(evenness(relevance))

    def render(self) -> bytes:
        """Blocks: a collector may read the disk."""
        return generate_latest(self._registry)


def evenness(shares: Sequence[float]) -> float:
    """Entropy of shares that sum to 1, by that of equal ones.

    >>> [round(evenness(one), 3) for one in ([0.5, 0.5], [1.0, 0.0], [1.0], [0.5, 0.25, 0.25])]
    [1.0, 0.0, 0.0, 0.946]
    """
    if len(shares) < 2:
        return 0.0
    return -sum(one * math.log(one) for one in shares if one > 0) / math.log(len(shares)) + 0.0
