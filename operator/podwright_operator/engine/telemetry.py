"""Where the engine tells what it does, for traces."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

from podwright_crds.resource import Resource
from podwright_operator.engine.measurements import Measurement


class LookSpan(Protocol):
    """One look at one object."""

    def ended(self, result: str) -> None: ...


class Telemetry(Protocol):
    def look(self, resource: Resource | None) -> AbstractContextManager[LookSpan]:
        """For the time of a look; None where the object is gone."""
        ...

    def accepted(self, resource: Resource, now: datetime) -> None:
        """The first status of an object was written."""
        ...

    def measured(self, resource: Resource, measurement: Measurement) -> None:
        """A status was written that tells this."""
        ...


class _Untold:
    def ended(self, result: str) -> None:
        pass


class NoTelemetry:
    """Nobody wants to know."""

    def look(self, resource: Resource | None) -> AbstractContextManager[LookSpan]:  # noqa: ARG002
        return _NOWHERE

    def accepted(self, resource: Resource, now: datetime) -> None:
        pass

    def measured(self, resource: Resource, measurement: Measurement) -> None:
        pass


_NOWHERE: AbstractContextManager[LookSpan] = nullcontext(_Untold())
