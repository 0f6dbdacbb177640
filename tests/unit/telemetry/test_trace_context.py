import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_telemetry.trace_context import TraceContext, is_wanted, span_of

#: The example of the W3C recommendation.
EXAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        (EXAMPLE, True),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", False),  # not to be recorded
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("0af7651916cd43dd8448eb211c80319c", False),
        ("", False),
        (None, False),
    ],
)
def test_traceparents(text: str | None, understood: bool) -> None:
    assert (TraceContext.parse(text) is not None) is understood


@given(st.uuids().map(str))
def test_a_span_is_read_back_and_belongs_to_its_object(uid: str) -> None:
    span = span_of(uid)
    assert TraceContext.parse(span.traceparent) == span == span_of(uid)


@given(st.sets(st.uuids().map(str), min_size=2, max_size=2), st.text(max_size=9), st.text(max_size=9))
def test_spans_differ_and_parts_stay_in_the_trace(uids: set[str], one: str, other: str) -> None:
    first, second = map(span_of, sorted(uids))
    assert first.trace_id != second.trace_id
    assert first.span_id != second.span_id
    assert first.part(one).trace_id == first.trace_id
    assert (first.part("stage", one) == first.part("stage", other)) is (one == other)
    assert first.part(one).span_id != first.span_id


def test_a_given_trace_goes_on() -> None:
    given_trace = TraceContext.parse(EXAMPLE)
    assert given_trace is not None
    assert span_of("uid", EXAMPLE).trace_id == given_trace.trace_id
    assert span_of("uid", EXAMPLE).span_id == span_of("uid").span_id
    assert span_of("uid", "nonsense") == span_of("uid")


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_off_unless_asked_for(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environment) is wanted
