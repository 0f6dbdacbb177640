"""Work that is looked for again and again until the process ends."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

from podwright_api.errors import FacadeError

logger = logging.getLogger(__name__)

#: Waits after failures in a row, in seconds.
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


class Periodic:
    """Calls ``step`` every ``seconds``, and at once after ``wake``; what it raises is logged and tried again later.

    A step that returns True has more to do.
    """

    def __init__(self, name: str, seconds: float, step: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._seconds = seconds
        self._step = step
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        self._woken.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        failures = 0
        while True:
            self._woken.clear()
            try:
                if await self._step():
                    continue
                failures = 0
            except FacadeError as error:
                failures += 1
                logger.warning("%s: %s", self._name, error.message)
            except Exception:  # work that ended would not be done any more, and nobody would notice
                failures += 1
                logger.exception("%s", self._name)
            # Replicas do not look all at once.
            pause = self._seconds * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)
            if failures:
                pause = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
