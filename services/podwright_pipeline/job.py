"""``podwright-stage``: one stage as a Kubernetes Job.

Reads the request and the storage from the environment; prints progress on standard output, logs on standard error;
leaves the result as termination message; exits 0 (done), 64 (rejected) or 75 (to be tried again).
"""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from podwright_core.egress import Egress
from podwright_core.stage_environment import from_environment as request_from
from podwright_core.stages import (
    EXIT_REJECTED,
    EXIT_RETRY,
    TERMINATION_MESSAGE_LIMIT,
    StageProgress,
    StageRequest,
    StageResult,
)
from podwright_telemetry.spans import Span
from podwright_telemetry.trace_context import VARIABLE, TraceContext
from podwright_telemetry.tracing import from_environment

logger = logging.getLogger("podwright.stage")

TERMINATION_LOG = Path("/dev/termination-log")
_SCRATCH = Path("/scratch")
_MESSAGE_LONGEST = 1500
_EXITS = {"done": 0, "rejected": EXIT_REJECTED, "failed": EXIT_RETRY}


def print_progress(progress: StageProgress) -> None:
    print(progress.model_dump_json(by_alias=True), flush=True)


def termination_message(result: StageResult) -> str:
    """The result as JSON that Kubernetes keeps whole: a long message is cut, then facts go."""
    if result.message and len(result.message) > _MESSAGE_LONGEST:
        result = result.model_copy(update={"message": result.message[: _MESSAGE_LONGEST - 1] + "…"})
    text = result.model_dump_json(by_alias=True, exclude_none=True)
    if len(text.encode()) <= TERMINATION_MESSAGE_LIMIT:
        return text
    return result.model_copy(update={"facts": {}}).model_dump_json(by_alias=True, exclude_none=True)


def leave(result: StageResult, target: Path) -> int:
    """Leaves the termination message; gives the exit code."""
    text = termination_message(result)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:  # outside of a pod
        logger.info("no termination message left at %s (%s)", target, error.strerror)
    logger.info("%s", text)
    return _EXITS[result.outcome]


def run(environment: Mapping[str, str], target: Path) -> int:
    """Runs the request of an environment; gives the exit code."""
    request = request_from(environment)
    _stop_on_sigterm(request, target)
    # Importing the clients takes a second: after the signal handler is there.
    from podwright_pipeline.engines_http import HttpEngines  # noqa: PLC0415
    from podwright_pipeline.fetch import Limits  # noqa: PLC0415
    from podwright_pipeline.runner import Runner  # noqa: PLC0415
    from podwright_pipeline.store_s3 import storage_from_environment  # noqa: PLC0415
    from podwright_pipeline.usage import usage  # noqa: PLC0415
    from podwright_pipeline.websub import notify  # noqa: PLC0415
    from podwright_pipeline.work import Throttled  # noqa: PLC0415

    egress = Egress.from_environment(environment)
    engines = HttpEngines(environment.get("PODWRIGHT_ENDPOINT_API_KEY", "none"))
    runner = Runner(
        storage=storage_from_environment(environment),
        engines=engines,
        on_progress=Throttled(print_progress),
        scratch=_SCRATCH if _SCRATCH.is_dir() and os.access(_SCRATCH, os.W_OK) else None,
        limits=Limits(egress=egress),
        notify=partial(notify, egress=egress),
    )
    with _traced(request, environment) as span:
        try:
            result = runner.run(request)
        except Exception as error:
            logger.exception("the stage failed")
            message = f"the stage failed: {type(error).__name__}: {error}"
            result = StageResult(stage=request.stage, key=request.key, outcome="failed", message=message)
        span.note({"podwright.outcome": result.outcome, "podwright.cached": result.cached})
        if result.outcome != "done":
            span.fail(result.message or result.outcome)
    return leave(result.model_copy(update={"usage": usage(engines.meter, request.endpoint)}), target)


@contextmanager
def _traced(request: StageRequest, environment: Mapping[str, str]) -> Iterator[Span]:
    """A span below the one that the operator gave this Job, where spans are wanted; sent before the Job ends."""
    tracing = from_environment("podwright-stage", environment)
    parent = TraceContext.parse(environment.get(VARIABLE))
    try:
        name = f"run {request.stage.value}"
        about = {"podwright.stage": request.stage.value, "k8s.namespace.name": request.namespace}
        with tracing.during(name, parent, about) as span:
            yield span
    finally:
        tracing.close()


def _stop_on_sigterm(request: StageRequest, target: Path) -> None:
    """Ends the process at once: what is not stored yet is computed again by the next pod."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        message = "the pod was stopped; the stage goes on in the next one."
        code = leave(StageResult(stage=request.stage, key=request.key, outcome="failed", message=message), target)
        os._exit(code)

    signal.signal(signal.SIGTERM, stop)


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    target = Path(os.environ.get("PODWRIGHT_TERMINATION_LOG", TERMINATION_LOG))
    sys.exit(run(os.environ, target))


if __name__ == "__main__":
    main()
