"""What the OpenAPI document tells besides types: error answers and examples."""

from typing import Any

from fastapi.openapi.models import Example

from podwright_api.envelope import STATUS_OF, FailureAnswer
from podwright_api.errors import ErrorCode

Responses = dict[int | str, dict[str, Any]]

API_PREFIX = "/api/v1"
TITLE = "Podwright"
DESCRIPTION = """\
Turns requests into Podwright's resources and their status into answers. The resources are the truth: what `kubectl`
changes shows here at once, and the other way round.

Every JSON answer is `{success, data | error, requestId}`. Errors name the fields that are wrong and what belongs there.
Lists are ordered by id, or as `sort` says, and come in pages: pass `nextCursor` as `cursor` until it is null.
"""


def _failure(code: ErrorCode, description: str, message: str, **details: Any) -> Responses:
    example = {
        "success": False,
        "error": {"code": code.value, "message": message, "details": {"fields": [], **details}},
        "requestId": "5f3d6c0e9b7a4d51a2f8c1e4b6d70912",
    }
    content = {"application/json": {"example": example}}
    return {int(STATUS_OF[code]): {"model": FailureAnswer, "description": description, "content": content}}


UNAVAILABLE = _failure(
    ErrorCode.CLUSTER_UNAVAILABLE,
    "The Kubernetes API or the storage does not answer",
    "The Kubernetes API does not answer; try again in a moment.",
)
#: What any endpoint below the prefix may answer.
COMMON: Responses = {
    **_failure(
        ErrorCode.INVALID_CURSOR,
        "Not JSON, or a cursor that has expired",
        "This cursor has expired; begin again without a cursor.",
    ),
    **_failure(
        ErrorCode.UNAUTHENTICATED,
        "No or a wrong token",
        "Send an access token or an API key as 'Authorization: Bearer TOKEN'.",
    ),
    **_failure(
        ErrorCode.FORBIDDEN,
        "Not allowed here (FORBIDDEN), or not a workspace of yours (NAMESPACE_NOT_ALLOWED)",
        "This needs the permission posts:publish, which collaborator has not here.",
    ),
    **_failure(
        ErrorCode.IDEMPOTENCY_CONFLICT,
        "It is there already, was changed meanwhile, or the Idempotency-Key belongs to another request",
        "This Idempotency-Key was used for another request; use a new one.",
    ),
    **_failure(
        ErrorCode.INVALID_FIELDS,
        "Some fields are wrong",
        "spec.title: Field required.",
        fields=[{"field": "spec.title", "message": "Field required.", "hint": "Title of the episode."}],
    ),
    **_failure(ErrorCode.TOO_MANY_REQUESTS, "Too many requests", "The Kubernetes API is busy; try again in a moment."),
    **_failure(
        ErrorCode.INTERNAL,
        "Something broke in the facade",
        "Something broke here; the logs tell more under this requestId.",
    ),
    **UNAVAILABLE,
}
SIGN_IN_REFUSED: Responses = {
    **_failure(
        ErrorCode.SIGN_IN_REFUSED,
        "The address, password or code is wrong, a code is needed (SECOND_FACTOR_NEEDED), or the session has ended",
        "The address, the password or the code is wrong.",
    ),
    **_failure(
        ErrorCode.SIGN_IN_LOCKED,
        "Too many failed sign-ins, or too many requests",
        "Too many failed sign-ins for this address; try again in 15 min, or reset the password.",
    ),
}
BAD_TOKEN = _failure(
    ErrorCode.TOKEN_NOT_VALID,
    "The token does not count, or the body is not JSON",
    "This token does not count: it was used, has expired, or is for another address. Ask for a new one.",
)
MAIL_AWAY = _failure(
    ErrorCode.MAIL_UNAVAILABLE,
    "Mail cannot be sent, or the database does not answer",
    "Mail cannot be sent now; try again in a moment.",
)
ENDPOINT_AWAY = _failure(
    ErrorCode.ENDPOINT_UNAVAILABLE,
    "No model that writes is ready, or the Kubernetes API or the database does not answer",
    "No ModelEndpoint that writes is ready: create one with task 'generation', or wait for one.",
)
ACCOUNT_EXISTS = _failure(
    ErrorCode.CONFLICT, "It is there already", "There is no enrolment to confirm; begin one first."
)
CHANGED = _failure(
    ErrorCode.CHANGED_MEANWHILE,
    "Somebody changed it since it was read (If-Match)",
    "Episode 'kennedy-moon' was changed meanwhile; read it again and repeat.",
)
NOT_FOUND = _failure(ErrorCode.NOT_FOUND, "Not there", "There is no Episode 'kennedy-moon' here.")
CONFLICT = _failure(
    ErrorCode.ALREADY_EXISTS,
    "The name is taken",
    "Episode 'kennedy-moon' exists already; choose another name.",
)
TOO_LARGE = _failure(ErrorCode.BODY_TOO_LARGE, "The body is too large", "A request body holds at most 10000000 bytes.")
#: Headers that no handler names, since they are heeded for all of them.
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A value of your choosing. Sent again with it within a day, the request is answered as it was the "
    "first time, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that you have: 304 where it still is one of these.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^[!-~]+$"},
}
CONDITIONAL: Responses = {304: {"description": "The caller has this version (If-None-Match)"}}
EVENT_STREAM: Responses = {
    200: {"description": "The events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
REDIRECT: Responses = {
    303: {"description": "Where the browser goes", "headers": {"Location": {"schema": {"type": "string"}}}}
}
HTML_PAGE: Responses = {200: {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}}
CALENDAR_FILE: Responses = {
    200: {"description": "The calendar", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}
TRANSCRIPT_FILES: Responses = {
    200: {
        "description": "The transcript",
        "content": {
            "text/vtt": {"schema": {"type": "string"}},
            "application/x-subrip": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}
#: The file itself is the body.
TRANSCRIPT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/vtt": {"schema": {"type": "string"}},
            "application/x-subrip": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"segments": {"type": "array", "items": {"type": "object"}}},
                    "required": ["segments"],
                }
            },
        },
    }
}

UPLOAD_EXAMPLES: dict[str, Example] = {
    "audio": {
        "summary": "An MP3 file",
        "value": {"fileName": "talk.mp3", "contentType": "audio/mpeg", "sizeBytes": 1048576},
    }
}
EPISODE_EXAMPLES: dict[str, Example] = {
    "upload": {
        "summary": "From an upload",
        "value": {
            "name": "kennedy-moon",
            "labels": {"season": "one"},
            "spec": {
                "podcastRef": {"name": "great-speeches"},
                "title": "We choose to go to the Moon",
                "media": {"url": "s3://podwright/default/uploads/8c1f4a52-6d0e-4b7f-9a51-3f2e7c9d0b64/talk.mp3"},
                "people": ["John F. Kennedy"],
            },
        },
    },
    "address": {
        "summary": "From an address on the web; the name comes from the title",
        "value": {
            "spec": {
                "podcastRef": {"name": "great-speeches"},
                "title": "We choose to go to the Moon",
                "media": {"url": "https://example.org/talk.mp3"},
            }
        },
    },
}
