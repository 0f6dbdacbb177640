"""Model weights for machines that reach no model hub: made once, kept below the cache, uploaded to a bucket."""

import os
from pathlib import Path

from podwright_local import inference_venv
from podwright_local.commands import run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.progress import Progress

SOURCE = ("podwright_inference/demo_models.py", "podwright_inference/gguf_conversion.py")
KINDS = {"whisper": "whisper-base", "llm": "smollm2-135m-instruct"}
"""The names by which they are asked for, and their folders."""
COMPLETE = ".complete"


def key() -> str:
    return digest(digest_files(REPOSITORY / "inference", SOURCE), *KINDS)


def folder(cache: Cache) -> Path:
    return cache.models(key())


def complete(target: Path) -> bool:
    """Whether every model's folder is there, whole."""
    return all((target / name / COMPLETE).exists() for name in KINDS.values())


def build(cache: Cache, progress: Progress) -> Path:
    """Make the models' folders if they are not there; needs the inference environment."""
    target = folder(cache)
    with exclusive(cache.locks / "models"):
        if not complete(target):
            log = cache.logs / "models.log"
            with progress.step(f"preparing the models {' and '.join(KINDS.values())}", log):
                python = inference_venv.folder(cache) / "bin" / "python"
                env = {
                    "PYTHONPATH": str(REPOSITORY / "inference"),
                    "PATH": f"{Path(inference_venv.uv_program()).parent}:{os.environ['PATH']}",
                }
                only = [argument for kind in KINDS for argument in ("--only", kind)]
                run_logged([python, "-m", "podwright_inference.demo_models", "--out", target, *only], log, env=env)
    return target
