"""Properties of the turns that requests take, over any order of events."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from podwright_inference.fair_queue import FairQueue, Waiting

Window = tuple[int, int]
"""A request and the number of its window."""


def queue(batch_size: int, lines: list[list[str]]) -> FairQueue[Window]:
    """A queue in which request n has windows of the kinds `lines[n]`."""
    made: FairQueue[Window] = FairQueue(batch_size)
    for request, kinds in enumerate(lines):
        made.open(request)
        for number, kind in enumerate(kinds):
            made.put(Waiting(request, (request, number), kind))
    return made


def batches(made: FairQueue[Window]) -> list[list[Waiting[Window]]]:
    taken = []
    while batch := made.take():
        taken.append(batch)
    return taken


sizes = st.integers(1, 6)
contents = st.lists(st.lists(st.sampled_from("ab"), max_size=12), max_size=7)


@given(sizes, contents)
def test_every_window_is_taken_once_and_in_its_requests_order(size: int, lines: list[list[str]]) -> None:
    taken = [waiting.window for batch in batches(queue(size, lines)) for waiting in batch]
    assert sorted(taken) == [(request, number) for request, kinds in enumerate(lines) for number in range(len(kinds))]
    for request in range(len(lines)):
        numbers = [number for owner, number in taken if owner == request]
        assert numbers == sorted(numbers)


@given(sizes, contents)
def test_a_batch_is_of_one_kind_and_not_too_large(size: int, lines: list[list[str]]) -> None:
    for batch in batches(queue(size, lines)):
        assert 0 < len(batch) <= size
        assert len({waiting.kind for waiting in batch}) == 1


@given(sizes, contents)
def test_no_place_stays_empty_while_a_fitting_window_waits(size: int, lines: list[list[str]]) -> None:
    made = queue(size, lines)
    left = {request: list(kinds) for request, kinds in enumerate(lines)}
    while batch := made.take():
        for waiting in batch:
            left[waiting.request].pop(0)
        if len(batch) < size:
            assert not [kinds for kinds in left.values() if kinds and kinds[0] == batch[0].kind]


@given(sizes, contents)
def test_who_waits_is_served_within_as_many_batches_as_there_are_requests(size: int, lines: list[list[str]]) -> None:
    left = {request: len(kinds) for request, kinds in enumerate(lines) if kinds}
    bound = len(left)
    waited: Counter[int] = Counter()
    for batch in batches(queue(size, lines)):
        served = {waiting.request for waiting in batch}
        for request, waiting_windows in left.items():
            waited[request] = 0 if request in served or not waiting_windows else waited[request] + 1
            assert waited[request] < max(bound, 1)
        for waiting in batch:
            left[waiting.request] -= 1


@given(st.integers(1, 6), st.integers(2, 30), st.integers(1, 5))
def test_a_long_request_does_not_starve_short_ones(size: int, long: int, others: int) -> None:
    """Short ones that come later are all done after the batches that they alone would fill, and one more."""
    made = queue(size, [["a"] * long])
    first = made.take()
    for request in range(1, others + 1):
        made.open(request)
        made.put(Waiting(request, (request, 0), "a"))
    done: set[int] = set()
    needed = -(-(others + 1) // size)
    for _ in range(needed):
        done |= {waiting.request for waiting in made.take()}
    assert set(range(1, others + 1)) <= done
    assert {waiting.request for waiting in first} == {0}


@given(sizes, contents, st.data())
def test_a_closed_request_takes_no_more_turns(size: int, lines: list[list[str]], data: st.DataObject) -> None:
    made = queue(size, lines)
    gone = data.draw(st.integers(0, 6))
    dropped = made.close(gone)
    assert [waiting.window[1] for waiting in dropped] == list(range(len(lines[gone]) if gone < len(lines) else 0))
    assert not made.put(Waiting(gone, (gone, 99), "a"))
    assert gone not in {waiting.request for batch in batches(made) for waiting in batch}


def test_a_window_that_is_computed_again_comes_before_others_of_its_request() -> None:
    made = queue(1, [["a", "a"]])
    (again,) = made.take()
    made.put(again, first=True)
    assert [waiting.window for batch in batches(made) for waiting in batch] == [(0, 0), (0, 1)]


@given(st.integers(1, 64), st.integers(1, 200))
def test_what_may_be_under_way_fills_batches_and_is_bounded(size: int, requests: int) -> None:
    made: FairQueue[Window] = FairQueue(size)
    for request in range(requests):
        made.open(request)
    assert requests * made.allowance >= 2 * size
    assert requests * made.allowance <= 2 * size + 2 * requests
