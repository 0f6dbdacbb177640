"""How far running stages are, from the last progress line of their pods' logs."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from podwright_core.stages import StageProgress
from podwright_operator.adapters.kubernetes import KubernetesCluster, RateLimit
from podwright_operator.engine.cluster import ClusterError

_LINES: Final = 20
#: A pod is asked about this rarely, and its log read again.
_INTERVAL_S: Final = 3.0
_TTL_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class _Known:
    """What a pod said last, when that was read, and until when it counts as running unless it is asked about again."""

    found: StageProgress | None
    read: float
    until: float


class PodProgress:
    """A ``Progress`` that reads logs, no more of them a second than its limit over all pods."""

    def __init__(
        self, cluster: KubernetesCluster, limit: RateLimit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._limit = limit
        self._clock = clock
        #: The pod that was asked about longest ago comes first.
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def pause(self) -> timedelta:
        self._forget()
        rate = self._limit.per_second
        return timedelta(seconds=max(_INTERVAL_S, len(self._known) / rate if rate else 0.0))

    async def last(self, namespace: str, pod: str, container: str) -> StageProgress | None:
        now, place = self._clock(), (namespace, pod)
        known = self._known.get(place) or _Known(None, now - _TTL_S, now)
        found, read = known.found, known.read
        if now - read >= _TTL_S and self._limit.allows():
            try:
                text = await self._cluster.log_tail(namespace, pod, container, _LINES)
            except ClusterError:
                pass
            else:
                found, read = newest(text) or found, now
        self._known[place] = _Known(found, read, now + 2 * self.pause().total_seconds())
        self._known.move_to_end(place)
        return found

    def _forget(self) -> None:
        """Pods that nobody asks about any more have ended."""
        now = self._clock()
        while self._known and next(iter(self._known.values())).until < now:
            self._known.popitem(last=False)


def newest(log: str) -> StageProgress | None:
    """The last progress line; other lines are human logs."""
    for line in reversed(log.splitlines()):
        if line.startswith("{"):
            try:
                return StageProgress.model_validate_json(line)
            except ValidationError:
                continue
    return None
