"""Processes as the kernel tells of them in /proc: who runs, whose child, under which id in its own namespace."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")


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

    @classmethod
    def read(cls, path: Path) -> "Identity | None":
        """The identity noted in a file; None when there is none."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(asdict(self)))
        beside.rename(path)

    @property
    def alive(self) -> bool:
        """Whether that very process runs; a zombie does not."""
        try:
            return self.boot == boot_id() and start_time(self.pid) == self.started and state(self.pid) != "Z"
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


def state(pid: int) -> str:
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
        return os.readlink(PROC / str(pid) / "ns" / kind)
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
