"""The engine's work as spans: below the span of the object that it is for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from podwright_crds import names
from podwright_crds.resource import Resource
from podwright_operator.engine.measurements import Measurement, PostOutcome, PostSettled, StageEnded, StageOutcome
from podwright_operator.engine.telemetry import LookSpan
from podwright_operator.kinds.stage_job import stage_span
from podwright_telemetry.spans import Attributes, Span, Tracing
from podwright_telemetry.trace_context import TraceContext, span_of

_GOOD: Final = frozenset({StageOutcome.DONE, StageOutcome.CACHED, PostOutcome.PUBLISHED})


def _about(resource: Resource) -> Attributes:
    return {
        "k8s.namespace.name": resource.metadata.namespace,
        "podwright.kind": resource.KIND,
        "podwright.name": resource.metadata.name,
        "podwright.uid": resource.metadata.uid,
    }


@dataclass(frozen=True)
class _Look:
    span: Span

    def ended(self, result: str) -> None:
        self.span.note({"podwright.result": result})
        if result == "error":
            self.span.fail("the look failed")


@dataclass(frozen=True)
class TracedWork:
    """A ``Telemetry`` that makes spans."""

    tracing: Tracing

    @contextmanager
    def look(self, resource: Resource | None) -> Iterator[LookSpan]:
        parent = span(resource) if resource is not None else None
        name = f"reconcile {resource.KIND}" if resource is not None else "reconcile"
        with self.tracing.during(name, parent, _about(resource) if resource is not None else {}) as running:
            yield _Look(running)

    def accepted(self, resource: Resource, now: datetime) -> None:
        parent = TraceContext.parse(resource.metadata.annotations.get(names.ANNOTATION_TRACE))
        times = (resource.metadata.creation_timestamp or now, now)
        self.tracing.past(f"apply {resource.KIND}", span(resource), parent, times, _about(resource))

    def measured(self, resource: Resource, measurement: Measurement) -> None:
        match measurement:
            case StageEnded():
                self._stage(resource, measurement)
            case PostSettled():
                with self.tracing.during(f"post {measurement.outcome}", span(resource), _about(resource)) as settled:
                    if measurement.lateness is not None:
                        settled.note({"podwright.lateness_seconds": measurement.lateness})
                    if measurement.outcome not in _GOOD:
                        settled.fail(measurement.outcome)

    def _stage(self, resource: Resource, run: StageEnded) -> None:
        self.tracing.past(
            f"stage {run.stage}",
            stage_span(resource, run.key, run.run),
            span(resource),
            (run.created, run.ended or run.created),
            {
                **_about(resource),
                "podwright.stage": run.stage,
                "podwright.outcome": run.outcome.value,
                "podwright.attempts": run.attempts,
                "podwright.cpu_seconds": run.usage.cpu_seconds,
                "podwright.gpu_seconds": run.usage.gpu_seconds,
            },
            failure=None if run.outcome in _GOOD else run.message or run.outcome,
        )


def span(resource: Resource) -> TraceContext:
    """The span of an object's work."""
    return span_of(resource.metadata.uid, resource.metadata.annotations.get(names.ANNOTATION_TRACE))
