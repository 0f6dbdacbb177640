"""The texts: a title, show notes, and a post for each channel, within its platform's limit."""

from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podwright_core import claims
from podwright_core.channel_limits import TEXT_RULES
from podwright_core.stages import PostTarget, StageName
from podwright_core.texts import (
    TITLE_LONGEST,
    Analysis,
    Checks,
    PostText,
    SpokenQuote,
    believable,
    compose_post,
    copied,
    post_problems,
    prose_problems,
    show_notes,
    title_problems,
)
from podwright_core.transcript import Transcript
from podwright_pipeline.engines import Writer
from podwright_pipeline.generate import Answer, Ask, ask_text, each
from podwright_pipeline.stages.analyze import system_prompt
from podwright_pipeline.work import StageOutput, Work

HOOK_SHORTEST, HOOK_LONGEST = 30, 200
INTRO_SHORTEST, INTRO_LONGEST = 60, 500
_EXAMPLE_LONGEST = 300


class VoiceParams(BaseModel):
    model_config = ConfigDict(frozen=True)

    rules: list[str] = []
    examples: list[str] = []


class WriteParams(BaseModel):
    """``params`` of a write request."""

    model_config = ConfigDict(frozen=True)

    title: str
    show: str | None = None
    people: list[str] = []
    link: str | None = None
    language: str | None = None
    voice: VoiceParams = Field(default_factory=VoiceParams)
    targets: list[PostTarget] = []


def run(work: Work) -> StageOutput:
    params = WriteParams.model_validate(work.request.params)
    transcript = Transcript.model_validate_json(work.input_bytes(StageName.TRANSCRIBE, "transcript.json"))
    analysis = Analysis.model_validate_json(work.input_bytes(StageName.ANALYZE, "analysis.json"))
    texts = Author(params, transcript, analysis, work.engines.writer(work.request.endpoint)).texts(work)
    checks = Checks.model_validate(texts["checks"]) + analysis.checks
    return StageOutput(
        files=[work.save("texts.json", texts, "application/json")],
        facts={**checks.model_dump(), "title": texts["title"]},
    )


class Author:
    """One episode and the model that writes about it."""

    def __init__(self, params: WriteParams, transcript: Transcript, analysis: Analysis, writer: Writer) -> None:
        self._params = params
        self._language = params.language or transcript.language
        self._analysis = analysis
        self._writer = writer
        metadata = [params.title, params.show, params.link, *params.people]
        self._known = claims.sources(transcript.language, [transcript.text, *metadata])
        self._system = system_prompt(self._language) + self._voice()
        # The summary stands for the transcript here: it is short, checked, and the same for all texts.
        self._material = "\n".join(
            [
                f"Episode: {params.title}",
                *([f"Show: {params.show}"] if params.show else []),
                f"Summary: {analysis.summary}",
                *(f"Said in the episode: {quote.text}" for quote in analysis.quotes[:2]),
            ]
        )

    def _voice(self) -> str:
        rules = "".join(f" {rule}" for rule in self._params.voice.rules)
        examples = "".join(
            f"\nA text of the show: {text[:_EXAMPLE_LONGEST]}" for text in self._params.voice.examples[:2]
        )
        return rules + examples

    def texts(self, work: Work) -> dict[str, Any]:
        """The content of ``texts.json``."""
        targets = self._params.targets
        total = len(targets) + 2

        def done(finished: int) -> None:
            work.report(2 + 96 * finished / total, f"writing: {finished} of {total}")

        done(0)
        title = self._title()
        done(1)
        notes, notes_checks = self._notes()
        done(2)
        tasks = [partial(self._post, target, number) for number, target in enumerate(targets)]
        posts = each(self._writer.concurrency, tasks, lambda finished: done(2 + finished))
        checks = sum((post_checks for _, post_checks in posts), title.checks + notes_checks)
        return {
            "title": (title.value or self._params.title).rstrip("."),
            "notes": notes,
            "posts": {
                target.channel: post.model_dump(mode="json", exclude_none=True)
                for target, (post, _) in zip(targets, posts, strict=True)
            },
            "checks": checks.model_dump(),
        }

    def _title(self) -> Answer:
        ask = Ask(
            self._material,
            "Write a short title for this episode that says what it is about.",
            TITLE_LONGEST,
            lambda title: title_problems(title, self._known, language=self._language),
        )
        return ask_text(self._writer, self._system, ask)

    def _notes(self) -> tuple[str, Checks]:
        instruction = "Write a short text for the show notes that tells listeners what they will hear in this episode."

        def check(text: str) -> list[str]:
            return prose_problems(
                text, self._known, language=self._language, shortest=INTRO_SHORTEST, instructions=instruction
            )

        answer = ask_text(
            self._writer, self._system, Ask(self._material, instruction, INTRO_LONGEST, check, self._mend)
        )
        quotes = self._analysis.quotes
        notes = show_notes(
            answer.value or self._analysis.summary,
            self._analysis.chapters,
            quotes[0] if quotes else None,
            people=self._params.people,
            link=self._params.link,
            language=self._language,
        )
        return notes, answer.checks

    def _mend(self, text: str) -> str:
        return believable(text, self._known, language=self._language, longest=INTRO_LONGEST)

    def _post(self, target: PostTarget, number: int) -> tuple[PostText, Checks]:
        """A post with a quote of its own: channels take turns with the quotes."""
        quotes = self._analysis.quotes
        turn = number % len(quotes) if quotes else 0
        own = [*quotes[turn:], *quotes[:turn]]
        instruction = "Write one sentence in your own words that makes people want to listen to this episode."

        def check(hook: str) -> list[str]:
            found = prose_problems(
                hook, self._known, language=self._language, shortest=HOOK_SHORTEST, instructions=instruction
            )
            if copied(hook, self._known):
                found.append("it only copies what is said; use your own words")
            return found or self._post_problems(self._composed(hook, own, target), target)

        said = f"\nQuote: {own[0].text}" if own else ""
        answer = ask_text(
            self._writer, self._system, Ask(self._material + said, instruction, HOOK_LONGEST, check, self._mend)
        )
        post = self._composed(answer.value, own, target)
        return post, answer.checks

    def _composed(self, hook: str | None, quotes: list[SpokenQuote], target: PostTarget) -> PostText:
        rule = TEXT_RULES[target.type]
        return compose_post(
            hook,
            quotes,
            title=self._params.title,
            show=self._params.show,
            rule=rule,
            limit=target.max_characters,
            language=self._language,
        )

    def _post_problems(self, post: PostText, target: PostTarget) -> list[str]:
        rule = TEXT_RULES[target.type]
        limit = target.max_characters
        return post_problems(post.text, self._known, rule=rule, limit=limit, language=self._language)
