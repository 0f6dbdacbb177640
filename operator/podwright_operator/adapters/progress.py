"""How far running stages are, from the last progress line of their pods' logs."""

import time
from collections import OrderedDict
from typing import Final

from pydantic import ValidationError

from podwright_core.stages import StageProgress
from podwright_operator.adapters.kubernetes import KubernetesCluster, RateLimit
from podwright_operator.engine.cluster import ClusterError

_LINES: Final = 20
#: A pod's log is read again this rarely.
_TTL_S: Final = 2.5
_REMEMBERED: Final = 2000


class PodProgress:
    """A ``Progress`` that reads logs, no more of them a second than its limit over all pods."""

    def __init__(self, cluster: KubernetesCluster, limit: RateLimit) -> None:
        self._cluster = cluster
        self._limit = limit
        self._known: OrderedDict[tuple[str, str], tuple[float, StageProgress | None]] = OrderedDict()

    async def last(self, namespace: str, pod: str, container: str) -> StageProgress | None:
        known = self._known.get((namespace, pod))
        if known is not None and (time.monotonic() - known[0] < _TTL_S or not self._limit.allows()):
            return known[1]
        try:
            text = await self._cluster.log_tail(namespace, pod, container, _LINES)
        except ClusterError:
            return known[1] if known else None
        found = newest(text) or (known[1] if known else None)
        self._known[namespace, pod] = (time.monotonic(), found)
        self._known.move_to_end((namespace, pod))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found


def newest(log: str) -> StageProgress | None:
    """The last progress line; other lines are human logs."""
    for line in reversed(log.splitlines()):
        if line.startswith("{"):
            try:
                return StageProgress.model_validate_json(line)
            except ValidationError:
                continue
    return None
