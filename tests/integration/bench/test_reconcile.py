"""The measurement is alive at its smallest size; what it measures there means nothing."""

import json
import subprocess
import sys

from podwright_local.paths import REPOSITORY

KEYS = {
    "objects",
    "objects_per_s",
    "bare_client_objects_per_s",
    "ratio_to_limit",
    "p50_ms",
    "p99_ms",
    "rss_mb",
    "idle_cpu_percent",
    "restart_s",
    "restart_writes",
    "size",
}


def test_every_figure_is_measured() -> None:
    command = [sys.executable, "-m", "podwright_bench.reconcile", "--size", "small"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures.keys() >= KEYS
    assert figures["size"] == "small"
    assert figures["restart_writes"] == 0
    assert figures["writes_per_object"]["jobs"] == 4
    assert all(figures[key] > 0 for key in KEYS - {"size", "restart_writes", "idle_cpu_percent"})
