"""Counters and histograms of the service, for Prometheus and for the live page."""

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03),
    *(0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)


class Metrics:
    """Counters of this process; those of several workers add up in a shared folder."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        own: Any = {"registry": self._own}
        self.requests: Counter = Counter(
            "lookalike_requests",
            "Requests by route and status.",
            ("route", "status"),
            **own,
        )
        self.seconds: Histogram = Histogram(
            "lookalike_request_seconds",
            "Time from a request's first byte to its answer.",
            ("route",),
            buckets=_SECONDS,
            **own,
        )
        self.refused: Counter = Counter(
            "lookalike_refused", "Requests refused before any work.", ("reason",), **own
        )
        self.queries: Counter = Counter(
            "lookalike_queries", "Queries answered.", ("system", "verb"), **own
        )
        self.together: Histogram = Histogram(
            "lookalike_requests_together",
            "Requests that one step of the engine answered.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            **own,
        )
        self.events: Counter = Counter(
            "lookalike_events", "Events stored.", ("action",), **own
        )
        self.duplicates: Counter = Counter(
            "lookalike_duplicate_events", "Events that were there already.", **own
        )
        self.items: Counter = Counter(
            "lookalike_item_changes", "Items written.", ("kind",), **own
        )
        self.dropped: Counter = Counter(
            "lookalike_exposures_dropped", "Exposures that were not stored.", **own
        )
        self.swaps: Counter = Counter(
            "lookalike_generation_swaps", "Generations taken up.", ("system",), **own
        )
        self.damaged: Counter = Counter(
            "lookalike_generations_damaged", "Generations refused.", ("system",), **own
        )
        self.alarms: Counter = Counter(
            "lookalike_alarms", "Alarms raised.", ("system", "kind"), **own
        )
        self.changed_items: Gauge = Gauge(
            "lookalike_changed_items",
            "Items that changed since the generation was made.",
            ("system",),
            multiprocess_mode="max",
            **own,
        )

        self.build: Gauge = Gauge(
            "lookalike_build",
            "1, with the versions as labels.",
            ("version", "python"),
            multiprocess_mode="max",
            **own,
        )
        self.started: Gauge = Gauge(
            "lookalike_process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            multiprocess_mode="livemin",
            **own,
        )
        self.cpu_seconds: Gauge = Gauge(
            "lookalike_process_cpu_seconds",
            "Time of the processor that the process took.",
            multiprocess_mode="livesum",
            **own,
        )
        self.resident_bytes: Gauge = Gauge(
            "lookalike_process_resident_bytes",
            "Memory in use, pages that several workers share counted in each.",
            multiprocess_mode="livesum",
            **own,
        )
        self.waiting: Gauge = Gauge(
            "lookalike_waiting_requests",
            "Requests that wait for the engine.",
            ("system",),
            multiprocess_mode="livesum",
            **own,
        )
        self.waiting_writes: Gauge = Gauge(
            "lookalike_waiting_writes",
            "Write requests that wait for the database.",
            multiprocess_mode="livesum",
            **own,
        )
        self.generation_age: Gauge = Gauge(
            "lookalike_generation_age_seconds",
            "Time since the generation that answers was made.",
            ("system",),
            multiprocess_mode="livemax",
            **own,
        )
        self.last_snapshot: Gauge = Gauge(
            "lookalike_last_snapshot_timestamp_seconds",
            "When the last snapshot was taken, in seconds since 1970; 0 is never.",
            multiprocess_mode="max",
            **own,
        )
        self.database_up: Gauge = Gauge(
            "lookalike_database_up",
            "Whether the database answered when it was last asked.",
            multiprocess_mode="min",
            **own,
        )
        self.database_seconds: Histogram = Histogram(
            "lookalike_database_seconds",
            "Time in which the database answers the smallest question.",
            buckets=_SECONDS,
            **own,
        )

    @property
    def registry(self) -> CollectorRegistry:
        """What is shown: this process's numbers, or those of all workers together."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._own
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        return shared
