"""Logs as one JSON object a line, with the id of the request that they belong to."""

import logging
from contextvars import ContextVar

from podwright_telemetry import json_logs

#: Set by the outermost middleware for the time of a request.
current_request: ContextVar[str | None] = ContextVar("current_request", default=None)

#: Facts that a record carries besides its message, as ``logger.info(…, extra={"facts": {…}})``.
FACTS = json_logs.FACTS


class JsonFormatter(json_logs.JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        request = current_request.get()
        with json_logs.about(**({"requestId": request} if request else {})):
            return super().format(record)


def configure(level: str) -> None:
    """Send all logs of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
