"""An attempt to publish is a span in the trace of its post."""

import pytest

from podwright_crds.names import ANNOTATION_TRACE
from podwright_crds.post import Post
from podwright_publish.ports import Loaded
from podwright_publish.publisher import Publisher
from podwright_telemetry.trace_context import span_of
from podwright_telemetry.tracing import from_environment
from tests.otlp import Span, receiver
from tests.unit.publish.memory import Clock, Faults, MemoryPlatform, MemoryStore, post
from tests.unit.publish.test_crashes import DEDUPES

EPISODE = span_of("uid-of-the-episode")


def made_for_the_episode() -> Post:
    made = post("one")
    metadata = made.metadata.model_copy(update={"annotations": {ANNOTATION_TRACE: EPISODE.traceparent}})
    return made.model_copy(update={"metadata": metadata})


async def spans_of(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    for name in ("OTEL_TRACES_SAMPLER", "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    with receiver() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        tracing = from_environment("publisher", {"OTEL_EXPORTER_OTLP_ENDPOINT": received.url})
        await Publisher(store, "worker", now=Clock(), tracing=tracing).work("one")
        tracing.close()
    return received.spans


async def test_it_goes_on_in_the_trace_of_the_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults()
    store = MemoryStore({"one": made_for_the_episode()}, MemoryPlatform(DEDUPES, faults), faults)
    (span,) = await spans_of(store, monkeypatch)
    assert (span.name, span.trace, span.failed) == ("publish", EPISODE.trace_id, False)
    assert span.parent == span_of("uid-one", EPISODE.traceparent).span_id
    assert span.attributes["podwright.answer"] == "Confirmed"
    assert span.attributes["podwright.channel_type"] == "webhook"


async def test_a_refusal_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults()
    platform = MemoryPlatform(DEDUPES, faults, refuses=["Too many emoji."])
    (span,) = await spans_of(MemoryStore({"one": post("one")}, platform, faults), monkeypatch)
    assert (span.failed, span.message) == (True, "Too many emoji.")
    assert span.trace == span_of("uid-one").trace_id


class Contended(MemoryStore):
    """Somebody else writes between the first look and the claim."""

    looks = 0

    async def load(self, name: str) -> Loaded | None:
        loaded = await super().load(name)
        self.looks += 1
        if self.looks == 1:
            self.write(self.posts[name])
        return loaded


async def test_being_overtaken_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults()
    store = Contended({"one": post("one")}, MemoryPlatform(DEDUPES, faults), faults)
    spans = await spans_of(store, monkeypatch)
    assert [(span.attributes["podwright.answer"], span.failed) for span in spans] == [
        ("overtaken", False),
        ("Confirmed", False),
    ]
    assert sum(store.platform.published.values()) == 1
