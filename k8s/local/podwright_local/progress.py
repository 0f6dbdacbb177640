"""What a person sees while things happen: every step, what it does, how long it took, and where its log is.

On a terminal the running steps are redrawn with their clocks; elsewhere (CI, a file) each event is one line, and a step
that takes long says every half minute that it still runs.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

STILL_RUNNING_SECONDS = 30.0


@dataclass
class _Running:
    title: str
    started: float
    log: Path | None
    said: float
    detail: str = ""


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `7 min 10 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


class Progress:
    """The steps of one command. Steps may run in several threads at once."""

    def __init__(self, console: Console | None = None) -> None:
        #: What has ended, and the seconds it took.
        self.took: dict[str, float] = {}
        self._console = console or Console(highlight=False, soft_wrap=True, emoji=False)
        self._started = time.monotonic()
        self._running: dict[int, _Running] = {}
        self._lock = threading.Lock()
        self._next = 0
        self._stop = threading.Event()
        self._live: Live | None = None
        self._watcher: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4, transient=True)
            self._live.start()
        else:
            self._watcher = threading.Thread(target=self._remind, daemon=True)
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._live:
            self._live.stop()
            self._live = None
        if self._watcher:
            self._watcher.join()
            self._watcher = None

    @contextmanager
    def step(self, title: str, log: Path | None = None) -> Iterator[Callable[[str], None]]:
        """Show a step while its block runs; the block may call what it is given to say how far it is."""
        now = time.monotonic()
        with self._lock:
            self._next += 1
            key = self._next
            running = self._running[key] = _Running(title, now, log, now)
        if self._live is None:
            self.say(f"... {title}")

        def detail(text: str) -> None:
            running.detail = text

        try:
            yield detail
        except BaseException:
            self._end(key, "[red]FAIL[/red]")
            raise
        self._end(key, "[green]done[/green]")

    def say(self, text: str) -> None:
        """One line as it is, with the time since the command began."""
        self._say(escape(text))

    def _say(self, markup: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._started:6.1f}s[/dim] {markup}")
        sys.stdout.flush()

    def _end(self, key: int, mark: str) -> None:
        with self._lock:
            running = self._running.pop(key)
        took = self.took[running.title] = time.monotonic() - running.started
        detail = f" [dim]{escape(running.detail)}[/dim]" if running.detail else ""
        self._say(f"{mark} {escape(running.title)} ({duration(took)}){detail}")

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        now = time.monotonic()
        with self._lock:
            for running in self._running.values():
                log = f"log: {running.log}" if running.log and now - running.started > STILL_RUNNING_SECONDS else ""
                clock = f"[cyan]{duration(now - running.started):>12}[/cyan]"
                table.add_row(clock, escape(running.title), f"[dim]{escape(f'{running.detail} {log}')}[/dim]")
        return table

    def _remind(self) -> None:
        while not self._stop.wait(1.0):
            now = time.monotonic()
            with self._lock:
                late = [r for r in self._running.values() if now - r.said >= STILL_RUNNING_SECONDS]
                for running in late:
                    running.said = now
            for running in late:
                log = f" (log: {running.log})" if running.log else ""
                self.say(f"    still {running.title}, {duration(now - running.started)} {running.detail}{log}")


@dataclass(frozen=True)
class Task:
    """One node of a graph of work."""

    name: str
    work: Callable[[], None]
    after: Sequence[str] = field(default=())


def run_graph(tasks: Sequence[Task], workers: int = 8) -> None:
    """Run every task as soon as those it comes after are done, side by side where it can be.

    Raises:
        Exception: the first failure, after the tasks that had begun have ended. What depended on it never begins.
    """
    waiting = {task.name: task for task in tasks}
    done: set[str] = set()
    running: dict[Future[None], str] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(workers) as pool:
        while waiting or running:
            if failure is None:
                ready = [task for task in waiting.values() if done.issuperset(task.after)]
                for task in ready:
                    del waiting[task.name]
                    running[pool.submit(task.work)] = task.name
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                failure = failure or future.exception()
                done.add(name)
    if failure is not None:
        raise failure
    if waiting:
        raise ValueError(f"tasks wait for what nothing provides: {sorted(waiting)}")
