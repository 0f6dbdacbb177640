"""An endpoint that fails again and again is left alone, then tried with one request at a time."""

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_writing.circuit import Circuit, CircuitTransport


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_attempt_through_after_each_pause() -> None:
    clock = Clock()
    circuit = Circuit(failures=3, pause=10, clock=clock)
    for _ in range(3):
        assert circuit.admits()
        circuit.failed()
    assert not circuit.admits()
    clock.now = 9.9
    assert not circuit.admits()
    clock.now = 10
    assert circuit.admits()
    assert not circuit.admits()  # the others wait for that one's outcome
    circuit.failed()
    clock.now = 19.9
    assert not circuit.admits()
    clock.now = 20
    assert circuit.admits()
    circuit.succeeded()
    assert circuit.admits()
    assert circuit.admits()


@given(st.lists(st.booleans(), max_size=40))
def test_a_success_starts_the_count_anew(outcomes: list[bool]) -> None:
    circuit = Circuit(failures=3, pause=10, clock=Clock())
    for succeeded in outcomes:
        if not circuit.admits():
            break
        (circuit.succeeded if succeeded else circuit.failed)()
    in_a_row = any(not any(outcomes[at : at + 3]) for at in range(len(outcomes) - 2))
    assert circuit.admits() is not in_a_row


def answering(status: int) -> httpx.BaseTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status))


@pytest.mark.parametrize(("status", "opens"), [(200, False), (404, False), (429, False), (500, True), (503, True)])
def test_answers_of_5xx_are_failures(status: int, opens: bool) -> None:
    circuit = Circuit(failures=1, pause=10, clock=Clock())
    with httpx.Client(transport=CircuitTransport(circuit, answering(status))) as client:
        assert client.get("http://endpoint/v1").status_code == status
        if opens:
            with pytest.raises(httpx.ConnectError, match="left alone"):
                client.get("http://endpoint/v1")
        else:
            assert client.get("http://endpoint/v1").status_code == status


def test_no_connection_is_a_failure() -> None:
    circuit = Circuit(failures=2, pause=10, clock=Clock())
    with httpx.Client(transport=CircuitTransport(circuit, httpx.HTTPTransport())) as client:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError, match="refused"):
                client.get("http://127.0.0.1:9/")
        with pytest.raises(httpx.ConnectError, match="left alone"):
            client.get("http://127.0.0.1:9/")
