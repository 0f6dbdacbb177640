import math
from concurrent.futures import ThreadPoolExecutor

from podwright_core.stages import EndpointUse
from podwright_pipeline.usage import usage
from podwright_writing.meter import BusyTime, Meter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_requests_side_by_side_count_once() -> None:
    clock = Clock()
    busy = BusyTime(clock)
    with busy:
        clock.now = 1
        with busy:
            clock.now = 3
        clock.now = 4
        assert busy.seconds == 4
    clock.now = 10
    assert busy.seconds == 4
    with busy:
        clock.now = 11
    assert busy.seconds == 5


def test_threads_that_overlap_never_count_more_than_the_clock() -> None:
    busy = BusyTime()

    def work(_: int) -> None:
        with busy:
            math.factorial(2000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))
    before = busy.seconds
    assert 0 < before < 60
    assert busy.seconds == before  # nobody is inside


def test_gpus_multiply_the_endpoints_time_and_tokens_add_up() -> None:
    clock = Clock()
    meter = Meter(clock)
    with meter.busy:
        clock.now = 10
    meter.count(300, 40)
    meter.count(200, 2)
    endpoint = EndpointUse(url="http://e/v1", model_id="m", model_revision="1", gpus=2)
    assert usage(meter, endpoint).gpu_seconds == 20
    assert usage(meter, endpoint).endpoint_seconds == 10
    assert (usage(meter, endpoint).prompt_tokens, usage(meter, endpoint).answer_tokens) == (500, 42)
    assert usage(meter, None).gpu_seconds == 0
    assert usage(meter, None).cpu_seconds > 0
