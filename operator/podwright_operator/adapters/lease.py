"""A Lease of coordination.k8s.io."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from podwright_operator.adapters.kubernetes import KubernetesCluster
from podwright_operator.engine.election import LeaseRecord
from podwright_operator.engine.kube import KubeType, ObjectKey, Raw
from podwright_operator.engine.shard import Shard

_LEASE: Final = KubeType("Lease", "leases", "v1", "coordination.k8s.io")


@dataclass
class OtherDivisions:
    """Implements ``Rivals``: operators of the same installation that divide the namespaces into another number.

    Their Leases are told by their names (``Shard.lease``). One whose holder died stays held; it counts until it has
    not changed for the length of a Lease, on this process's own clock.
    """

    cluster: KubernetesCluster
    namespace: str
    #: The Lease's name where nothing is divided.
    name: str
    shard: Shard
    duration: timedelta
    clock: Callable[[], float] = time.monotonic
    #: When each Lease was first seen in its version.
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict, init=False)

    async def at_work(self) -> str | None:
        now = self.clock()
        for raw in await self.cluster.list_all(_LEASE, self.namespace):
            name, version = raw["metadata"]["name"], raw["metadata"]["resourceVersion"]
            holder = raw.get("spec", {}).get("holderIdentity")
            if not holder or not self._is_other(name):
                continue
            before, since = self._seen.get(name, ("", now))
            self._seen[name] = (version, since if before == version else now)
            if now - self._seen[name][1] < self.duration.total_seconds():
                return f"{holder}, who holds Lease {name}"
        return None

    def _is_other(self, name: str) -> bool:
        if name == self.name:
            return self.shard.of != 1
        found = re.fullmatch(rf"{re.escape(self.name)}-\d+-of-(\d+)", name)
        return found is not None and int(found[1]) != self.shard.of


@dataclass
class KubernetesLease:
    """Implements ``Leases``.

    It needs a connection of its own, which gives up soon: renewals must not wait behind other requests.
    """

    cluster: KubernetesCluster
    namespace: str
    name: str
    duration: timedelta
    _spec: Raw = field(default_factory=dict, init=False)

    async def read(self) -> LeaseRecord | None:
        raw = await self.cluster.read(self._key)
        return self._record(raw) if raw is not None else None

    async def write(self, holder: str, seen: LeaseRecord | None) -> LeaseRecord:
        body: Raw = {
            "apiVersion": _LEASE.api_version,
            "kind": _LEASE.kind,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self._next(holder),
        }
        if seen is None:
            raw = await self.cluster.create(self._key, body)
        else:
            body["metadata"]["resourceVersion"] = seen.version
            raw = await self.cluster.replace(self._key, body)
        return self._record(raw)

    @property
    def _key(self) -> ObjectKey:
        return ObjectKey(_LEASE, self.namespace, self.name)

    def _next(self, holder: str) -> Raw:
        """The times are for people: nobody decides from another node's clock."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = self._spec
        same = before.get("holderIdentity") == holder
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, int(self.duration.total_seconds())) if holder else 1,
            "acquireTime": before["acquireTime"] if same and "acquireTime" in before else now,
            "renewTime": now,
            "leaseTransitions": before.get("leaseTransitions", 0) + (1 if holder and not same else 0),
        }

    def _record(self, raw: Raw) -> LeaseRecord:
        self._spec = raw.get("spec", {})
        return LeaseRecord(self._spec.get("holderIdentity") or "", raw["metadata"]["resourceVersion"])
