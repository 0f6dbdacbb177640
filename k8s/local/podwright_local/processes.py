"""Processes as the kernel tells of them in /proc: who runs, whose child, under which id in its own namespace."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SUPERVISOR_MODULE = "podwright_local.supervisor"


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken: an id alone is reused, an id with its start time is not."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Raises ProcessLookupError when there is no such process."""
        return cls(pid, start_time(pid), boot_id())

    @property
    def alive(self) -> bool:
        """Whether that very process runs; a zombie does not."""
        try:
            return self.boot == boot_id() and start_time(self.pid) == self.started and state_of(self.pid) != "Z"
        except ProcessLookupError:
            return False


def boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: the name before it may hold spaces and parentheses."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    return text.rpartition(")")[2].split()


def state_of(pid: int) -> str:
    return _stat(pid)[0]


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def start_time(pid: int) -> int:
    """Clock ticks after boot."""
    return int(_stat(pid)[19])


def all_pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def children(pid: int) -> list[int]:
    """The direct children."""
    found = []
    for candidate in all_pids():
        try:
            if parent(candidate) == pid:
                found.append(candidate)
        except ProcessLookupError:
            continue
    return found


def namespace_pid(pid: int) -> int:
    """The id that the process has in its own, innermost namespace."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    for line in lines:
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return pid


def namespace(pid: int, kind: str) -> str:
    """Which namespace (`net`, `pid`, `mnt`) the process is in."""
    try:
        return str((PROC / str(pid) / "ns" / kind).readlink())
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None


def in_namespace(kind: str, name: str) -> list[int]:
    """Every process of a namespace."""
    found = []
    for pid in all_pids():
        try:
            if namespace(pid, kind) == name:
                found.append(pid)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def wait_until_gone(identity: Identity, timeout: float) -> bool:
    """Whether the process ended in time."""
    deadline = time.monotonic() + timeout
    while identity.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def send(identity: Identity, number: signal.Signals) -> None:
    """Signal that very process, if it is there."""
    if identity.alive:
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return


def supervisors() -> dict[Path, int]:
    """The first process of the namespaces of each cluster of this machine, by the folder with the cluster's state.

    Found by what it runs and where, so that no file can name a process that is gone or another that has its id.
    """
    found = {}
    ours = namespace(os.getpid(), "pid")
    for pid in all_pids():
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
            _, module, state = " ".join(words).rstrip().rpartition(f" {SUPERVISOR_MODULE} ")
            if module and namespace(pid, "pid") != ours and namespace_pid(pid) == 1 and state_of(pid) != "Z":
                found[Path(state)] = pid
        except (OSError, ProcessLookupError):
            continue
    return found


def supervisor_of(state: Path) -> int | None:
    """The first process of the cluster whose state is in this folder, as the machine sees it."""
    return supervisors().get(state)


def component_pid(state: Path, name: str) -> int:
    """The id, as the machine sees it, of one of a cluster's own processes: `kubelet`, `kube-apiserver`, ...

    Raises ProcessLookupError when the cluster or that component does not run.
    """
    supervisor = supervisor_of(state)
    if supervisor is None:
        raise ProcessLookupError(f"no cluster runs in {state}")
    for pid in children(supervisor):
        try:
            program = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        if Path(program).name == name and state_of(pid) != "Z":
            return pid
    raise ProcessLookupError(f"{name} of the cluster in {state} does not run now")
