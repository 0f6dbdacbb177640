"""Wrong fields are named, with what belongs there."""

from typing import Any

import pytest
from pydantic import ValidationError

from podwright_api.errors import ErrorCode, FacadeError, FieldProblem
from podwright_api.models import EpisodeCreate
from podwright_api.validation import description, failure_of, with_hints

GOOD: dict[str, Any] = {"podcastRef": {"name": "show"}, "title": "One", "media": {"url": "https://example.org/a.mp3"}}


def problems(body: dict[str, Any]) -> FacadeError:
    with pytest.raises(ValidationError) as caught:
        EpisodeCreate.model_validate(body, extra="forbid", by_alias=True, by_name=False)
    return failure_of(caught.value.errors(), EpisodeCreate)


@pytest.mark.parametrize(
    ("body", "field", "hint"),
    [
        ({"spec": GOOD | {"media": {}}}, "spec.media.url", "Address of the recording"),
        ({"spec": {"title": "One"}}, "spec.podcastRef", "Podcast that this is an episode of"),
        ({"spec": GOOD | {"titel": "One"}}, "spec.titel", "title"),
        (
            {"spec": GOOD | {"media": {"url": "https://x/y", "sha": "1"}}},
            "spec.media.sha",
            "revision, sha256, tracks, url",
        ),
        ({"spec": GOOD | {"podcast_ref": {"name": "show"}}}, "spec.podcast_ref", "podcastRef"),
        ({"spec": GOOD | {"people": ["a", 5]}}, "spec.people.1", "Hosts and guests"),
        ({"spec": GOOD, "status": {}}, "status", "labels, name, spec"),
        ({"spec": GOOD, "name": "Big Name"}, "name", "Name of the resource"),
    ],
)
def test_each_wrong_field_is_named_with_its_cure(body: dict[str, Any], field: str, hint: str) -> None:
    failure = problems(body)
    assert failure.code is ErrorCode.INVALID_FIELDS
    found = {problem.field: problem for problem in failure.fields}
    assert hint in (found[field].hint or "")
    assert field in failure.message


def test_many_problems_make_a_short_message() -> None:
    failure = problems({"spec": {"a": 1, "b": 2, "c": 3}})
    assert len(failure.fields) == 6
    assert failure.message.endswith(" And 3 more.")


def test_what_is_not_json_is_told_so() -> None:
    assert failure_of([{"type": "json_invalid", "loc": ("body", 1), "msg": ""}]).code is ErrorCode.MALFORMED_REQUEST


def test_fields_of_a_query_are_named_without_their_place() -> None:
    failure = failure_of([{"type": "less_than_equal", "loc": ("query", "limit"), "msg": "Too much"}])
    assert failure.fields == [FieldProblem("limit", "Too much.")]


def test_fields_that_the_api_server_refuses_get_hints() -> None:
    failure = FacadeError(ErrorCode.INVALID_FIELDS, "no", [FieldProblem("spec.season", "must be at least 1")])
    assert with_hints(failure, EpisodeCreate).fields[0].hint == "Number of the season."


def test_unknown_paths_have_no_description() -> None:
    assert description(EpisodeCreate, ["spec", "nothing"]) is None
    assert description(None, ["spec"]) is None
