"""Waiting for a condition."""

import time
from collections.abc import Callable


def eventually(reached: Callable[[], bool], seconds: float, what: str) -> None:
    """Fail the test unless `reached` within `seconds`."""
    until = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > until:
            raise AssertionError(f"not reached in {seconds:.0f} s: {what}")
        time.sleep(0.2)
