"""Logs as one JSON object a line, with what the line is about, and without secrets."""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

#: Name under which a record carries facts besides its message: ``logger.info(…, extra={FACTS: {…}})``.
FACTS: Final = "facts"
MASK: Final = "***"
#: Shorter values are words as they stand in any sentence: hiding them would tell more than it hides.
_SHORTEST_SECRET: Final = 8
_MOST_SECRETS: Final = 2000

_subject: ContextVar[Mapping[str, Any]] = ContextVar("subject", default={})  # noqa: B039  (never changed in place)


@contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Every line that is logged inside, also by what is awaited, carries these facts besides those around it."""
    token = _subject.set({**_subject.get(), **facts})
    try:
        yield
    finally:
        _subject.reset(token)


class _Secrets:
    """Values that no line may show; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        #: As they may stand in a line, the longest first, so that none shows the end of another.
        self._forms: list[str] = []

    def add(self, values: Iterable[str]) -> None:
        new = {value.strip() for value in values} - self._values.keys()
        if not (new := {value for value in new if len(value) >= _SHORTEST_SECRET}):
            return
        self._values.update(dict.fromkeys(sorted(new)))
        while len(self._values) > _MOST_SECRETS:
            del self._values[next(iter(self._values))]
        # In JSON some characters are written otherwise.
        forms = {form for value in self._values for form in (value, json.dumps(value, ensure_ascii=False)[1:-1])}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def mask(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


_secrets = _Secrets()

#: What looks like a secret wherever it comes from; the groups stay.
_SHAPES: Final = (
    re.compile(r"(?i)\b((?:proxy-)?authorization\W{1,4}(?:bearer|basic|token)?\s*)[^\s\"',;]+"),
    re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(://[^\s/:@\"]*:)[^\s/@\"]+(?=@)"),
    re.compile(r"(?i)\b((?:X-Amz-(?:Signature|Credential|Security-Token)|access_token|api_?key|token|sig)=)[^\s&\"']+"),
    re.compile(
        r"(?i)((?:password|passwd|secret_?key|client_?secret|api_?key|access_?token)\\?[\"']?\s*[:=]\s*\\?[\"']?)"
        r"[^\s\"',;&\\]+"
    ),
    re.compile(r"()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
    # API keys of the facade and signing secrets of webhooks.
    re.compile(r"()\b(?:pwk_|whsec_)[\w+/=-]{8,}"),
    # Mail addresses; @user@server is a name that everybody reads.
    re.compile(r"()(?<![\w.+@-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"),
)


#: Something of each shape: most lines have nothing, and one search tells.
_MAYBE: Final = re.compile(
    r"(?i)[:=@]|pwk_|whsec_|authorization|bearer|password|passwd|secret|api_?key|access_?token|eyJ"
)


def conceal(values: Iterable[str]) -> None:
    """No line of this process shows these values from now on. Those of fewer than 8 characters are not hidden."""
    _secrets.add(values)


def masked(text: str) -> str:
    """``text`` without the concealed values and without what looks like a credential or a mail address."""
    if _MAYBE.search(text):
        for shape in _SHAPES:
            text = shape.sub(rf"\g<1>{MASK}", text)
    return _secrets.mask(text)


def _masked(fact: Any) -> Any:
    """A fact with every text in it masked."""
    if isinstance(fact, str):
        return masked(fact)
    if isinstance(fact, Mapping):
        return {name: _masked(value) for name, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [_masked(value) for value in fact]
    return fact if fact is None or isinstance(fact, bool | int | float) else masked(str(fact))


class JsonFormatter(logging.Formatter):
    """``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, what it is about, and ``exception``."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
            **_subject.get(),
        }
        if facts := getattr(record, FACTS, {}):
            line |= {name: _masked(fact) for name, fact in facts.items()}
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str | int, stream: TextIO | None = None) -> None:
    """Send all logs of this process to ``stream`` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
