"""BuildKit runs as long as the program that builds, and no longer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from podwright_local import binaries
from podwright_local.paths import LOCAL, Cache
from podwright_local.processes import PROC, all_pids
from podwright_local.progress import Progress
from tests.integration.local.waiting import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BuildKit needs root")
BUILDS = """
import signal, sys, time
from pathlib import Path
from podwright_local import builder
from podwright_local.paths import Cache
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # below nohup it is ignored
with builder.running(Cache(Path(sys.argv[1])), Path(sys.argv[2])):
    print("builds", flush=True)
    time.sleep(600)
"""


def at_work(cache: Path) -> list[int]:
    """The processes of BuildKit that keep their state in this cache."""
    found = []
    for pid in all_pids():
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if str(cache / "builder" / "state") in words:
            found.append(pid)
    return found


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGKILL])
def test_it_ends_with_a_build_that_is_interrupted(how: signal.Signals, tmp_path: Path) -> None:
    """And the next build can start: a second BuildKit on the same state could not."""
    with Progress() as progress:
        programs = binaries.build_first(Cache.from_environment(), progress)
    command = [sys.executable, "-c", BUILDS, str(tmp_path), str(programs)]
    for _ in range(2):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(LOCAL)}
        ) as building:
            assert building.stdout
            assert building.stdout.readline() == "builds\n"
            assert at_work(tmp_path)
            building.send_signal(how)
        eventually(lambda: not at_work(tmp_path), 20, "BuildKit's end")
