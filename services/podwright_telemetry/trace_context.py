"""Where a span belongs, as W3C Trace Context writes it (https://www.w3.org/TR/trace-context/).

The identifiers of what concerns a Kubernetes object are worked out from its UID: nothing has to be kept, and whoever
knows the object, whenever it runs, puts its spans into the same trace.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

#: The environment variable in which a process finds the span that it works for.
VARIABLE: Final = "TRACEPARENT"

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_FORM: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment is to send spans."""
    disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return any(environment.get(name) for name in _ENDPOINTS) and not disabled


@dataclass(frozen=True)
class TraceContext:
    """One span: its trace and itself, in hexadecimal digits (32 and 16 of them)."""

    trace_id: str
    span_id: str

    @classmethod
    def parse(cls, traceparent: str | None) -> Self | None:
        """Of a ``traceparent``; None where it is none, or asks not to be recorded."""
        found = _FORM.fullmatch((traceparent or "").strip())
        if found is None or not int(found[1], 16) or not int(found[2], 16) or not int(found[3], 16) & 1:
            return None
        return cls(found[1], found[2])

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"

    def part(self, *names: str) -> Self:
        """The span of a part of this one's work, told from its other parts by ``names``."""
        return type(self)(self.trace_id, _digits(16, self.span_id, *names))


def span_of(uid: str, traceparent: str | None = None) -> TraceContext:
    """The span of the object with this UID; in the trace of ``traceparent``, else in one of its own."""
    parent = TraceContext.parse(traceparent)
    return TraceContext(parent.trace_id if parent else _digits(32, "trace", uid), _digits(16, "span", uid))


def _digits(count: int, *names: str) -> str:
    # Hashed, since a sampler looks at single bits, and those of a UUID are not all random.
    digits = hashlib.sha256("/".join(names).encode()).hexdigest()[:count]
    return digits if int(digits, 16) else "1".zfill(count)
