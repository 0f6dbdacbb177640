"""A circuit breaker: an endpoint that fails again and again is left alone for a while, then tried with one request.

Without it, each of a stage's threads would go on trying by itself, each attempt as long as its timeout.
"""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus

import httpx2 as httpx

#: So many attempts in a row that fail open the circuit, for so long (seconds).
FAILURES, PAUSE = 6, 10.0


class Circuit:
    """Whether an endpoint is to be asked. From any thread."""

    def __init__(
        self, failures: int = FAILURES, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_at = float("-inf")

    def admits(self) -> bool:
        """Whether an attempt may be made now; while it is open, one each time that its pause is over."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if now < self._closed_at:
                return False
            self._closed_at = now + self._pause
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed == self._most:
                self._closed_at = self._clock() + self._pause


class CircuitTransport(httpx.BaseTransport):
    """Sends requests while the circuit is closed; raises ``httpx2.ConnectError`` at once while it is open.

    An answer of 5xx, no answer and no connection are failures. 429 is none: the server works, and says when it wants
    to be asked again.
    """

    def __init__(self, circuit: Circuit, inner: httpx.BaseTransport) -> None:
        self._circuit = circuit
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._circuit.admits():
            raise httpx.ConnectError("it failed too often in a row and is left alone for a while", request=request)
        try:
            response = self._inner.handle_request(request)
        except httpx.TransportError:
            self._circuit.failed()
            raise
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._circuit.failed()
        else:
            self._circuit.succeeded()
        return response

    def close(self) -> None:
        self._inner.close()
