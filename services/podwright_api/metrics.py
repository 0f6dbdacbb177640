"""What the facade measures of itself, for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

#: Route label of requests that no route matched; their paths are anything a stranger likes.
UNMATCHED = "unmatched"


class Metrics:
    """The measurements of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._requests = Counter(
            "podwright_facade_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "podwright_facade_request_seconds",
            "Time from a request's first byte to its answer's last, in seconds.",
            ["method", "route"],
            registry=self._registry,
        )

        #: What ``labels`` finds, which takes its time.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._events = Counter(
            "podwright_facade_events", "Events that were recorded here.", ["type"], registry=self._registry
        )
        self._deliveries = Counter(
            "podwright_facade_webhook_attempts",
            "Attempts to deliver an event to a webhook, by what came of it: delivered, retried or dead.",
            ["outcome"],
            registry=self._registry,
        )
        self._letters = Counter(
            "podwright_facade_letters",
            "Letters with notifications, by what came of it: sent or failed.",
            ["outcome"],
            registry=self._registry,
        )

        self._removed = Counter(
            "podwright_facade_removed",
            "Rows that were removed because they had been kept long enough, by what they were.",
            ["what"],
            registry=self._registry,
        )

    def happened(self, type_: str) -> None:
        """An event was recorded."""
        self._events.labels(type_).inc()

    def delivered(self, outcome: str) -> None:
        """An attempt to deliver to a webhook ended."""
        self._deliveries.labels(outcome).inc()

    def mailed(self, outcome: str) -> None:
        """An attempt to mail notifications ended."""
        self._letters.labels(outcome).inc()

    def removed(self, what: str, rows: int) -> None:
        """Retention removed some rows."""
        self._removed.labels(what).inc(rows)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        of = (method, route, status)
        if of not in self._known:
            self._known[of] = (self._requests.labels(method, route, str(status)), self._seconds.labels(method, route))
        requests, times = self._known[of]
        requests.inc()
        times.observe(seconds)

    def exposition(self) -> bytes:
        """All figures in the Prometheus text format."""
        return generate_latest(self._registry)
