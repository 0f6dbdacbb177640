"""`podwright_inference.whisper_app:build`: a speech model on faster-whisper with OpenAI's API."""

from pathlib import Path

from fastapi import FastAPI
from ray import serve

from podwright_inference.args import WhisperArgs
from podwright_inference.transcription_api import ServedModel, transcription_api


def build(args: WhisperArgs) -> serve.Application:
    """The application for Ray Serve; `args` come from `serveConfigV2`."""
    _ = args.settings  # refuses what the engine does not know here, where the message reaches the status
    deployment = serve.deployment(
        Whisper,
        name="Whisper",
        ray_actor_options={
            "num_cpus": args.cpus,
            "num_gpus": args.gpus,
            "runtime_env": {"env_vars": args.environment},
        },
        **args.deployment_options,
    )
    return deployment.bind(args)


@serve.ingress()
class Whisper:
    """One replica: a loaded model behind its HTTP application."""

    def __init__(self, args: WhisperArgs) -> None:
        from podwright_inference.faster_whisper_engine import FasterWhisperEngine  # noqa: PLC0415 - loads CTranslate2

        self._args = args
        self._engine = FasterWhisperEngine(Path(args.weights), args.settings, threads=args.threads, gpu=args.gpus > 0)

    async def __serve_build_asgi_app__(self) -> FastAPI:
        return transcription_api(ServedModel(self._args.model_id, self._engine, self._args.most_requests))

    def check_health(self) -> None:
        """Asked by Ray Serve: raises when the engine is broken, and the replica is replaced."""
        self._engine.check_health()
