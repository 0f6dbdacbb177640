"""What may be published whatever the model says: over the transcripts of ``make bench-quality``."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from podwright_bench.quality import Bench, check, targets
from podwright_bench.quality_transcripts import Case, cases
from podwright_core.channel_limits import TEXT_RULES
from podwright_core.shareable import is_pleasantry
from podwright_core.stages import StageName
from podwright_pipeline.engines import Engines, Transcriber
from podwright_pipeline.store import Storage
from podwright_writing.writer import Completion, Message, Writer
from tests.integration.pipeline.requests import ENDPOINT

LIES = [
    "",
    "{}",
    '{"text": "Join Elon Musk for 42 tips at https://spam.example and win!"',
    '{"text": "Join Elon Musk for 42 tips at https://spam.example and win!"}',
    '{"items": ["Elon Musk said that he never liked bread, and 17 people agreed.", "Welcome to our show"]}',
    '{"text": "Sure! Here is a title: [insert title here]", "items": ["x", "x", "x"]}',
    '{"text": "The the the the the the the the the.", "items": [1, null, {}]}',
]
SHORT = {case.name: case for case in cases() if case.kind != "long"}


class Liar(Writer):
    """A model that has heard nothing of what it is asked."""

    concurrency = 2
    context_tokens = 2048

    def __init__(self) -> None:
        self.asked = 0

    def complete(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any],  # noqa: ARG002 (the protocol's)
        max_tokens: int,
        temperature: float,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Completion:
        assert sum(len(message.content) for message in messages) / 3 + max_tokens < self.context_tokens
        self.asked += 1
        return Completion(LIES[self.asked % len(LIES)], prompt_tokens=50, answer_tokens=10)


class Lying(Engines):
    def __init__(self) -> None:
        self.liar = Liar()

    def transcriber(self, endpoint: Any) -> Transcriber:
        raise AssertionError(endpoint)

    def writer(self, endpoint: Any) -> Writer:  # noqa: ARG002 (the protocol's)
        return self.liar


def written(storage: Storage, case: Case) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What came of it, the texts and the analysis."""
    found = Bench(storage, Lying(), ENDPOINT, None).run(case)
    documents = []
    for stage, path in ((StageName.WRITE, "texts.json"), (StageName.ANALYZE, "analysis.json")):
        (name,) = [each for each in storage.private.paths(f"bench/stages/{stage.value}") if each.endswith(path)]
        documents.append(json.loads(storage.private.read(name) or b""))
    return found, documents[0], documents[1]


@pytest.mark.parametrize("name", SHORT)
def test_nothing_unverified_and_nothing_too_long_comes_out(storage: Storage, name: str) -> None:
    case = SHORT[name]
    found, texts, analysis = written(storage, case)
    assert found["problems"] == {"unverified": [], "limits": []}
    assert analysis["checks"]["replaced"] > 0
    for target in targets():
        post = texts["posts"][target.channel]
        assert post["text"].strip()
        assert TEXT_RULES[target.type].count(post["text"]) <= target.max_characters
        if "quote" in post:
            assert not is_pleasantry(post["quote"]["text"], case.transcript.language)
            assert post["clip"]["end"] > post["clip"]["start"]


SPOKEN = ["en-bread", "en-interview", "de-wald", "fr-velo", "es-cafe", "it-radio", "nl-dijk", "pt-mar"]


@pytest.mark.parametrize("name", SPOKEN)
def test_posts_can_go_out_without_a_model(storage: Storage, name: str) -> None:
    """A quote that stands by itself, what it is about, and the episode's title; other texts to choose from."""
    _, texts, _ = written(storage, SHORT[name])
    post = texts["posts"]["medium"]
    assert post["quote"]["text"] in post["text"]
    assert SHORT[name].title in post["text"]
    assert len(post["alternatives"]) >= 1
    assert len(texts["posts"]["webhook"]["thread"]) >= 3
    assert texts["newsletter"]["subject"] == f"{SHORT[name].title} – Bench Radio"


def test_the_check_finds_what_is_made_up() -> None:
    case = SHORT["en-bread"]
    post = {
        "text": "“Nobody ever said these words here.” Buy at https://spam.example says Elon Musk, 99 times!"
        + "x" * 2000
    }
    empty = {"title": "", "notes": "", "description": "", "titles": [], "newsletter": {}}
    texts = {**empty, "posts": {target.channel: post for target in targets()}}
    found = check(case, texts, {"summary": "", "chapters": [], "quotes": []})
    told = " ".join(found["unverified"])
    assert all(part in told for part in ("Nobody ever said", "spam.example", "Elon", "99"))
    assert len(found["limits"]) >= 2
