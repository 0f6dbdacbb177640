"""`make bench-transcribe` is alive: the small size runs through Ray Serve and both ways of the raw engine."""

import json
import os
import subprocess
import sys

from podwright_local.paths import REPOSITORY

#: Of docs' table of benchmarks; the memory of a long recording is measured in the full size alone.
KEYS = {
    "audio_s": float,
    "rtfx": float,
    "batched_rtfx": float,
    "plain_rtfx": float,
    "ratio_to_batched": float,
    "short_ratio_to_batched": float,
    "wer": float,
    "batched_wer": float,
    "peak_rss_mb": int,
    "size": str,
}


def test_the_small_size_gives_every_figure() -> None:
    command = [sys.executable, "-m", "podwright_bench.transcribe", "--size", "small"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert {key: type(figures.get(key)) for key in KEYS} == KEYS
    assert figures["size"] == "small"
    assert figures["wer"] <= figures["batched_wer"] + 0.05
    assert all(figures[key] > 0 for key in ("rtfx", "batched_rtfx", "plain_rtfx", "peak_rss_mb"))
