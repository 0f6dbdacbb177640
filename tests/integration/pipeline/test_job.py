"""The process that runs in the pod, against a real object store."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podwright_core.stage_environment import to_environment
from podwright_core.stages import EndpointUse, StageName, StageProgress, StageRequest, StageResult
from podwright_pipeline.store_s3 import storage_from_environment
from podwright_telemetry.trace_context import span_of
from tests.integration.pipeline.feed_results import feed_request
from tests.integration.pipeline.requests import after, ingest
from tests.otlp import receiver as collector


class Pod:
    """One run of ``podwright-stage``."""

    def __init__(self, request: StageRequest, environment: dict[str, str], folder: Path) -> None:
        self.termination = folder / "termination-log"
        self.termination.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "podwright_pipeline.job"],
            env=os.environ
            | environment
            | to_environment(request)
            | {"PODWRIGHT_TERMINATION_LOG": str(self.termination), "TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> tuple[int, StageResult, list[StageProgress]]:
        output, _ = self.process.communicate(timeout=300)
        lines = [StageProgress.model_validate_json(line) for line in output.splitlines()]
        return self.process.returncode, StageResult.model_validate_json(self.termination.read_text()), lines


def test_done_then_cached(s3_environment: dict[str, str], media: Path, tmp_path: Path) -> None:
    storage = storage_from_environment(s3_environment)
    storage.private.upload("demo/uploads/1/clip.mp3", media / "clip.mp3", "audio/mpeg")
    request = ingest("s3://podwright/demo/uploads/1/clip.mp3")
    code, result, progress = Pod(request, s3_environment, tmp_path).finish()
    assert (code, result.outcome, result.cached, result.key) == (0, "done", False, request.key)
    assert progress[0].progress == 0
    assert [line.progress for line in progress] == sorted(line.progress for line in progress)
    assert storage.public.size(result.facts["url"].split("/podwright-public/")[1]) == result.facts["sizeBytes"]
    code, again, _ = Pod(request, s3_environment, tmp_path).finish()
    assert (code, again.cached, again.digest, again.facts) == (0, True, result.digest, result.facts)


def test_rejected(s3_environment: dict[str, str], tmp_path: Path) -> None:
    code, result, _ = Pod(ingest("s3://podwright/demo/uploads/none.mp3"), s3_environment, tmp_path).finish()
    assert (code, result.outcome) == (64, "rejected")
    assert "does not exist; upload the file there" in (result.message or "")


def test_private_addresses_need_leave(s3_environment: dict[str, str], web: str, tmp_path: Path) -> None:
    request = ingest(f"{web}/clip.mp3")
    code, result, _ = Pod(request, s3_environment, tmp_path).finish()
    assert (code, result.outcome) == (64, "rejected")
    assert "leads into a private network" in (result.message or "")
    code, result, _ = Pod(request, s3_environment | {"PODWRIGHT_FETCH_ALLOW": "127.0.0.0/8"}, tmp_path).finish()
    assert (code, result.outcome) == (0, "done")


@pytest.mark.parametrize(
    ("allow", "said"), [("", "leads into a private network"), ("127.0.0.0/8", "could not be told")]
)
def test_hubs_inside_need_leave(s3_environment: dict[str, str], tmp_path: Path, allow: str, said: str) -> None:
    request = feed_request([], {"hubs": ["http://127.0.0.1:9/"]}, title=f"Kitchen {allow}")
    pod = Pod(request, s3_environment | {"PODWRIGHT_FETCH_ALLOW": allow}, tmp_path)
    _, log = pod.process.communicate(timeout=300)
    assert (pod.process.returncode, said in log) == (0, True), log


def test_storage_away(s3_environment: dict[str, str], tmp_path: Path) -> None:
    away = s3_environment | {"PODWRIGHT_S3_ENDPOINT": "http://127.0.0.1:9"}
    code, result, _ = Pod(ingest("s3://podwright/demo/uploads/none.mp3"), away, tmp_path).finish()
    assert (code, result.outcome) == (75, "failed")
    assert "could not be reached" in (result.message or "")


def test_tells_what_it_took_and_sends_its_span(s3_environment: dict[str, str], media: Path, tmp_path: Path) -> None:
    storage = storage_from_environment(s3_environment)
    storage.private.upload("demo/uploads/3/clip.mp3", media / "clip.mp3", "audio/mpeg")
    stage = span_of("uid").part("stage", "key", "0")
    with collector() as traces:
        variables = {"TRACEPARENT": stage.traceparent, "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url}
        request = ingest("s3://podwright/demo/uploads/3/clip.mp3")
        _, result, _ = Pod(request, s3_environment | variables, tmp_path).finish()
    assert result.usage is not None
    assert 0.1 < result.usage.cpu_seconds < 60
    assert (result.usage.endpoint_seconds, result.usage.gpu_seconds) == (0, 0)
    (span,) = traces.spans
    assert (span.service, span.name) == ("podwright-stage", "run ingest")
    assert (span.trace, span.parent, span.failed) == (stage.trace_id, stage.span_id, False)
    assert span.attributes["podwright.outcome"] == "done"


def test_a_collector_that_is_away_costs_seconds_at_most(s3_environment: dict[str, str], tmp_path: Path) -> None:
    away = s3_environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    started = time.monotonic()
    code, result, _ = Pod(ingest("s3://podwright/demo/uploads/none.mp3"), away, tmp_path).finish()
    assert (code, result.outcome) == (64, "rejected")
    assert time.monotonic() - started < 25


@pytest.fixture
def silent_endpoint() -> socket.socket:
    """Takes requests and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    return listener


def test_stopped_within_five_seconds(
    s3_environment: dict[str, str], media: Path, tmp_path: Path, silent_endpoint: socket.socket
) -> None:
    storage = storage_from_environment(s3_environment)
    storage.private.upload("demo/uploads/2/clip.mp3", media / "clip.mp3", "audio/mpeg")
    _, heard, _ = Pod(ingest("s3://podwright/demo/uploads/2/clip.mp3"), s3_environment, tmp_path).finish()
    url = f"http://127.0.0.1:{silent_endpoint.getsockname()[1]}/v1"
    endpoint = EndpointUse(url=url, model_id="whisper", model_revision="1")
    request = after(StageName.TRANSCRIBE, heard, endpoint=endpoint, language="en", glossary=[])
    pod = Pod(request, s3_environment, tmp_path)
    connection, _ = silent_endpoint.accept()
    with silent_endpoint, connection:
        started = time.monotonic()
        pod.process.send_signal(signal.SIGTERM)
        code, result, _ = pod.finish()
    assert time.monotonic() - started < 5
    assert (code, result.outcome) == (75, "failed")
    assert "stopped" in (result.message or "")
