"""What the machine must have, and what a cluster puts on it outside its own namespaces: an interface, routes, one
netfilter table, one control group. All of it is named after the cluster, and `clear` takes all of it away.
"""

import json
import os
import platform
import shutil
import time
from ipaddress import IPv4Network
from pathlib import Path

from podwright_local.commands import LocalError, output_of, run_logged, succeeds
from podwright_local.network import AddressPlan

CGROUPS = Path("/sys/fs/cgroup")
FALLBACK_MTU = 1400
PACKAGES = {
    "/usr/sbin/runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "/usr/sbin/nft": "nftables",
    "/usr/sbin/iptables": "iptables",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/bin/unshare": "util-linux",
    "/usr/sbin/ip": "iproute2",
    "/usr/bin/python3.11": "python3.11",
}
"""A file that each Debian package brings."""
COMPILERS = {"npm": "npm", "g++": "g++", "make": "make"}
"""A program from PATH, and the Debian package that brings one: what installs the servers to publish to."""
ELSEWHERE = (
    "Else use CLUSTER=kind with a Docker engine, or CLUSTER=current with a cluster of yours. `make try` does without a "
    "cluster and without root."
)
#: Bytes without which nothing is begun: images that are built again, and what a cluster writes.
LEAST_SPACE = 5_000_000_000
#: The same where nothing has been compiled yet.
FIRST_SPACE = 28_000_000_000
#: What the sample models ask for, with the servers beside them and one stage (bytes).
LEAST_MEMORY = 13 << 30
UPSTREAM_RESOLV_CONF = Path("/run/systemd/resolve/resolv.conf")


def require_root() -> None:
    """Refuse to begin where there can be no local cluster, or where this user may make none."""
    if platform.system() != "Linux":
        raise LocalError(f"The local cluster needs Linux. {ELSEWHERE}")
    if os.geteuid() != 0:
        raise LocalError(
            "The local cluster needs root: it makes network and mount namespaces. Run this and what follows as root "
            f'(`sudo env "PATH=$PATH" make …` keeps the Go that you have on PATH). {ELSEWHERE}'
        )


def require_space(folder: Path, *, first: bool = False) -> None:
    """Refuse to begin where the disk would be full in the middle; `first` where nothing has been built yet."""
    folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(folder).free, FIRST_SPACE if first else LEAST_SPACE
    if free < needed:
        raise LocalError(
            f"Only {free / 1e9:.1f} GB are free below {folder}, and {needed / 1e9:.0f} are needed"
            f"{' where nothing has been built yet' if first else ''}. Make room there (make clean removes all that was "
            "built), or name another place: PODWRIGHT_CACHE=/another/place."
        )


def require_memory() -> None:
    """Refuse to begin where the models would wait for memory until the demo gives up."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if there < LEAST_MEMORY:
        raise LocalError(
            f"This machine has {there / 2**30:.1f} GiB of memory; the sample models and what runs beside them ask for "
            f"{LEAST_MEMORY / 2**30:.0f}. `make try` does with 4."
        )


def missing_packages(*, compilers: bool = False) -> list[str]:
    """The Debian packages that a cluster lacks here; with `compilers` those for the servers to publish to as well."""
    missing = [package for file, package in PACKAGES.items() if not Path(file).exists()]
    if compilers:
        missing += [package for program, package in COMPILERS.items() if not shutil.which(program)]
    return missing


def require_release(missing: list[str]) -> None:
    """Refuse to look for Debian's Python where another system's package manager would not know it."""
    if "python3.11" not in missing:
        return
    release = platform.freedesktop_os_release()
    if (release.get("ID"), release.get("VERSION_ID")) != ("debian", "12"):
        raise LocalError(
            f"The local cluster is made for Debian 12; this is {release.get('PRETTY_NAME', 'another system')} without "
            f"/usr/bin/python3.11, whose packages Ray's pods share. {ELSEWHERE}"
        )


def install_packages(packages: list[str], log: Path) -> None:
    if not shutil.which("apt-get"):
        raise LocalError(f"Please install: {' '.join(packages)} (this machine has no apt-get to do it with).")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run_logged(["apt-get", "update", "-q"], log.with_suffix(".update.log"), env=env)
    run_logged(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], log, env=env)


def uses_cgroup_v1() -> bool:
    return not (CGROUPS / "cgroup.controllers").exists()


def resolv_conf() -> str:
    """The file that names real servers: an address on the loopback device means nothing inside a pod."""
    text = Path("/etc/resolv.conf").read_text()
    if "nameserver 127." in text and UPSTREAM_RESOLV_CONF.exists():
        return str(UPSTREAM_RESOLV_CONF)
    return "/etc/resolv.conf"


def outside_mtu() -> int:
    """Packets of pods must fit through the interface that leads outside."""
    routes = json.loads(output_of(["ip", "-json", "route", "show", "default"]) or "[]")
    for route in routes:
        mtu = Path("/sys/class/net") / route.get("dev", "") / "mtu"
        if mtu.exists():
            return min(int(mtu.read_text()), 1500)
    return FALLBACK_MTU


def routed_networks() -> list[IPv4Network]:
    """The networks that this machine already reaches some way, the default route aside."""
    if not shutil.which("ip"):  # a bare machine; it is installed with the other packages
        return []
    routes = json.loads(output_of(["ip", "-json", "-4", "route", "show"]) or "[]")
    return [IPv4Network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]


def join_network(plan: AddressPlan, pid: int, mtu: int, table: str) -> bool:
    """Give the namespace of process `pid` its interface, and this machine the routes into it; what is there stays.

    Pods reach the outside under the machine's own address; nothing outside reaches them. Returns whether the interface
    was new.
    """
    name = plan.interface
    if new := not Path("/sys/class/net", name).exists():
        peer = ["type", "veth", "peer", "name", "eth0", "netns", str(pid)]
        output_of(["ip", "link", "add", name, "mtu", str(mtu), *peer])
    output_of(["ip", "address", "replace", f"{plan.host}/{plan.link.prefixlen}", "dev", name])
    output_of(["ip", "link", "set", name, "up"])
    for network in (plan.services, plan.pods):
        output_of(["ip", "route", "replace", str(network), "via", str(plan.node), "dev", name])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    output_of(["nft", "-f", "-"], input_text=firewall(plan, table))
    return new


def firewall(plan: AddressPlan, table: str) -> str:
    """The cluster's netfilter table on this machine; declared, deleted and declared again, so that it is replaced."""
    inside = f"{{ {plan.link}, {plan.pods} }}"
    return f"""table ip {table}
delete table ip {table}
table ip {table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {inside} oifname != "{plan.interface}" masquerade
  }}
  chain forward {{
    type filter hook forward priority filter
    oifname "{plan.interface}" ct state established,related accept
    oifname "{plan.interface}" drop
  }}
}}
"""


def make_cgroup(name: str) -> None:
    """The group below which the kubelet puts its pods, in every hierarchy."""
    if uses_cgroup_v1():
        for hierarchy in _hierarchies():
            (hierarchy / name).mkdir(exist_ok=True)
            if hierarchy.name == "cpuset":
                for setting in ("cpuset.cpus", "cpuset.mems"):
                    (hierarchy / name / setting).write_text((hierarchy / setting).read_text())
        return
    group = CGROUPS / name
    group.mkdir(exist_ok=True)
    controllers = (CGROUPS / "cgroup.controllers").read_text().split()
    for level in (CGROUPS, group):
        for controller in controllers:
            try:
                (level / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError:
                continue  # a controller that cannot be delegated here; the kubelet says which ones it misses


def clear(plan: AddressPlan, table: str, cgroup: str) -> None:
    """Take away whatever a cluster that no longer runs has left on the machine."""
    if Path("/sys/class/net", plan.interface).exists():
        output_of(["ip", "link", "delete", plan.interface])
    if succeeds(["nft", "list", "table", "ip", table]):
        output_of(["nft", "delete", "table", "ip", table])
    deadline = time.monotonic() + 5
    while (left := remove_cgroup(cgroup)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        raise LocalError(f"control groups that cannot be removed, for processes still in them: {left}")


def remove_cgroup(name: str) -> list[Path]:
    """Remove the group with all below it; what is still there afterwards is returned."""
    left = []
    for hierarchy in _hierarchies():
        top = hierarchy / name
        if not top.exists():
            continue
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                left.append(Path(folder))
    return left


def remains(plan: AddressPlan, table: str, cgroup: str) -> list[str]:
    """What of a cluster is still on the machine, in words; empty after a `down`."""
    found = []
    if Path("/sys/class/net", plan.interface).exists():
        found.append(f"interface {plan.interface}")
    if succeeds(["nft", "list", "table", "ip", table]):
        found.append(f"netfilter table {table}")
    found += [f"control group {hierarchy / cgroup}" for hierarchy in _hierarchies() if (hierarchy / cgroup).exists()]
    return found


def _hierarchies() -> list[Path]:
    if not uses_cgroup_v1():
        return [CGROUPS]
    return sorted(folder for folder in CGROUPS.iterdir() if folder.is_dir() and not folder.is_symlink())
