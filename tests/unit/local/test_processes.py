"""Processes as this machine's kernel tells of them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from podwright_local import processes


def test_an_identity_lives_with_its_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        identity = processes.Identity.of(child.pid)
        assert identity.alive
        assert child.pid in processes.children(os.getpid())
        assert not replace(identity, started=identity.started + 1).alive
        assert not replace(identity, boot="another").alive
        assert child.stdin
        child.stdin.close()
        assert processes.wait_until_gone(identity, 10)


def test_a_cluster_that_does_not_run_has_no_processes(tmp_path: Path) -> None:
    assert processes.supervisor_of(tmp_path) is None
    with pytest.raises(ProcessLookupError):
        processes.component_pid(tmp_path, "kubelet")
