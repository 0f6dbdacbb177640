"""faster-whisper as it is, as a process: reads a request a line, answers a line. Started by `transcribe`.

python -m podwright_bench.whisper_baseline --weights FOLDER --compute-type int8 --threads 2
{"mode": "batched", "files": ["a.flac"], "language": "en", "batch_size": 8}
{"seconds": 3.2, "texts": ["..."], "peak_rss_mb": 412.0}
"""

import argparse
import json
import resource
import sys
import time
from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", required=True)
    parser.add_argument("--compute-type", required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    model = WhisperModel(
        arguments.weights,
        device="cpu",
        compute_type=arguments.compute_type,
        cpu_threads=arguments.threads,
        local_files_only=True,
    )
    pipeline = BatchedInferencePipeline(model)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        began = time.monotonic()
        texts = [transcribed(model, pipeline, request, path) for path in request["files"]]
        seconds = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "texts": texts, "peak_rss_mb": peak}), flush=True)


def transcribed(model: WhisperModel, pipeline: BatchedInferencePipeline, request: dict[str, Any], path: str) -> str:
    """With word times, as the platform is asked; everything else as the library has it."""
    engine, options = (pipeline, {"batch_size": request["batch_size"]}) if request["mode"] == "batched" else (model, {})
    segments, _ = engine.transcribe(path, language=request["language"], word_timestamps=True, **options)
    return "".join(segment.text for segment in segments).strip()


if __name__ == "__main__":
    main()
