"""What can go wrong for a caller, in the facade's own words; ``envelope`` gives each its HTTP status."""

from dataclasses import dataclass, field
from enum import StrEnum


class ErrorCode(StrEnum):
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    INVALID_CURSOR = "INVALID_CURSOR"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    SESSION_ENDED = "SESSION_ENDED"
    TOKEN_NOT_VALID = "TOKEN_NOT_VALID"  # noqa: S105  (a code)
    FORBIDDEN = "FORBIDDEN"
    NAMESPACE_NOT_ALLOWED = "NAMESPACE_NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    TRANSCRIPT_NOT_READY = "TRANSCRIPT_NOT_READY"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CONFLICT = "CONFLICT"
    MANAGED_ELSEWHERE = "MANAGED_ELSEWHERE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    INVALID_FIELDS = "INVALID_FIELDS"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    SIGN_IN_LOCKED = "SIGN_IN_LOCKED"
    INTERNAL = "INTERNAL"
    CLUSTER_UNAVAILABLE = "CLUSTER_UNAVAILABLE"
    CLUSTER_REFUSED = "CLUSTER_REFUSED"
    ACCOUNTS_NOT_CONFIGURED = "ACCOUNTS_NOT_CONFIGURED"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    MAIL_UNAVAILABLE = "MAIL_UNAVAILABLE"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PLATFORM_UNAVAILABLE = "PLATFORM_UNAVAILABLE"
    ENDPOINT_UNAVAILABLE = "ENDPOINT_UNAVAILABLE"
    STORAGE_NOT_CONFIGURED = "STORAGE_NOT_CONFIGURED"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong: which, why, and what belongs there."""

    field: str
    message: str
    hint: str | None = None


@dataclass
class FacadeError(Exception):
    """A request that cannot be fulfilled; ``message`` says what to do."""

    code: ErrorCode
    message: str
    fields: list[FieldProblem] = field(default_factory=list)
    #: Reason and message of the object's Ready condition, where that is the cause.
    reason: str | None = None
    #: Seconds after which a caller may try again, where that is known.
    retry_after: int | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def invalid(field_name: str, message: str, hint: str | None = None) -> FacadeError:
    """A failure for one wrong field."""
    return FacadeError(ErrorCode.INVALID_FIELDS, f"{field_name}: {message}", [FieldProblem(field_name, message, hint)])
