"""The work queue: each key at most once, one worker to a key, delays and backoff."""

import asyncio
import random
from collections import deque
from datetime import timedelta
from typing import Final, Generic, TypeVar

K = TypeVar("K")

_FIRST_BACKOFF_S: Final = 0.5
_LAST_BACKOFF_S: Final = 120.0


class WorkQueue(Generic[K]):
    """Keys to look at. A key added while it is worked on comes again afterwards."""

    def __init__(self, jitter: random.Random | None = None) -> None:
        self._ready: deque[tuple[K, float]] = deque()
        self._waiting: set[K] = set()  # in _ready
        self._working: set[K] = set()
        self._again: set[K] = set()  # added while worked on
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._soon: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._tokens = asyncio.Semaphore(0)
        self._jitter = jitter or random.Random()  # noqa: S311  (spreads retries)

    def add(self, key: K) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append((key, asyncio.get_running_loop().time()))
            self._tokens.release()

    def schedule(self, key: K, delay: timedelta | None) -> None:
        """Add the key after ``delay``, in place of what was scheduled for it before; None only cancels."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if delay is not None:
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(max(0.0, delay.total_seconds()), self._due, key)

    def add_soon(self, key: K, delay: timedelta) -> None:
        """Add the key within ``delay``, once for everything that asks for it until then."""
        if key not in self._soon:
            loop = asyncio.get_running_loop()
            self._soon[key] = loop.call_later(delay.total_seconds(), self._gathered, key)

    def retry(self, key: K) -> timedelta:
        """Schedule the key with growing delays; returns the delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(_LAST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** min(failures, 16))
        delay = timedelta(seconds=seconds * self._jitter.uniform(0.75, 1.25))
        self.schedule(key, delay)
        return delay

    def failures(self, key: K) -> int:
        return self._failures.get(key, 0)

    def succeeded(self, key: K) -> None:
        self._failures.pop(key, None)

    def forget(self, key: K) -> None:
        """The object is gone: no timer, no memory of failures."""
        self.schedule(key, None)
        self.succeeded(key)

    def clear(self) -> None:
        """Nobody works any more: forget everything."""
        for timer in (*self._timers.values(), *self._soon.values()):
            timer.cancel()
        for group in (self._ready, self._waiting, self._working, self._again, self._timers, self._soon, self._failures):
            group.clear()
        self._tokens = asyncio.Semaphore(0)

    async def take(self) -> K:
        """The next key; call ``done`` when finished with it."""
        await self._tokens.acquire()
        key, _ = self._ready.popleft()
        self._waiting.discard(key)
        if timer := self._soon.pop(key, None):  # what asked for a look soon gets it now
            timer.cancel()
        self._working.add(key)
        return key

    def done(self, key: K) -> None:
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    @property
    def depth(self) -> int:
        """Keys that wait for a worker."""
        return len(self._ready)

    @property
    def busy(self) -> int:
        """Keys that are worked on."""
        return len(self._working)

    @property
    def scheduled(self) -> int:
        return len(self._timers)

    def oldest_age(self) -> float:
        """Seconds that the key at the head has waited for a worker."""
        return asyncio.get_running_loop().time() - self._ready[0][1] if self._ready else 0.0

    def _gathered(self, key: K) -> None:
        self._soon.pop(key, None)
        self.add(key)

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)
