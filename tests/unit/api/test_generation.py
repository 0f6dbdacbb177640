"""Which model writes, what it is asked, what a template may say, and what becomes of a text that did not come."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from podwright_api.content_models import ContentType
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.generation import templating
from podwright_api.generation.asked import Asked, Subject, brief_of, framed, words_of, written
from podwright_api.generation.endpoints import chosen, use
from podwright_api.generation.materials import voice_of
from podwright_api.generation.outcomes import GIVE_UP_SECONDS, TRIES_MOST, Retry, Verdict, judge
from podwright_core.channel_limits import TEXT_RULES
from podwright_core.composing import TextType
from podwright_writing.errors import AwayError, WritingError
from podwright_writing.voice import PLAIN
from podwright_writing.writer import Completion, Message, Writer
from tests.fake_model import endpoint_status

JsonObject = dict[str, Any]


def endpoint(*, ready: bool = True, task: str = "generation") -> JsonObject:
    status = endpoint_status("http://pen/v1") if ready else {}
    return {"metadata": {"name": "e"}, "spec": {"task": task}, "status": status}


def show(name: str) -> JsonObject:
    return {"spec": {"episodeDefaults": {"writingEndpointRef": {"name": name}}}}


def about(name: str) -> JsonObject:
    return {"spec": {"writing": {"endpointRef": {"name": name}}}}


READY, UNREADY = endpoint(), endpoint(ready=False)


@pytest.mark.parametrize(
    ("endpoints", "named", "episode", "of", "expected"),
    [
        ({"a": READY, "b": READY}, "b", None, None, "b"),
        ({"a": READY, "b": READY}, None, about("a"), show("b"), "a"),
        ({"a": READY, "b": READY}, None, {"spec": {}}, show("b"), "b"),
        ({"a": UNREADY, "b": READY, "ears": endpoint(task="transcription")}, None, None, None, "b"),
    ],
)
def test_the_nearest_choice_counts(
    endpoints: dict[str, JsonObject],
    named: str | None,
    episode: JsonObject | None,
    of: JsonObject | None,
    expected: str,
) -> None:
    assert chosen(endpoints, named, episode, of) == expected


@pytest.mark.parametrize(
    ("endpoints", "named", "of", "code", "told"),
    [
        ({"a": READY}, "x", None, ErrorCode.INVALID_FIELDS, "no ModelEndpoint 'x'"),
        ({"ears": endpoint(task="transcription")}, "ears", None, ErrorCode.INVALID_FIELDS, "'ears'"),
        ({"a": READY, "b": READY}, None, None, ErrorCode.INVALID_FIELDS, "a, b"),
        ({"a": UNREADY}, "a", None, ErrorCode.ENDPOINT_UNAVAILABLE, "not ready"),
        ({"a": UNREADY}, None, None, ErrorCode.ENDPOINT_UNAVAILABLE, "create one"),
        # Another one than the show's would be a surprise.
        ({"a": READY}, None, show("gone"), ErrorCode.ENDPOINT_UNAVAILABLE, "'gone'"),
    ],
)
def test_no_choice_is_told_with_the_cure(
    endpoints: dict[str, JsonObject], named: str | None, of: JsonObject | None, code: ErrorCode, told: str
) -> None:
    with pytest.raises(FacadeError, match=told) as refused:
        chosen(endpoints, named, None, of)
    assert refused.value.code is code


def test_an_endpoint_is_asked_for_its_model() -> None:
    found = use({"pen": READY}, "pen")
    assert (found.url, found.model_id) == ("http://pen/v1", "fake")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Hello ${name}", "put ${text}"),
        ("${text} costs $5", "a dollar is written $$"),
        ("${text} ${not ok}", "letters, digits"),
        ("${text}" * 101, "more than 100"),
    ],
)
def test_what_is_no_template_is_refused(body: str, told: str) -> None:
    assert told in str(templating.problem(body))


def test_a_template_takes_values_as_they_are() -> None:
    body = "${text}\n$$1 for ${guest}, ${show}"
    assert templating.problem(body) is None
    assert templating.variables(body) == ["guest"]
    assert templating.rendered(body, {"text": "${guest} $x", "guest": "{{ 7*7 }}"}) == "${guest} $x\n$1 for {{ 7*7 }}, "


def asked(words: int = 30, frame: str | None = None, variants: int = 1, **settings: Any) -> Asked:
    return Asked(endpoint="pen", settings=settings, words=words, frame=frame, variants=variants)


def test_a_template_takes_its_part_of_the_channels_limit() -> None:
    wanted = asked(frame="${text}\n\n– The Rain Show", channelType="bluesky", topic="rain")
    brief = brief_of(wanted, Subject("social-post", "Rain"))
    limit = TEXT_RULES["bluesky"].max_characters
    assert brief.room == limit - len("\n\n– The Rain Show")
    # No more words are asked for than there is room for.
    assert brief_of(wanted.model_copy(update={"words": 900}), Subject("social-post", "Rain")).words * 7 <= limit
    long = asked(frame="${text}" + "x" * 290, channelType="bluesky", topic="rain")
    with pytest.raises(WritingError, match="no room"):
        brief_of(long, Subject("social-post", "Rain"))


def test_a_template_knows_what_the_text_is_about() -> None:
    frame = "${title}: ${text} (${keywords}; ${show}; ${people}; ${guest})"
    wanted = asked(frame=frame, keywords=["rain", "roofs"]).model_copy(update={"variables": {"guest": "Ada"}})
    subject = Subject("article", "Wet", facts={"show": "The Rain Show"})
    assert framed(wanted, subject, "It rains.") == "Wet: It rains. (rain, roofs; The Rain Show; ; Ada)"


class Saying(Writer):
    """Gives its answers one after the other."""

    concurrency = 1
    context_tokens = 4096

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.seeds: list[int] = []
        self.told = ""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],  # noqa: ARG002 (the protocol's)
        max_tokens: int,  # noqa: ARG002
        temperature: float,  # noqa: ARG002
        seed: int,
    ) -> Completion:
        self.seeds.append(seed)
        self.told = str(messages)
        if not self._answers:
            raise AwayError("the endpoint is away.")
        return Completion(json.dumps({"text": self._answers.pop(0)}))


def test_texts_are_asked_for_in_the_voice_of_the_show() -> None:
    show = {"spec": {"voice": {"rules": ["Say 'we'."], "examples": ["We were wet."]}}}
    model = Saying("Rain falls on roofs all night.")
    written(model, asked(words=6, topic="rain on roofs"), Subject("article", "Rain", voice=voice_of(show)))
    assert "Say 'we'." in model.told
    assert "We were wet." in model.told
    assert voice_of(None) == voice_of({"spec": {}}) == PLAIN


def test_variants_differ_in_seed_and_text() -> None:
    model = Saying("Rain falls on roofs all night.", "Roofs are loud when rain falls.")
    found = written(model, asked(words=6, variants=2, topic="rain on roofs"), Subject("article", "Rain"))
    assert [one.body for one in found] == ["Rain falls on roofs all night.", "Roofs are loud when rain falls."]
    assert len(set(model.seeds)) == 2


def test_an_endpoint_that_goes_away_between_variants_is_asked_again_later() -> None:
    with pytest.raises(AwayError):
        written(
            Saying("Rain falls on roofs all night."), asked(words=6, variants=2, topic="rain"), Subject("other", "R")
        )


@pytest.mark.parametrize(("text", "expected"), [("one", 5), ("word " * 40, 40), ("word " * 9000, 5000)])
def test_a_text_is_asked_for_in_its_own_length(text: str, expected: int) -> None:
    assert words_of(text) == expected


AWAY = FacadeError(ErrorCode.ENDPOINT_UNAVAILABLE, "It is not ready.")


@pytest.mark.parametrize(
    ("error", "age", "tries", "expected"),
    [
        (AwayError("x"), 1, 1, Retry(2)),
        (AWAY, 60, 1, Retry(15)),
        (FacadeError(ErrorCode.STORAGE_UNAVAILABLE, "x"), GIVE_UP_SECONDS - 1, 1, Retry(30)),
        (WritingError("the model wrote none."), 1, 1, Verdict("The model wrote none.")),
        (FacadeError(ErrorCode.CONFLICT, "No JSON."), 1, 1, Verdict("No JSON.")),
        (KeyError("x"), 1, 1, Retry(30, is_unexpected=True)),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception, age: float, tries: int, expected: object) -> None:
    assert judge(error, age, tries) == expected


def test_it_is_given_up_in_the_end_with_what_was_in_the_way() -> None:
    gone = judge(AWAY, GIVE_UP_SECONDS, 1)
    assert isinstance(gone, Verdict)
    assert gone.why.startswith("It is not ready. It was tried for 10 minutes")
    broken = judge(KeyError("x"), 1, TRIES_MOST)
    assert isinstance(broken, Verdict)
    assert broken.is_unexpected


def test_documents_and_texts_have_the_same_types() -> None:
    assert {kind.value for kind in ContentType} == {kind.value for kind in TextType}
