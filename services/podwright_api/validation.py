"""Wrong input, told by field, with what belongs there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, get_args

from fastapi import Request
from pydantic import BaseModel, ValidationError

from podwright_api.errors import ErrorCode, FacadeError, FieldProblem

#: Where FastAPI found a field, for those whose path does not begin in the body.
_PLACES = frozenset({"body", "query", "path", "header"})


def strict_body(model: type[BaseModel]) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses unknown fields at any depth.

    Resource models let unknown fields pass, since a newer API server may know more; a caller's misspelt field must
    not vanish, though.
    """

    async def check(request: Request) -> None:
        try:
            model.model_validate_json(await request.body(), extra="forbid", by_alias=True, by_name=False)
        except ValidationError as error:
            raise failure_of(
                error.errors(include_url=False, include_context=False, include_input=False), model
            ) from error

    return check


def failure_of(errors: Sequence[Mapping[str, Any]], model: type[BaseModel] | None = None) -> FacadeError:
    """What pydantic found, as a failure; hints come from the descriptions of ``model``'s fields."""
    if any(error["type"] == "json_invalid" for error in errors):
        return FacadeError(ErrorCode.MALFORMED_REQUEST, "The body is not JSON.")
    fields = [_problem(error, model) for error in errors]
    message = " ".join(f"{field.field}: {field.message}" for field in fields[:3])
    if len(fields) > 3:
        message += f" And {len(fields) - 3} more."
    return FacadeError(ErrorCode.INVALID_FIELDS, message, fields)


def with_hints(failure: FacadeError, model: type[BaseModel]) -> FacadeError:
    """The same failure, with hints for fields that the API server refused."""
    for position, problem in enumerate(failure.fields):
        if problem.hint is None:
            hint = description(model, problem.field.split("."))
            failure.fields[position] = FieldProblem(problem.field, problem.message, hint)
    return failure


def description(model: type[BaseModel] | None, path: Sequence[str | int]) -> str | None:
    """What the field at ``path`` (by its names on the wire) is for; None where there is no such field."""
    found: str | None = None
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if part in (f.alias, name)), None) if model else None
        if field is None:
            return None
        found = field.description
        model = _model_in(field.annotation)
    return found


def _problem(error: Mapping[str, Any], model: type[BaseModel] | None) -> FieldProblem:
    path = list(error["loc"])
    if path and path[0] in _PLACES and model is None:
        path = path[1:]
    name = ".".join(str(part) for part in path) or "body"
    if error["type"] == "extra_forbidden":
        return FieldProblem(name, "There is no such field.", _known_fields(model, path[:-1]))
    return FieldProblem(name, f"{error['msg']}.", description(model, path))


def _known_fields(model: type[BaseModel] | None, path: Sequence[str | int]) -> str | None:
    for part in path:
        if model is None or isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if part in (f.alias, name)), None)
        model = _model_in(field.annotation) if field else None
    if model is None:
        return None
    names = ", ".join(sorted(field.alias or name for name, field in model.model_fields.items()))
    return f"Known here: {names}."


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``Model | None``, ``list[Model]`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
