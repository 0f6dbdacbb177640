"""What the API server checks beyond types: CEL rules and keywords of structural schemas, put on fields and models.

Both are annotations: ``Annotated[str, Rule(...)]`` for a field, ``RULES`` of a ``Model`` for what several fields have
to say together. They only shape the generated schema; pydantic itself does not evaluate them.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

RULES_KEYWORD: Final = "x-kubernetes-validations"


@dataclass(frozen=True)
class Rule:
    """A CEL rule. ``self`` is the value it stands on; ``oldSelf``, where it occurs, the value before an update."""

    expression: str
    #: What to do about it, in a sentence.
    message: str
    #: Field to blame, relative to the value: ``.revision``.
    field_path: str | None = None
    #: FieldValueInvalid (the default), FieldValueRequired, FieldValueForbidden or FieldValueDuplicate.
    reason: str | None = None
    #: Begin the message with the value, a string; the API server itself only names its type.
    shows_value: bool = False

    def to_wire(self) -> dict[str, str]:
        wire = {"rule": self.expression, "message": self.message}
        if self.shows_value:
            said = json.dumps("' " + self.message)
            wire["messageExpression"] = f'"\'" + self + {said}'
        if self.field_path:
            wire["fieldPath"] = self.field_path
        if self.reason:
            wire["reason"] = self.reason
        return wire

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        generated = handler(schema)
        generated[RULES_KEYWORD] = [*generated.get(RULES_KEYWORD, []), self.to_wire()]
        return generated


@dataclass(frozen=True)
class Keywords:
    """Keywords that pydantic does not know, such as ``x-kubernetes-list-type``."""

    values: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), **dict(self.values)}


#: Entries are unique and belong to whoever applied them; their order means nothing.
SET = Keywords((("x-kubernetes-list-type", "set"),))


#: Whatever Kubernetes takes there; it is checked where it is used.
FREE_FORM = Keywords((("x-kubernetes-preserve-unknown-fields", True),))


def list_map(key: str) -> Keywords:
    """Entries are told apart by ``key`` and each belongs to whoever applied it."""
    return Keywords((("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", [key])))


def immutable(message: str) -> Rule:
    """For a required field that keeps its first value."""
    return Rule("self == oldSelf", message)


def immutable_optional(name: str, message: str) -> Rule:
    """For a model whose optional field ``name`` keeps its first value, also when that was none."""
    return Rule(
        f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})",
        message,
        field_path=f".{name}",
    )


NOT_BLANK = Rule(r"self.matches('\\S')", "must not be blank", reason="FieldValueRequired")

_NO_PASSWORD = Rule(
    "!self.matches('^[^:]+://[^/]*@')",
    "must not contain a user or password: addresses show up in status and logs; use a Secret or a presigned address",
)

HttpUrl = Annotated[
    str,
    Field(max_length=2048),
    Rule(
        r"self.matches('^https?://[^/\\s]+\\S*$')",
        "must be an address that begins with https:// or http://",
        shows_value=True,
    ),
    _NO_PASSWORD,
]

MediaUrl = Annotated[
    str,
    Field(max_length=2048),
    Rule(
        r"self.matches('^(s3://[^/\\s]+/\\S*[^/\\s]|https?://[^/\\s]+/\\S*)$')",
        "must be s3://BUCKET/KEY for a file in the tenant's storage, or a whole https:// address",
        shows_value=True,
    ),
    _NO_PASSWORD,
]

Timestamp = Annotated[str, Keywords((("format", "date-time"),))]
"""A point in time as RFC 3339."""

Language = Annotated[
    str,
    Field(max_length=35),
    Rule(
        "self.matches('^[a-zA-Z]{2,3}(-[A-Za-z0-9]{1,8})*$')",
        "must be a BCP 47 language tag such as en or de-AT",
        shows_value=True,
    ),
]

LanguageOrAuto = Annotated[
    str,
    Field(max_length=35),
    Rule(
        "self.matches('^(auto|[a-zA-Z]{2,3}(-[A-Za-z0-9]{1,8})*)$')",
        "must be a BCP 47 language tag such as en or de-AT, or auto",
        shows_value=True,
    ),
]

TimeZone = Annotated[
    str,
    Field(max_length=64),
    Rule(
        "self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && self != 'Local'",
        "must be an IANA time zone such as Europe/Vienna or Etc/UTC",
        shows_value=True,
    ),
]

Duration = Annotated[
    str,
    Field(max_length=16),
    Rule(
        "self.matches('^[0-9]+[smhd]$')",
        "must be a number and a unit (s, m, h or d), such as 30m, 24h or 7d",
        shows_value=True,
    ),
]

TimeOfDay = Annotated[
    str,
    Field(max_length=5),
    Rule(
        "self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')",
        "must be a time of day from 00:00 to 23:59, such as 22:30",
        shows_value=True,
    ),
]

Day = Annotated[
    str,
    Field(max_length=10),
    Rule(
        "self.matches('^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')",
        "must be a day such as 2026-12-24, or 12-24 for every year",
        shows_value=True,
    ),
]


def _cron_field(value: str) -> str:
    item = rf"([*?]|{value}(-{value})?)(/[1-9][0-9]*)?"
    return f"{item}(,{item})*"


#: The five fields as Kubernetes' CronJobs read them: Sunday is 0, and 7 is no day.
_CRON_FIELDS = (
    "[0-5]?[0-9]",
    "([01]?[0-9]|2[0-3])",
    "(0?[1-9]|[12][0-9]|3[01])",
    "(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "([0-6]|sun|mon|tue|wed|thu|fri|sat)",
)
_CRON_PATTERN = r"(?i)^\\s*" + r"\\s+".join(_cron_field(value) for value in _CRON_FIELDS) + r"\\s*$"

Cron = Annotated[
    str,
    Field(max_length=128),
    Rule(
        f"self.matches('{_CRON_PATTERN}')",
        "must have the five fields minute (0-59), hour (0-23), day (1-31), month (1-12) and weekday (0-6, Sunday is "
        "0), such as '0 9 * * 1-5'; the time zone goes into timeZone",
        shows_value=True,
    ),
]
