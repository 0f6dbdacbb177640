"""The programs of a cluster: their configuration files, their command lines, and when each is ready.

Everything here is a pure function of the address plan and the folders; `write` puts the files where they belong.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from podwright_local.network import AddressPlan
from podwright_local.paths import ClusterPaths
from podwright_local.pki import NODE_NAME

CLUSTER_DOMAIN = "cluster.local"
CNI_PLUGINS = "/usr/lib/cni"
PAUSE_IMAGE = "localhost/podwright-pause:1"

Json = dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """How to tell that a program answers: a URL (with a client certificate's name in the PKI folder) or a socket."""

    url: str | None = None
    certificate: str | None = None
    socket: str | None = None


@dataclass(frozen=True)
class Component:
    """One program that the supervisor keeps running, started when those in `after` answer their probes."""

    name: str
    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    probe: Probe | None = None


@dataclass(frozen=True)
class Settings:
    """What differs between machines and clusters."""

    name: str
    plan: AddressPlan
    paths: ClusterPaths
    binaries: Path
    mtu: int
    resolv_conf: str
    cgroup_v1: bool

    @property
    def cgroup(self) -> str:
        """Relative to each cgroup hierarchy."""
        return f"podwright-{self.name}"


def components(settings: Settings) -> list[Component]:
    """In the order in which they start; they stop in another (`supervisor.STOP_ORDER`)."""
    paths, plan = settings.paths, settings.plan
    pki, config = paths.pki, paths.config

    def program(name: str) -> str:
        return str(settings.binaries / name)

    def as_user(user: str) -> list[str]:
        kubeconfig = config / f"{user}.conf"
        return [
            f"--{flag}={kubeconfig}" for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        ]

    return [
        Component(
            "etcd",
            (
                program("etcd"),
                f"--data-dir={paths.root / 'etcd'}",
                "--listen-client-urls=http://127.0.0.1:2379",
                "--advertise-client-urls=http://127.0.0.1:2379",
                "--listen-peer-urls=http://127.0.0.1:2380",
                "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                "--initial-cluster=default=http://127.0.0.1:2380",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ),
            probe=Probe(url="http://127.0.0.1:2379/health"),
        ),
        Component(
            "containerd",
            (program("containerd"), f"--config={config / 'containerd.toml'}"),
            probe=Probe(socket=str(paths.containerd_socket)),
        ),
        Component(
            "kube-apiserver",
            (
                program("kube-apiserver"),
                "--etcd-servers=http://127.0.0.1:2379",
                f"--bind-address={plan.node}",
                f"--advertise-address={plan.node}",
                "--secure-port=6443",
                f"--tls-cert-file={pki / 'apiserver.crt'}",
                f"--tls-private-key-file={pki / 'apiserver.key'}",
                f"--client-ca-file={pki / 'ca.crt'}",
                "--anonymous-auth=false",
                f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
                f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
                f"--kubelet-certificate-authority={pki / 'ca.crt'}",
                "--kubelet-preferred-address-types=InternalIP",
                f"--service-cluster-ip-range={plan.services}",
                f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
                f"--service-account-key-file={pki / 'sa.pub'}",
                f"--service-account-signing-key-file={pki / 'sa.key'}",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                f"--admission-control-config-file={config / 'admission.json'}",
                f"--audit-policy-file={config / 'audit.json'}",
                f"--audit-log-path={paths.logs / 'audit.log'}",
                "--audit-log-maxsize=100",
                "--audit-log-maxbackup=2",
                "--allow-privileged=true",
                "--profiling=false",
            ),
            after=("etcd",),
            probe=Probe(url=f"{plan.api_url}/readyz", certificate="admin"),
        ),
        Component(
            "kube-controller-manager",
            (
                program("kube-controller-manager"),
                *as_user("controller-manager"),
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                f"--root-ca-file={pki / 'ca.crt'}",
                f"--service-account-private-key-file={pki / 'sa.key'}",
                "--use-service-account-credentials=true",
                f"--cluster-signing-cert-file={pki / 'ca.crt'}",
                f"--cluster-signing-key-file={pki / 'ca.key'}",
            ),
            after=("kube-apiserver",),
        ),
        Component(
            "kube-scheduler",
            (program("kube-scheduler"), *as_user("scheduler"), "--bind-address=127.0.0.1", "--leader-elect=false"),
            after=("kube-apiserver",),
        ),
        Component(
            "kubelet",
            (
                program("kubelet"),
                f"--config={config / 'kubelet.json'}",
                f"--kubeconfig={config / 'kubelet.conf'}",
                f"--hostname-override={NODE_NAME}",
                f"--root-dir={paths.root / 'kubelet'}",
                f"--node-ip={plan.node}",
            ),
            after=("kube-apiserver", "containerd"),
        ),
        Component(
            "kube-proxy",
            (program("kube-proxy"), f"--config={config / 'proxy.json'}"),
            after=("kube-apiserver",),
        ),
    ]


def containerd_config(settings: Settings) -> str:
    """`restrict_oom_score_adj`: where the score may not be lowered runc fails otherwise. NRI would share one socket."""
    paths = settings.paths
    return f"""version = 2
root = "{paths.root / "containerd"}"
state = "{paths.run / "containerd"}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{paths.containerd_socket}"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  cni = {{bin_dir = "{CNI_PLUGINS}", conf_dir = "{paths.config / "cni"}"}}
  containerd.snapshotter = "overlayfs"
  containerd.runtimes.runc = {{runtime_type = "io.containerd.runc.v2"}}
"""


def cni_config(settings: Settings) -> Json:
    """`ptp` routes every packet through the node, so Services work between its pods without `br_netfilter`."""
    return {
        "cniVersion": "0.4.0",
        "name": "pod",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": True,
                "mtu": settings.mtu,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(settings.paths.run / "ipam"),
                    "ranges": [[{"subnet": str(settings.plan.pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet_config(settings: Settings) -> Json:
    """Images cannot be pulled again here, so the kubelet must never collect them to free disk."""
    paths, plan = settings.paths, settings.plan
    config: Json = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(plan.node),
        "healthzBindAddress": "127.0.0.1",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{settings.cgroup}",
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(paths.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(paths.pki / "kubelet-serving.crt"),
        "tlsPrivateKeyFile": str(paths.pki / "kubelet-serving.key"),
        "clusterDNS": [str(plan.dns)],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": settings.resolv_conf,
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "podLogsDir": str(paths.root / "podlogs"),
        "volumePluginDir": str(paths.run / "volumeplugins"),
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "evictionHard": {
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "memory.available": "200Mi",
        },
    }
    if settings.cgroup_v1:
        config["failCgroupV1"] = False
    return config


def proxy_config(settings: Settings) -> Json:
    plan = settings.plan
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "bindAddress": str(plan.node),
        "metricsBindAddress": "127.0.0.1:10249",
        "healthzBindAddress": "127.0.0.1:10256",
        "nodePortAddresses": [f"{plan.node}/32"],
        "clusterCIDR": str(plan.pods),
        "hostnameOverride": NODE_NAME,
        "clientConnection": {"kubeconfig": str(settings.paths.config / "proxy.conf")},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def admission_config() -> Json:
    """Pod Security: nothing privileged anywhere; a tenant's namespace asks for `restricted` with its own label."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": {"enforce": "baseline", "enforce-version": "latest"},
                },
            }
        ],
    }


def audit_policy() -> Json:
    """What pods ask the API server for, without contents; the cluster's own parts ask all the time."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
            {"level": "None"},
        ],
    }


def kubeconfig(settings: Settings, user: str) -> Json:
    """A kubeconfig for one of the PKI's client certificates, with its files embedded by path."""
    pki, context = settings.paths.pki, f"podwright-{settings.name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [
            {
                "name": context,
                "cluster": {"server": settings.plan.api_url, "certificate-authority": str(pki / "ca.crt")},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {"client-certificate": str(pki / f"{user}.crt"), "client-key": str(pki / f"{user}.key")},
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
    }


def write(settings: Settings) -> None:
    """Write every configuration file, and the supervisor's list of components."""
    paths = settings.paths
    (paths.config / "cni").mkdir(parents=True, exist_ok=True)
    (paths.config / "containerd.toml").write_text(containerd_config(settings))
    _write_json(paths.config / "cni" / "10-pod.conflist", cni_config(settings))
    _write_json(paths.config / "kubelet.json", kubelet_config(settings))
    _write_json(paths.config / "proxy.json", proxy_config(settings))
    _write_json(paths.config / "admission.json", admission_config())
    _write_json(paths.config / "audit.json", audit_policy())
    for user in ("controller-manager", "scheduler", "kubelet", "proxy"):
        _write_json(paths.config / f"{user}.conf", kubeconfig(settings, user))
    _write_json(paths.kubeconfig, kubeconfig(settings, "admin"))
    paths.kubeconfig.chmod(0o600)
    _write_json(
        paths.config / "supervisor.json",
        {
            "pki": str(paths.pki),
            "logs": str(paths.logs),
            "status": str(paths.components),
            "path": f"{settings.binaries}:/usr/sbin:/usr/bin:/sbin:/bin",
            "network": {
                "address": f"{settings.plan.node}/{settings.plan.link.prefixlen}",
                "gateway": str(settings.plan.host),
                "mtu": settings.mtu,
            },
            "stop_containers": [
                str(settings.binaries / "cri"),
                "stop",
                f"--endpoint=unix://{paths.containerd_socket}",
            ],
            "components": [asdict(component) for component in components(settings)],
        },
    )


def _write_json(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
