"""Which windows share the next batch: a decision without clock, threads or engine.

Requests stand in a ring. The first one leads: its window decides what the batch is like (`kind`: windows of one batch
must agree in it), and requests behind it add theirs in turn until the batch is full. Who was served goes to the end, so
of n requests that wait each leads within n batches, however much the others have waiting.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[W]):
    """A window in the queue."""

    request: int
    window: W
    kind: Hashable


class FairQueue(Generic[W]):
    """Windows of all requests that run."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self._lines: dict[int, deque[Waiting[W]]] = {}
        self._ring: deque[int] = deque()

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @property
    def requests(self) -> int:
        """Requests that are open, with or without windows in the queue."""
        return len(self._lines)

    @property
    def allowance(self) -> int:
        """Windows that one request may have under way: enough for full batches, and bounded in all.

        With one request two batches (one is computed, one waits), with many two windows each.
        """
        return max(2, -(-2 * self.batch_size // max(self.requests, 1)))

    def open(self, request: int) -> None:
        self._lines[request] = deque()
        self._ring.append(request)

    def close(self, request: int) -> list[Waiting[W]]:
        """Forget a request; what it had waiting."""
        if request not in self._lines:
            return []
        self._ring.remove(request)
        return list(self._lines.pop(request))

    def put(self, waiting: Waiting[W], *, first: bool = False) -> bool:
        """Queue a window, `first` of its request's or last. False when the request is closed."""
        line = self._lines.get(waiting.request)
        if line is None:
            return False
        if first:
            line.appendleft(waiting)
        else:
            line.append(waiting)
        return True

    def take(self) -> list[Waiting[W]]:
        """The next batch; empty when nothing waits."""
        leader = next((request for request in self._ring if self._lines[request]), None)
        if leader is None:
            return []
        kind = self._lines[leader][0].kind
        batch: list[Waiting[W]] = []
        # The leader first, then the others in the ring's order, round after round.
        order = [leader, *(request for request in self._ring if request != leader)]
        served: dict[int, None] = {}
        while len(batch) < self.batch_size:
            before = len(batch)
            for request in order:
                line = self._lines[request]
                if line and line[0].kind == kind and len(batch) < self.batch_size:
                    batch.append(line.popleft())
                    served[request] = None
            if len(batch) == before:
                break
        self._ring = deque([*(request for request in self._ring if request not in served), *served])
        return batch
