"""What programs say of their work in spans, wherever those go."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Final, Protocol

from podwright_telemetry.trace_context import TraceContext

Attributes = Mapping[str, str | bool | int | float]


class Span(Protocol):
    """A span that is under way."""

    def note(self, attributes: Attributes) -> None: ...

    def fail(self, message: str) -> None: ...


class Tracing(Protocol):
    """Where the spans of one program go."""

    def during(self, name: str, parent: TraceContext | None, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span for the time of the context, below ``parent``; the log lines inside carry its trace."""
        ...

    def past(
        self,
        name: str,
        own: TraceContext,
        parent: TraceContext | None,
        times: tuple[datetime, datetime],
        attributes: Attributes,
        failure: str | None = None,
    ) -> None:
        """A span that is over, with identifiers that others know already."""
        ...

    def close(self) -> None:
        """Send what has not been sent; waits some seconds at most."""
        ...


class _NoSpan:
    def note(self, attributes: Attributes) -> None:
        pass

    def fail(self, message: str) -> None:
        pass


class NoTracing:
    """Nothing is traced."""

    @contextmanager
    def during(self, name: str, parent: TraceContext | None, attributes: Attributes) -> Iterator[Span]:  # noqa: ARG002
        yield _NO_SPAN

    def past(
        self,
        name: str,
        own: TraceContext,
        parent: TraceContext | None,
        times: tuple[datetime, datetime],
        attributes: Attributes,
        failure: str | None = None,
    ) -> None:
        pass

    def close(self) -> None:
        pass


_NO_SPAN: Final = _NoSpan()
