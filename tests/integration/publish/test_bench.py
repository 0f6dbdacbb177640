"""``make bench-publish`` at its small size: alive, nothing lost, nothing doubled; no goal for lateness."""

import json
import os
import subprocess
import sys

from podwright_local.paths import REPOSITORY


def test_the_small_measurement() -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "podwright_bench.publish", "--size", "small"]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    print(done.stdout)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["size"] == "small"
    assert (figures["posts"], figures["lost"], figures["doubled"], figures["held"]) == (60, 0, 0, 0)
    assert figures["late_p99_s"] >= figures["late_p50_s"] >= 0
