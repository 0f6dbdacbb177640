"""What endpoints have done for a process."""

import threading
import time
from collections.abc import Callable
from types import TracebackType


class BusyTime:
    """Seconds in which at least one of any number of threads was inside: ``with busy: …``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._inside = 0
        self._since = 0.0
        self._total = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._since = self._clock()
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._total += self._clock() - self._since

    @property
    def seconds(self) -> float:
        with self._lock:
            return self._total + (self._clock() - self._since if self._inside else 0.0)


class Meter:
    """What endpoints have done for a process: the time, and the tokens that were read and written. From any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.busy = BusyTime(clock)
        self._lock = threading.Lock()
        self._prompt_tokens = 0
        self._answer_tokens = 0

    def count(self, prompt_tokens: int, answer_tokens: int) -> None:
        with self._lock:
            self._prompt_tokens += prompt_tokens
            self._answer_tokens += answer_tokens

    @property
    def tokens(self) -> tuple[int, int]:
        """Read and written."""
        with self._lock:
            return self._prompt_tokens, self._answer_tokens
