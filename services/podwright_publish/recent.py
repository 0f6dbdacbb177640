"""What was read a moment ago and is believed for a while."""

import time
from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Recent:
    """Answers by key. That something does not exist is not kept: it may be made in the next moment."""

    def __init__(self, fresh_for: timedelta, clock: Callable[[], float] = time.monotonic):
        self._fresh_for = fresh_for.total_seconds()
        self._clock = clock
        self._known: dict[Hashable, tuple[float, Any]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T | None]]) -> T | None:
        known = self._known.get(key)
        now = self._clock()
        if known is not None and now - known[0] < self._fresh_for:
            return cast("T", known[1])
        answer = await ask()
        if answer is None:
            self._known.pop(key, None)
        else:
            self._known[key] = (now, answer)
        return answer

    def forget(self, key: Hashable) -> None:
        self._known.pop(key, None)
