"""The threads around the queue, with an engine that tests can hold."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from podwright_inference.batching import Again, Batcher


class Engine:
    """Gives a window back in capitals. Batches wait for `gate`."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def __call__(self, windows: Sequence[str]) -> list[str | Again[str]]:
        self.batches.append(list(windows))
        self.entered.set()
        assert self.gate.wait(10)
        if "broken" in windows:
            raise ValueError("the engine is broken")
        return [Again(window[1:], "a") if window.startswith("!") else window.upper() for window in windows]


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def batcher(engine: Engine) -> Iterator[Batcher[str, str]]:
    made: Batcher[str, str] = Batcher(engine, batch_size=4)
    yield made
    engine.gate.set()
    made.stop()


def test_windows_of_all_requests_share_a_batch(batcher: Batcher[str, str], engine: Engine) -> None:
    engine.gate.clear()
    first = batcher.line().submit("first", "a")
    assert engine.entered.wait(10)
    lines = [batcher.line() for _ in range(3)]
    others = [line.submit(f"window {number}", "a") for number, line in enumerate(lines)]
    engine.gate.set()
    assert [each.result(10) for each in (first, *others)] == ["FIRST", "WINDOW 0", "WINDOW 1", "WINDOW 2"]
    assert engine.batches == [["first"], ["window 0", "window 1", "window 2"]]


def test_a_window_may_be_computed_again(batcher: Batcher[str, str], engine: Engine) -> None:
    assert batcher.line().submit("!!doubtful", "a").result(10) == "DOUBTFUL"
    assert len(engine.batches) == 3


def test_a_failure_reaches_its_batch_and_no_other(batcher: Batcher[str, str]) -> None:
    line = batcher.line()
    with pytest.raises(ValueError, match="broken"):
        line.submit("broken", "a").result(10)
    assert line.submit("whole", "a").result(10) == "WHOLE"


def test_closing_cancels_what_waits_and_what_is_computed(batcher: Batcher[str, str], engine: Engine) -> None:
    engine.gate.clear()
    gone, stays = batcher.line(), batcher.line()
    computed = gone.submit("computed", "a")
    assert engine.entered.wait(10)
    waiting, other = gone.submit("waiting", "a"), stays.submit("other", "a")
    gone.close()
    for cancelled in (computed, waiting, gone.submit("too late", "a")):
        with pytest.raises(CancelledError):
            cancelled.result(10)
    engine.gate.set()
    assert other.result(10) == "OTHER"
    assert engine.batches == [["computed"], ["other"]]
    gone.close()


def test_closing_while_a_window_is_to_be_computed_again(batcher: Batcher[str, str], engine: Engine) -> None:
    engine.gate.clear()
    line = batcher.line()
    result = line.submit("!again", "a")
    assert engine.entered.wait(10)
    line.close()
    engine.gate.set()
    with pytest.raises(CancelledError):
        result.result(10)
    assert batcher.line().submit("next", "a").result(10) == "NEXT"
    assert engine.batches == [["!again"], ["next"]]


def test_stopping_cancels_what_waits(engine: Engine) -> None:
    batcher: Batcher[str, str] = Batcher(engine, batch_size=1)
    engine.gate.clear()
    line = batcher.line()
    first, second = line.submit("first", "a"), line.submit("second", "a")
    assert engine.entered.wait(10)
    stopping = threading.Thread(target=batcher.stop)
    stopping.start()
    engine.gate.set()
    stopping.join(10)
    assert first.result(10) == "FIRST"
    for late in (second, line.submit("third", "a")):
        with pytest.raises(CancelledError):
            late.result(10)


def test_many_requests_at_once_all_get_their_own_results(batcher: Batcher[str, str], engine: Engine) -> None:
    def request(number: int) -> list[str]:
        line = batcher.line()
        waiting = [line.submit(f"{number}.{window}", window % 2) for window in range(20)]
        found = [each.result(10) for each in waiting]
        line.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(request, range(8))) == [
            [f"{number}.{window}" for window in range(20)] for number in range(8)
        ]
    assert sum(len(batch) for batch in engine.batches) == 160
    assert all(len(batch) <= 4 for batch in engine.batches)
