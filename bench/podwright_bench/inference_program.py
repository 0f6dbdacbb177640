"""Programs of the inference environment that a measurement talks to: engines as they are, and ours on Ray Serve."""

import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from podwright_local import inference_venv, models
from podwright_local.paths import REPOSITORY, Cache
from tests.tied import tied

PACKAGES = ("inference", "services", "bench")
#: Of both sides: threads that wait for each other sleep (see EndpointArgs.environment), and Ray's workers are as nice
#: as the raw engine, as in Ray pods.
_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    # Below `uv run` Ray would have its workers run by uv, in an environment of this project: without Ray.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # A worker imports for minutes where others want the CPU, too; by default Ray gives it one.
    "RAY_worker_register_timeout_seconds": "300",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
}


def python(cache: Cache) -> Path:
    """The inference environment's; `make prepare` builds it."""
    return inference_venv.folder(cache) / "bin" / "python"


def weights(cache: Cache, kind: str) -> Path:
    """Folder of a demo model: `whisper` or `llm`."""
    return models.folder(cache) / models.KINDS[kind]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Program:
    """A module of this package, run by the inference environment; it says `ready` first."""

    def __init__(
        self,
        interpreter: Path,
        module: str,
        arguments: Sequence[str],
        log: IO[bytes],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        path = os.pathsep.join(str(REPOSITORY / name) for name in PACKAGES)
        variables = {**os.environ, **_ENVIRONMENT, **(environment or {}), "PYTHONPATH": path}
        command = tied([interpreter, "-m", module, *arguments])
        self.process = subprocess.Popen(
            command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._requests, self._answers = self.process.stdin, self.process.stdout
        self.read_until("ready")

    def read_until(self, wanted: str) -> None:
        for line in self._answers:
            if line.strip() == wanted:
                return
        raise RuntimeError(f"the engine's process ended with {self.process.wait()}; its log says why")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, one line each; what else the engine prints is passed over."""
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        for line in self._answers:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"the engine's process ended with {self.process.wait()}; its log says why")

    def end(self) -> None:
        self._requests.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(60)
