"""Spans over OTLP (HTTP, protobuf), where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says where to; nothing otherwise.

The exporter and the sampler read OpenTelemetry's own variables (``OTEL_EXPORTER_OTLP_…``, ``OTEL_TRACES_SAMPLER…``).
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Final

from podwright_telemetry.json_logs import about, masked
from podwright_telemetry.spans import Attributes, NoTracing, Span, Tracing
from podwright_telemetry.trace_context import TraceContext, is_wanted

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

logger = logging.getLogger(__name__)

_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
#: A Job that is done does not stay for a collector that is away.
_TIMEOUT_S: Final = 3.0


def from_environment(service: str, environment: Mapping[str, str]) -> Tracing:
    """Tracing as the environment asks for it; ``OTEL_SERVICE_NAME`` wins over ``service``, the program's name."""
    if not is_wanted(environment):
        return NoTracing()
    try:
        return OtlpTracing(environment.get("OTEL_SERVICE_NAME") or service, environment)
    except ImportError:
        logger.warning("an address for traces is set, but podwright is installed without its extra tracing")
        return NoTracing()


class OtlpTracing:
    """Batches of spans to a collector, sent from a thread of their own."""

    def __init__(self, service: str, environment: Mapping[str, str]) -> None:
        # A program that traces nothing does not pay for the library.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

        forced: ContextVar[TraceContext | None] = ContextVar("forced", default=None)

        class Ids(RandomIdGenerator):
            def generate_span_id(self) -> int:
                own = forced.get()
                return int(own.span_id, 16) if own else super().generate_span_id()

            def generate_trace_id(self) -> int:
                own = forced.get()
                return int(own.trace_id, 16) if own else super().generate_trace_id()

        timeout = None if any(environment.get(name) for name in _TIMEOUTS) else _TIMEOUT_S
        self._forced = forced
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}), id_generator=Ids())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
        self._tracer: Tracer = self._provider.get_tracer("podwright")

    @contextmanager
    def during(self, name: str, parent: TraceContext | None, attributes: Attributes) -> Iterator[Span]:
        with self._tracer.start_as_current_span(name, context=_below(parent), attributes=attributes) as span:
            context = span.get_span_context()
            running = _Running(span)
            with about(traceId=f"{context.trace_id:032x}", spanId=f"{context.span_id:016x}"):
                yield running

    def past(
        self,
        name: str,
        own: TraceContext,
        parent: TraceContext | None,
        times: tuple[datetime, datetime],
        attributes: Attributes,
        failure: str | None = None,
    ) -> None:
        start, end = (int(moment.timestamp() * 1e9) for moment in times)
        token = self._forced.set(own)
        try:
            span = self._tracer.start_span(name, context=_below(parent), attributes=attributes, start_time=start)
        finally:
            self._forced.reset(token)
        if failure is not None:
            _Running(span).fail(failure)
        span.end(end_time=max(start, end))

    def close(self) -> None:
        self._provider.shutdown()


class _Running:
    def __init__(self, span: "trace.Span") -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def fail(self, message: str) -> None:
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        self._span.set_status(Status(StatusCode.ERROR, masked(message)[:500]))


def _below(parent: TraceContext | None) -> "Context":
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.context import Context  # noqa: PLC0415

    if parent is None:
        return Context()
    remote = trace.SpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(1)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())
