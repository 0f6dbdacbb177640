"""What arrives at a collector."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from podwright_telemetry.json_logs import conceal
from podwright_telemetry.spans import NoTracing
from podwright_telemetry.trace_context import TraceContext, span_of
from podwright_telemetry.tracing import OtlpTracing, from_environment
from tests.otlp import receiver

THEN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_variables_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_off_makes_nothing() -> None:
    tracing = from_environment("test", {})
    assert isinstance(tracing, NoTracing)
    with tracing.during("look", None, {}) as span:
        span.note({"a": 1})
        span.fail("no")
    tracing.past("stage", span_of("uid"), None, (THEN, THEN), {})
    tracing.close()


def test_spans_arrive_with_their_places_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    root, stage = span_of("uid"), span_of("uid").part("stage")
    conceal(["a-secret-value"])
    with receiver() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        tracing = from_environment("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": received.url})
        assert isinstance(tracing, OtlpTracing)
        tracing.past("apply", root, None, (THEN, THEN + timedelta(seconds=2)), {"kind": "Episode"})
        tracing.past("stage", stage, root, (THEN, THEN), {}, failure="broke on a-secret-value")
        with tracing.during("look", root, {"a": 1}) as span:
            span.note({"b": True})
            with tracing.during("inner", TraceContext.parse(stage.traceparent), {}):
                pass
        tracing.close()
    by_name = {span.name: span for span in received.spans}
    apply, failed, look, inner = (by_name[name] for name in ("apply", "stage", "look", "inner"))
    assert (apply.trace, apply.span, apply.parent) == (root.trace_id, root.span_id, "")
    assert (apply.end - apply.start, apply.attributes) == (2 * 10**9, {"kind": "Episode"})
    assert apply.start == int(THEN.timestamp()) * 10**9
    assert (failed.span, failed.parent) == (stage.span_id, root.span_id)
    assert (failed.failed, failed.message) == (True, "broke on ***")
    assert (look.trace, look.parent, look.attributes) == (root.trace_id, root.span_id, {"a": 1, "b": True})
    assert look.span not in {root.span_id, stage.span_id}
    assert inner.parent == stage.span_id
    assert {span.service for span in received.spans} == {"test"}


@pytest.mark.parametrize(("ratio", "expected"), [("0", 0), ("1", 200), ("0.5", None)])
def test_a_ratio_keeps_whole_traces(monkeypatch: pytest.MonkeyPatch, ratio: str, expected: int | None) -> None:
    """Every program decides alike from the trace's id, whoever made the span above."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
    kept = []
    for program in ("operator", "publisher"):
        with receiver() as received:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
            tracing = from_environment(program, {"OTEL_EXPORTER_OTLP_ENDPOINT": received.url})
            for number in range(200):
                with tracing.during("look", span_of(f"uid-{number}"), {}):
                    pass
            tracing.close()
        kept.append({span.trace for span in received.spans})
    assert kept[0] == kept[1]
    assert len(kept[0]) == expected if expected is not None else 60 < len(kept[0]) < 140


def test_a_collector_that_is_away_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    caplog.set_level(logging.CRITICAL)
    tracing = from_environment("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    with tracing.during("look", None, {}):
        pass
    began = time.monotonic()
    tracing.close()
    assert time.monotonic() - began < 8
