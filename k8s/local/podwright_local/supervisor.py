"""The first process of a cluster's own process, mount and network namespaces: `python -m ... STATE_FOLDER`.

It makes the namespaces habitable, starts the components in their order, starts again what dies, reaps what is orphaned,
and on SIGTERM stops everything in order. When it ends, however it ends, the kernel ends every process, mount and
interface of the cluster with it. It uses the standard library alone and no thread: one loop over signals and probes.
"""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TICK_SECONDS = 0.1
PROBE_TIMEOUT_SECONDS = 1.0
BACKOFF_SECONDS = (0.3, 1.0, 2.0, 5.0, 10.0)
SETTLED_SECONDS = 30.0
INTERFACE = "eth0"
PRIVATE_FOLDERS = (
    "/run/containerd",
    "/run/netns",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/containers",
)
"""What these programs write outside their state folder: memory of this cluster alone, gone with it."""
STOP_ORDER: tuple[tuple[tuple[str, ...], float], ...] = (
    (("kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager"), 5.0),
    (("kube-apiserver",), 5.0),
    (("etcd", "containerd"), 5.0),
)
"""Who gets SIGTERM together, and the seconds until SIGKILL. The containers end after the first group: the kubelet must
not start them again, and etcd must outlive the API server, which hangs without it."""
HANDLED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@dataclass
class Child:
    """One component as it is now."""

    component: dict[str, Any]
    pid: int | None = None
    since: float = 0.0
    starts: int = 0
    quick_deaths: int = 0
    not_before: float = 0.0
    ready: bool = False
    last_exit: int | None = None

    @property
    def name(self) -> str:
        return str(self.component["name"])


class Supervisor:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._children = {child["name"]: Child(child) for child in spec["components"]}
        self._stopping = False
        self._env = {"PATH": spec["path"], "HOME": "/root", "LANG": "C.UTF-8"}

    def run(self) -> None:
        """Until SIGTERM."""
        self._write_status()
        while True:
            received = signal.sigtimedwait(HANDLED, TICK_SECONDS if not self._settled else 1.0)
            if received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                self._stop()
                return
            changed = self._reap()
            changed = self._start_what_may() or changed
            changed = self._probe() or changed
            if changed:
                self._write_status()

    @property
    def _settled(self) -> bool:
        return all(child.pid and child.ready for child in self._children.values())

    def _start_what_may(self) -> bool:
        changed = False
        now = time.monotonic()
        for child in self._children.values():
            waits = any(not self._children[other].ready for other in child.component["after"]) and child.starts == 0
            if child.pid is None and not waits and now >= child.not_before:
                self._start(child)
                changed = True
        return changed

    def _start(self, child: Child) -> None:
        log = Path(self._spec["logs"]) / f"{child.name}.log"
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        argv = child.component["argv"]
        try:
            child.pid = os.posix_spawn(
                argv[0],
                argv,
                self._env,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, descriptor, 1),
                    (os.POSIX_SPAWN_DUP2, descriptor, 2),
                ],
                setsid=True,
                setsigmask=[],
            )
        finally:
            os.close(descriptor)
        child.since = time.monotonic()
        child.starts += 1
        child.ready = child.component["probe"] is None
        say(f"{child.name} started as {child.pid}")

    def _reap(self) -> bool:
        changed = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return changed
            if pid == 0:
                return changed
            for child in self._children.values():
                if child.pid == pid:
                    self._note_death(child, os.waitstatus_to_exitcode(status))
                    changed = True

    def _note_death(self, child: Child, code: int) -> None:
        now = time.monotonic()
        child.quick_deaths = child.quick_deaths + 1 if now - child.since < SETTLED_SECONDS else 1
        delay = BACKOFF_SECONDS[min(child.quick_deaths, len(BACKOFF_SECONDS)) - 1]
        child.pid, child.ready, child.last_exit, child.not_before = None, False, code, now + delay
        say(f"{child.name} ended with {code}" + ("" if self._stopping else f"; it starts again in {delay} s"))

    def _probe(self) -> bool:
        changed = False
        for child in self._children.values():
            if child.pid is not None and not child.ready and answers(child.component["probe"], self._spec["pki"]):
                child.ready = changed = True
                say(f"{child.name} is ready after {time.monotonic() - child.since:.1f} s")
        return changed

    def _stop(self) -> None:
        say("stopping")
        self._stopping = True
        for number, (names, grace) in enumerate(STOP_ORDER):
            self._stop_group([self._children[name] for name in names], grace)
            if number == 0:
                self._stop_containers()
        say("stopped")

    def _stop_group(self, group: list[Child], grace: float) -> None:
        for sign, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 2.0)):
            for child in group:
                if child.pid is not None:
                    os.kill(child.pid, sign)
            deadline = time.monotonic() + seconds
            while any(child.pid for child in group) and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, TICK_SECONDS)
                self._reap()

    def _stop_containers(self) -> None:
        if self._children["containerd"].pid is None:
            return
        log = Path(self._spec["logs"]) / "stop.log"
        with log.open("wb") as stream:
            try:
                subprocess.run(self._spec["stop_containers"], stdout=stream, stderr=stream, timeout=20, check=False)
            except subprocess.TimeoutExpired:
                say("the containers did not stop in time; they end with this process")

    def _write_status(self) -> None:
        status = {
            child.name: {"pid": child.pid, "ready": child.ready, "starts": child.starts, "last_exit": child.last_exit}
            for child in self._children.values()
        }
        path = Path(self._spec["status"])
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(status, indent=1))
        beside.rename(path)


def answers(probe: dict[str, Any], pki: str) -> bool:
    """Whether a component answers now."""
    if probe["socket"]:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PROBE_TIMEOUT_SECONDS)
            return client.connect_ex(probe["socket"]) == 0
    url = urlsplit(probe["url"])
    host, port = url.hostname or "", url.port or 80
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        context.load_cert_chain(f"{pki}/{probe['certificate']}.crt", f"{pki}/{probe['certificate']}.key")
        connection = http.client.HTTPSConnection(host, port, timeout=PROBE_TIMEOUT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", url.path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def isolate() -> None:
    """Mounts of pods must reach the kubelet's containers (shared), none may reach the machine."""
    command("mount", "--make-rshared", "/")
    for folder in PRIVATE_FOLDERS:
        Path(folder).mkdir(parents=True, exist_ok=True)
        command("mount", "-t", "tmpfs", "-o", "mode=0755", "podwright", folder)


def configure_network(network: dict[str, Any]) -> None:
    """Wait until the machine has given this namespace its interface, then set it up."""
    command("ip", "link", "set", "lo", "up")
    while INTERFACE not in {name for _, name in socket.if_nameindex()}:
        if signal.sigtimedwait({signal.SIGTERM}, 0.02):
            sys.exit("stopped before the machine had given the cluster its interface")
    command("ip", "address", "add", network["address"], "dev", INTERFACE)
    command("ip", "link", "set", INTERFACE, "mtu", str(network["mtu"]), "up")
    command("ip", "route", "add", "default", "via", network["gateway"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def command(*argv: str) -> None:
    subprocess.run(argv, check=True)


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def main() -> None:
    state = Path(sys.argv[1])
    spec = json.loads((state / "config" / "supervisor.json").read_text())
    if os.getpid() != 1:
        sys.exit("the supervisor is the first process of a new process namespace")
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    isolate()
    configure_network(spec["network"])
    Supervisor(spec).run()


if __name__ == "__main__":
    main()
