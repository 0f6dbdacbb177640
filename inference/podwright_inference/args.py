"""Arguments of the Serve applications, as the operator writes them into `serveConfigV2`.

Nothing here imports Ray or an engine. The operator knows these names from the contract, not from this module.
"""

import json
import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EndpointArgs(BaseModel):
    """What every application takes; the fields of a ModelEndpoint that concern the engine."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_id: str = Field(min_length=1, description="Name under which clients ask for the model.")
    weights: str = Field(min_length=1, description="Folder with the model's files.")
    engine_args: dict[str, str] = Field(default_factory=dict, description="The engine's own settings, as strings.")
    cpus: float = Field(default=1, gt=0, description="CPU cores of one replica.")
    gpus: int = Field(default=0, ge=0, description="GPUs of one replica; 0 computes on CPU.")
    min_replicas: int = Field(default=1, ge=0)
    max_replicas: int = Field(default=1, ge=1)
    target_ongoing_requests: int = Field(
        default=8, ge=1, description="Requests a replica works on at once before another is started."
    )

    @property
    def autoscaling(self) -> dict[str, int]:
        """`autoscaling_config` of a Serve deployment."""
        return {
            "min_replicas": self.min_replicas,
            "max_replicas": max(self.max_replicas, self.min_replicas),
            "target_ongoing_requests": self.target_ongoing_requests,
        }

    @property
    def most_requests(self) -> int:
        """Requests that a replica takes: some more than it is scaled for, so that its batches stay full."""
        return 2 * self.target_ongoing_requests + 8

    @property
    def deployment_options(self) -> dict[str, Any]:
        """Options of a Serve deployment that follow from the scaling."""
        return {
            "autoscaling_config": self.autoscaling,
            "max_ongoing_requests": self.most_requests,
            "health_check_period_s": 10,
            "health_check_timeout_s": 30,
            "graceful_shutdown_timeout_s": 30,
        }

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a replica's process.

        OpenMP threads that wait for each other sleep instead of spinning. Where other processes want the same cores,
        that is five to fifteen times faster (measured with torch, two threads, two cores, load 40); alone it is equal.
        """
        if self.gpus:
            return {}
        return {"OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}

    @property
    def threads(self) -> int:
        """Threads for computing on the CPU: one a core."""
        return max(1, math.floor(self.cpus))


class WhisperSettings(BaseModel):
    """`engine_args` of faster-whisper, by its own names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compute_type: str = Field(default="default", description="CTranslate2's; default: int8 on CPU, float16 on GPU.")
    beam_size: int = Field(default=5, ge=1, le=20)
    cpu_threads: int = Field(default=0, ge=0, description="0: one for each of the replica's cores.")
    batch_size: int = Field(default=8, ge=1, le=128, description="Windows of all requests that are computed at once.")
    audio_context_margin: float | None = Field(
        default=None,
        ge=1,
        le=30,
        description="Seconds that the encoder sees beyond a window's speech; by default 10 on CPU, where its work "
        "grows with them, and Whisper's whole 30 on GPU.",
    )
    vad_filter: bool = Field(default=True, description="Leave out what is not speech before the model sees it.")
    no_speech_threshold: float = Field(default=0.6, ge=0, le=1)
    log_prob_threshold: float = -1.0
    compression_ratio_threshold: float = Field(
        default=2.4, gt=0, description="Text that compresses better than this repeats itself and is decoded again."
    )
    hallucination_silence_threshold: float = Field(
        default=2.0, ge=0, description="Seconds of silence around a doubtful segment from which on it is dropped."
    )


class WhisperArgs(EndpointArgs):
    """Arguments of `podwright_inference.whisper_app:build`."""

    @property
    def settings(self) -> WhisperSettings:
        """`engine_args` with their types; raises pydantic's ValidationError naming what is unknown or wrong."""
        return WhisperSettings.model_validate(self.engine_args)


class LlmArgs(EndpointArgs):
    """Arguments of `podwright_inference.llm_app:build`."""

    @property
    def environment(self) -> dict[str, str]:
        """As of every endpoint; and vLLM leaves the threads to OpenMP, and lets one process do all on CPU."""
        if self.gpus:
            return {}
        return {
            **super().environment,
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        }

    @property
    def engine_kwargs(self) -> dict[str, Any]:
        """`engine_args` with their types: what reads as JSON is taken as JSON, everything else is a string."""
        return {name.replace("-", "_"): _typed(value) for name, value in self.engine_args.items()}


def _typed(value: str) -> Any:
    text = value.strip()
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return json.loads(text)
    except ValueError:
        return value
