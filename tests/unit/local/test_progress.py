"""The graph of work, how long things took in words, and texts as they are."""

import io
import threading

import pytest
from rich.console import Console

from podwright_local.progress import Progress, Task, duration, run_graph


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (12.3, "12 s"), (59.4, "59 s"), (430, "7 min 10 s"), (3600, "60 min 0 s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_task_begins_after_those_it_names() -> None:
    order: list[str] = []
    tasks = [
        Task("c", lambda: order.append("c"), ["a", "b"]),
        Task("a", lambda: order.append("a")),
        Task("b", lambda: order.append("b"), ["a"]),
    ]
    run_graph(tasks)
    assert order == ["a", "b", "c"]


def test_independent_tasks_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> None:
        meeting.wait()

    run_graph([Task("one", meet), Task("two", meet)])


def test_a_failure_ends_the_graph_and_what_depends_on_it_never_begins() -> None:
    begun: list[str] = []

    def fail() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run_graph([Task("bad", fail), Task("after", lambda: begun.append("after"), ["bad"])])
    assert begun == []


def test_waiting_for_what_nothing_provides_is_an_error() -> None:
    with pytest.raises(ValueError, match="lonely"):
        run_graph([Task("lonely", lambda: None, ["absent"])])


@pytest.mark.parametrize("terminal", [False, True])
def test_brackets_of_a_text_are_shown(terminal: bool) -> None:
    shown = io.StringIO()
    text = "read [the log] [/b] [red]"
    with Progress(Console(file=shown, force_terminal=terminal, color_system=None, width=200)) as progress:
        with progress.step(f"step {text}") as detail:
            detail(f"detail {text}")
        progress.say(f"said {text}")
    assert f"done step {text} (0.0 s) detail {text}" in shown.getvalue()
    assert f"said {text}" in shown.getvalue()
