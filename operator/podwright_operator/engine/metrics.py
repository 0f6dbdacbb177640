"""What the operator counts, as Prometheus metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RECONCILES: Final = Counter("podwright_reconciles", "Looks at objects.", ["kind", "result"])
RECONCILE_SECONDS: Final = Histogram(
    "podwright_reconcile_seconds",
    "Duration of a look at an object.",
    ["kind"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
QUEUE_DEPTH: Final = Gauge("podwright_queue_depth", "Objects that wait for a worker.")
QUEUE_AGE_SECONDS: Final = Gauge("podwright_queue_age_seconds", "How long the next object has waited for a worker.")
WATCH_EVENTS: Final = Counter("podwright_watch_events", "Watch events received.", ["type"])
LAST_EVENT_TIME: Final = Gauge("podwright_last_watch_event_timestamp_seconds", "When the last watch event came.")
LOST_EVENTS: Final = Counter("podwright_lost_watch_events", "Events that a watch should have brought.")
OBJECTS: Final = Gauge("podwright_objects", "Objects in memory.", ["type"])
LEADER: Final = Gauge("podwright_leader", "1 while this replica works, 0 while it waits for another one's end.")
API_REQUESTS: Final = Counter("podwright_api_requests", "Requests to the API server.", ["verb", "type", "code"])
API_SECONDS: Final = Histogram(
    "podwright_api_request_seconds",
    "Duration of requests to the API server.",
    ["verb"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
