"""Batches that all running requests share: threads around a `FairQueue`, whatever is computed."""

import itertools
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from podwright_inference.fair_queue import FairQueue, Waiting

W = TypeVar("W")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Again(Generic[W]):
    """Instead of a result: the window is to be computed once more, changed, before others of its request."""

    window: W
    kind: Hashable


Compute = Callable[[Sequence[W]], Sequence[R | Again[W]]]
"""A batch's results, in its order. What it raises goes to all of the batch's requests."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[W, R]):
    window: W
    result: Future[R]


class Batcher(Generic[W, R]):
    """Computes windows of many requests in shared batches, in a thread of its own."""

    def __init__(self, compute: Compute[W, R], batch_size: int) -> None:
        self._compute = compute
        self._queue: FairQueue[_Job[W, R]] = FairQueue(batch_size)
        self._changed = threading.Condition()
        self._computing: list[Waiting[_Job[W, R]]] = []
        self._stopped = False
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def line(self) -> "Line[W, R]":
        """Open a request's place in the queue."""
        with self._changed:
            number = next(self._numbers)
            self._queue.open(number)
        return Line(self, number)

    def stop(self) -> None:
        """End the thread after the batch that is computed; what waits is cancelled."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """Windows in the queue."""
        with self._changed:
            return len(self._queue)

    def submit(self, request: int, window: W, kind: Hashable) -> Future[R]:
        job: _Job[W, R] = _Job(window, Future())
        with self._changed:
            if self._stopped or not self._queue.put(Waiting(request, job, kind)):
                job.result.cancel()
            self._changed.notify_all()
        return job.result

    def allowance(self) -> int:
        with self._changed:
            return self._queue.allowance

    def close(self, request: int) -> None:
        with self._changed:
            dropped = self._queue.close(request)
            dropped += [waiting for waiting in self._computing if waiting.request == request]
        for waiting in dropped:
            waiting.window.result.cancel()

    def _run(self) -> None:
        while batch := self._next():
            try:
                results = self._compute([waiting.window.window for waiting in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, the requests are told
                for waiting in batch:
                    _settle(waiting.window.result, error=error)
                continue
            for waiting, result in zip(batch, results, strict=True):
                if isinstance(result, Again):
                    self._repeat(waiting, result)
                else:
                    _settle(waiting.window.result, result)

    def _next(self) -> list[Waiting[_Job[W, R]]]:
        with self._changed:
            while not self._stopped:
                self._computing = self._queue.take()
                if self._computing:
                    return self._computing
                self._changed.wait()
            for number in range(next(self._numbers)):
                for waiting in self._queue.close(number):
                    waiting.window.result.cancel()
            return []

    def _repeat(self, waiting: Waiting[_Job[W, R]], again: Again[W]) -> None:
        job = _Job(again.window, waiting.window.result)
        with self._changed:
            kept = self._queue.put(Waiting(waiting.request, job, again.kind), first=True)
        if not kept:
            job.result.cancel()


class Line(Generic[W, R]):
    """A request's place in the queue of a `Batcher`."""

    def __init__(self, batcher: Batcher[W, R], number: int) -> None:
        self._batcher = batcher
        self._number = number

    @property
    def allowance(self) -> int:
        """Windows that the request may have under way now; the caller keeps to it."""
        return self._batcher.allowance()

    def submit(self, window: W, kind: Hashable) -> Future[R]:
        """Queue a window. Its result is cancelled when the line is closed before it is computed."""
        return self._batcher.submit(self._number, window, kind)

    def close(self) -> None:
        """Cancel what has no result; a batch that is computed runs to its end. From any thread, again too."""
        self._batcher.close(self._number)


def _settle(future: Future[R], result: R | None = None, *, error: Exception | None = None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)  # type: ignore[arg-type]
