"""The measurement is alive at its smallest size; what it measures there means nothing."""

import json
import os
import subprocess
import sys

from podwright_local.paths import REPOSITORY

KEYS = {
    "requests_per_s",
    "p50_ms",
    "p95_ms",
    "errors",
    "bare_requests_per_s",
    "ratio_to_bare",
    "calendar_ms",
    "listeners",
}


def test_every_figure_is_measured() -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "podwright_bench.api", "--size", "small"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures.keys() >= KEYS
    assert figures["size"] == "small"
    assert (figures["errors"], figures["listeners"]) == (0, 20)
    assert all(figures[key] > 0 for key in KEYS - {"errors"})
