"""A cluster of this machine: its processes and its node. What runs in it comes from `prerequisites` and `demo`."""

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from podwright_local import components, host, network, pki
from podwright_local.commands import CommandError, LocalError, tail_of
from podwright_local.kubectl import Kubectl
from podwright_local.locks import exclusive
from podwright_local.network import AddressPlan
from podwright_local.paths import LOCAL, Cache, ClusterPaths
from podwright_local.processes import (
    SUPERVISOR_MODULE,
    Identity,
    children,
    component_pid,
    in_namespace,
    namespace,
    namespace_pid,
    send,
    supervisor_of,
    supervisors,
    wait_until_gone,
)
from podwright_local.progress import Progress

API_SECONDS = 60.0
NODE_SECONDS = 90.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
LEASE_AGE = dt.timedelta(seconds=40)
"""A kubelet at work renews its lease every ten seconds; after this long the node counts as lost."""


@dataclass(frozen=True)
class LocalCluster:
    """The cluster of this name. All its state is in one folder; all its processes are in one namespace."""

    name: str
    cache: Cache
    plan: AddressPlan

    @classmethod
    def named(cls, name: str, cache: Cache) -> "LocalCluster":
        if not name.isalnum() or not name.islower() or len(name) > 20:
            raise LocalError(f"A cluster's name is up to 20 lower-case letters and digits; {name!r} is not.")
        cluster = cls(name, cache, network.address_plan(cache, name, host.routed_networks()))
        cluster.paths.check_length()
        return cluster

    @property
    def paths(self) -> ClusterPaths:
        return self.cache.cluster(self.name)

    @property
    def table(self) -> str:
        """The cluster's netfilter table on the machine, and its control group."""
        return f"podwright-{self.name}"

    @property
    def running(self) -> bool:
        return supervisor_of(self.paths.root) is not None

    def kubectl(self, binaries: Path) -> Kubectl:
        return Kubectl(str(binaries / "kubectl"), self.paths.kubeconfig)

    def up(self, binaries: Path, progress: Progress) -> None:
        """Start it, or see that it runs: the API answers and the node is ready."""
        with exclusive(self.cache.locks / f"cluster-{self.name}"):
            lease_since = dt.datetime.now(dt.UTC)
            if supervisor := supervisor_of(self.paths.root):
                # Its start may have been interrupted, or the machine's firewall been loaded anew since.
                if not self._join(supervisor):
                    lease_since -= LEASE_AGE
            else:
                with progress.step(
                    f"starting the processes of cluster '{self.name}'", self.paths.root / "supervisor.log"
                ):
                    self._prepare(binaries)
                    self._join(self._start())
            with progress.step("waiting for the API server", self.paths.logs / "kube-apiserver.log"):
                self._wait_for_api(binaries)
            with progress.step("waiting for the node", self.paths.logs / "kubelet.log"):
                self._wait_for_node(binaries, lease_since)

    def down(self, progress: Progress) -> None:
        """Stop it and clear what it left on the machine; its data stays."""
        with exclusive(self.cache.locks / f"cluster-{self.name}"):
            supervisor = supervisor_of(self.paths.root)
            if supervisor is not None:
                with progress.step(f"stopping cluster '{self.name}'", self.paths.root / "supervisor.log"):
                    self._stop(supervisor)
            self._clear()

    def delete(self, progress: Progress) -> None:
        """Stop it and remove its data."""
        self.down(progress)
        shutil.rmtree(self.paths.root, ignore_errors=True)
        if self.paths.root.exists():
            raise LocalError(f"{self.paths.root} cannot be removed")
        network.forget(self.cache, self.name)

    def remains(self) -> list[str]:
        """What is on the machine of a cluster that does not run; empty after a `down`."""
        found = host.remains(self.plan, self.table, self.table)
        mounts = Path("/proc/mounts").read_text().splitlines()
        found += [f"mount {line.split()[1]}" for line in mounts if line.split()[1].startswith(f"{self.paths.root}/")]
        return found

    def _prepare(self, binaries: Path) -> None:
        """A cluster that does not run has nothing alive: whatever its last run left is cleared first."""
        self._clear()
        paths = self.paths
        shutil.rmtree(paths.run, ignore_errors=True)
        for folder in (paths.run, paths.logs, paths.volumes):
            folder.mkdir(parents=True, exist_ok=True)
        for log in paths.logs.glob("*.log"):
            log.rename(log.with_suffix(".log.previous"))
        pki.ensure(paths.pki, self.plan, dt.datetime.now(dt.UTC))
        components.write(self._settings(binaries))
        host.make_cgroup(self.table)

    def _settings(self, binaries: Path) -> components.Settings:
        return components.Settings(
            name=self.name,
            plan=self.plan,
            paths=self.paths,
            binaries=binaries,
            mtu=host.outside_mtu(),
            resolv_conf=host.resolv_conf(),
            cgroup_v1=host.uses_cgroup_v1(),
        )

    def _join(self, supervisor: int) -> bool:
        return host.join_network(self.plan, supervisor, host.outside_mtu(), self.table)

    def _start(self) -> int:
        log = self.paths.root / "supervisor.log"
        environment = {**os.environ, "PYTHONPATH": str(LOCAL)}
        with log.open("wb") as stream:
            holder = subprocess.Popen(
                [
                    *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
                    *(sys.executable, "-m", SUPERVISOR_MODULE, str(self.paths.root)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        return self._wait_for_supervisor(holder, log)

    def _wait_for_supervisor(self, holder: "subprocess.Popen[bytes]", log: Path) -> int:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and holder.poll() is None:
            for pid in children(holder.pid):
                if namespace_pid(pid) == 1:
                    return pid
            time.sleep(0.02)
        raise LocalError(f"the cluster's first process does not start; its log is {log}\n{tail_of(log)}")

    def _wait_for_api(self, binaries: Path) -> None:
        kubectl = self.kubectl(binaries)
        deadline = time.monotonic() + API_SECONDS
        while time.monotonic() < deadline:
            self._check_supervisor()
            try:
                if kubectl.run("get", "--raw", "/readyz", "--request-timeout=2s").strip() == "ok":
                    return
            except CommandError:
                time.sleep(POLL_SECONDS)
        raise LocalError(f"the API server does not answer; {self._blamed('kube-apiserver')}")

    def _wait_for_node(self, binaries: Path, since: dt.datetime) -> None:
        """Ready in the API may be what was true before a restart: the kubelet must have renewed its lease since."""
        kubectl = self.kubectl(binaries)
        deadline = time.monotonic() + NODE_SECONDS
        while time.monotonic() < deadline:
            self._check_supervisor()
            lease = kubectl.get("lease", pki.NODE_NAME, "-n", "kube-node-lease")
            node = kubectl.get("node", pki.NODE_NAME)
            if lease and node and lease_renewed(lease, since) and node_ready(node):
                return
            time.sleep(POLL_SECONDS)
        raise LocalError(f"the node does not become ready; {self._blamed('kubelet')}")

    def _blamed(self, component: str) -> str:
        """What to read, and what helps at last. A component that waits for another one has nothing to say."""
        states = json.loads(self.paths.components.read_text()) if self.paths.components.exists() else {}
        first = next((name for name, entry in states.items() if not entry["ready"]), component)
        log = self.paths.logs / f"{first}.log"
        return (
            f"the log of {first} is {log}\n{tail_of(log)}\nWhere the cluster's data are broken, as after a power cut, "
            f"`{sys.executable} -m podwright_local delete --name {self.name}` removes them; all that was built stays."
        )

    def _check_supervisor(self) -> None:
        if not self.running:
            log = self.paths.root / "supervisor.log"
            raise LocalError(f"the cluster's processes have ended; the log is {log}\n{tail_of(log)}")

    def _stop(self, supervisor: int) -> None:
        inside = namespace(supervisor, "pid")
        identity = Identity.of(supervisor)
        send(identity, signal.SIGTERM)
        if not wait_until_gone(identity, STOP_SECONDS):
            send(identity, signal.SIGKILL)
            wait_until_gone(identity, 10)
        deadline = time.monotonic() + 10
        while (left := in_namespace("pid", inside)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if left:
            raise LocalError(f"processes of cluster '{self.name}' do not end: {left}")

    def _clear(self) -> None:
        for other in supervisors():
            if other.name == self.name and other != self.paths.root:
                raise LocalError(
                    f"A cluster '{self.name}' runs from {other}, and names on this machine are its alone. Stop it with "
                    f"`PODWRIGHT_CACHE={other.parents[1]} make down`, or give this one another: NAME=another."
                )
        host.clear(self.plan, self.table, self.table)

    def status(self) -> list[tuple[str, str]]:
        """Each component, and in words how it is."""
        supervisor = supervisor_of(self.paths.root)
        if supervisor is None:
            return [("cluster", "stopped" if self.paths.root.exists() else "does not exist")]
        rows = [("supervisor", f"pid {supervisor}")]
        states = json.loads(self.paths.components.read_text()) if self.paths.components.exists() else {}
        for name, entry in states.items():
            try:
                pid = component_pid(self.paths.root, name)
            except ProcessLookupError:
                rows.append((name, f"not running, last exit {entry['last_exit']}, log {self.paths.logs / name}.log"))
                continue
            ready = "" if entry["ready"] else ", not ready"
            restarts = f", started {entry['starts']} times" if entry["starts"] > 1 else ""
            rows.append((name, f"pid {pid}{ready}{restarts}"))
        return rows


def node_ready(node: dict[str, object]) -> bool:
    status = node.get("status")
    conditions = status.get("conditions", []) if isinstance(status, dict) else []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def lease_renewed(lease: dict[str, object], since: dt.datetime) -> bool:
    """Whether the kubelet wrote its lease after `since`."""
    spec = lease.get("spec")
    renewed = spec.get("renewTime") if isinstance(spec, dict) else None
    if not isinstance(renewed, str):
        return False
    return dt.datetime.fromisoformat(renewed) > since
