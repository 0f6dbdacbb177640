"""A real API server for tests: etcd and kube-apiserver as processes on 127.0.0.1, with RBAC and admission, no nodes.

    with ControlPlane.start(tmp_path, binaries()) as control_plane:
        control_plane.kubectl("apply", "-f", "-", stdin=manifests)

With ``controller_manager=True`` Jobs get pods, CronJobs get Jobs, namespaces get service accounts, and what has lost
its owner is collected; pods stay Pending, since there is no node.
"""

import datetime as dt
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from podwright_local import binaries as programs
from podwright_local import pki
from podwright_local.network import AddressPlan
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.tied import tied

START_SECONDS = 120.0
STOP_SECONDS = 15.0
#: An API server that is asked to end waits a minute for watches, which do not end by themselves.
GRACE_SECONDS = 3.0
_PLAN = AddressPlan(0)
"""Only names the certificates' further addresses; nothing listens on them."""


class ControlPlaneError(Exception):
    """A part did not start; the message names its log."""


class KubectlError(Exception):
    """kubectl failed; the message is what it said."""


def binaries() -> Path:
    """The folder with etcd, kube-apiserver, kubectl and helm; compiled where the cache does not have it."""
    with Progress() as progress:
        return programs.build_all(Cache.from_environment(), progress)


@dataclass
class ControlPlane:
    """The processes, and how to reach them."""

    folder: Path
    binaries: Path
    port: int
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        folder: Path,
        binaries: Path,
        *,
        controller_manager: bool = False,
        audited: str = "",
        manager_flags: tuple[str, ...] = (),
    ) -> Self:
        """Start everything below ``folder`` and wait until it serves.

        ``audited`` is an audit policy; what it asks for is recorded in ``audit_log``. ``manager_flags`` are the
        controller manager's.
        """
        folder.mkdir(parents=True, exist_ok=True)
        pki.ensure(folder / "pki", _PLAN, dt.datetime.now(dt.UTC))
        etcd, peer, api, manager = free_ports(4)
        control_plane = cls(folder, binaries, api)
        control_plane._write_kubeconfig("admin")
        if audited:
            control_plane._audit_policy.write_text(audited, encoding="utf-8")
        try:
            control_plane._start_etcd(etcd, peer)
            control_plane._start_api_server(etcd, service_accounts=controller_manager)
            if controller_manager:
                control_plane._start_controller_manager(manager, manager_flags)
        except BaseException:
            control_plane.stop()
            raise
        return control_plane

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """Of a member of system:masters."""
        return self.folder / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def _audit_policy(self) -> Path:
        return self.folder / "audit-policy.yaml"

    def kubeconfig_of(self, namespace: str, service_account: str) -> Path:
        """A kubeconfig with a token of a service account, as a pod of it would have."""
        token = self.kubectl("create", "token", service_account, "-n", namespace, "--duration=2h").stdout.strip()
        return self._write_kubeconfig(f"{namespace}-{service_account}", {"token": token})

    @property
    def pids(self) -> dict[str, int]:
        """The process of each part."""
        return {_program(process): process.pid for process in self._processes}

    @property
    def environment(self) -> dict[str, str]:
        """For programs that talk to it: kubectl and helm on PATH, and the kubeconfig."""
        return {
            "PATH": f"{self.binaries}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
        }

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl; raises ``KubectlError`` with what it wrote on standard error, unless ``check`` is False."""
        return self._run([str(self.binaries / "kubectl"), *arguments], stdin, check)

    def helm(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._run([str(self.binaries / "helm"), *arguments], None, check)

    def get(self, *arguments: str) -> Any:
        """``kubectl get … -o json``, parsed."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        """One request without kubectl; the status code and what came back. For tests that make many."""
        # A patch to apply is YAML to the API server, which knows no surrogate pairs: characters go as they are.
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        asked = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=30, context=self.trust()) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    @contextmanager
    def without_api_server(self) -> Iterator[None]:
        """The API server is away, and then there again as it was."""
        with self.without("kube-apiserver"):
            yield

    @contextmanager
    def without(self, program: str, how: signal.Signals = signal.SIGTERM) -> Iterator[None]:
        """One of the programs is away, and then there again with what it had stored."""
        place = next(i for i, process in enumerate(self._processes) if _program(process) == program)
        process = self._processes[place]
        process.send_signal(how)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        try:
            yield
        finally:
            with self._log(program).open("ab") as log:
                again = subprocess.Popen(process.args, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            self._processes[place] = again
            trust = self.trust()
            self._wait(program, lambda: _answers(f"{self.url}/readyz", trust), again)

    def stop(self) -> None:
        """End the processes, the last one started first."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, command: list[str], stdin: str | None, check: bool) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, input=stdin, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        if check and done.returncode:
            raise KubectlError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def _start_etcd(self, port: int, peer: int) -> None:
        url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
        self._spawn(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self._wait("etcd", lambda: _answers(f"{url}/health", None))

    def _start_api_server(self, etcd: int, *, service_accounts: bool) -> None:
        keys = self.folder / "pki"
        flags = [
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={keys / 'apiserver.crt'}",
            f"--tls-private-key-file={keys / 'apiserver.key'}",
            f"--client-ca-file={keys / 'ca.crt'}",
            "--anonymous-auth=false",
            f"--service-cluster-ip-range={_PLAN.services}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={keys / 'sa.pub'}",
            f"--service-account-signing-key-file={keys / 'sa.key'}",
            "--authorization-mode=Node,RBAC",
            # OpenShift has this one on: whoever sets owner references needs the right to.
            "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
            "--allow-privileged=true",
            "--profiling=false",
        ]
        if self._audit_policy.exists():
            flags += [f"--audit-policy-file={self._audit_policy}", f"--audit-log-path={self.audit_log}"]
        if not service_accounts:
            # Nobody makes service accounts then, and pods would be refused for the lack of them.
            flags.append("--disable-admission-plugins=ServiceAccount")
        self._spawn("kube-apiserver", *flags)
        trust = self.trust()
        self._wait("kube-apiserver", lambda: _answers(f"{self.url}/readyz", trust))

    def _start_controller_manager(self, port: int, flags: tuple[str, ...]) -> None:
        keys = self.folder / "pki"
        kubeconfig = self._write_kubeconfig("controller-manager")
        self._spawn(
            "kube-controller-manager",
            *(
                f"--{flag}={kubeconfig}"
                for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
            ),
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--leader-elect=false",
            f"--root-ca-file={keys / 'ca.crt'}",
            f"--service-account-private-key-file={keys / 'sa.key'}",
            "--use-service-account-credentials=true",
            *flags,
        )
        self._wait(
            "kube-controller-manager",
            lambda: self.kubectl("get", "-n", "default", "serviceaccount", "default", check=False).returncode == 0,
        )

    def trust(self) -> ssl.SSLContext:
        """For requests as a member of system:masters."""
        keys = self.folder / "pki"
        trust = ssl.create_default_context(cafile=str(keys / "ca.crt"))
        trust.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        return trust

    def _spawn(self, program: str, *flags: str) -> None:
        command = tied([self.binaries / program, *flags])
        with self._log(program).open("wb") as log:
            self._processes.append(
                subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            )

    def _wait(self, program: str, ready: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
        deadline = time.monotonic() + START_SECONDS
        started = process or self._processes[-1]
        while not ready():
            if started.poll() is not None or time.monotonic() > deadline:
                raise ControlPlaneError(f"{program} did not start; see {self._log(program)}")
            time.sleep(0.1)

    def _log(self, program: str) -> Path:
        return self.folder / f"{program}.log"

    def _write_kubeconfig(self, user: str, credentials: dict[str, str] | None = None) -> Path:
        """Credentials are the user's certificate unless others are given."""
        keys = self.folder / "pki"
        cluster = {"server": self.url, "certificate-authority": str(keys / "ca.crt")}
        own = {"client-certificate": str(keys / f"{user}.crt"), "client-key": str(keys / f"{user}.key")}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": credentials or own}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        path = self.folder / f"{user}.kubeconfig"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        path.chmod(0o600)
        return path


def _program(process: subprocess.Popen[bytes]) -> str:
    command = process.args if isinstance(process.args, list) else []
    return next(Path(str(word)).name for word in command if str(word).startswith("/") and "setpriv" not in str(word))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; all are held until the last is found, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()


def _answers(url: str, trust: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=trust) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
