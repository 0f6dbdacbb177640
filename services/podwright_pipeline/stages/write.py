"""The texts: a title, show notes, and a post for each channel, within its platform's limit."""

from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podwright_core import claims
from podwright_core.channel_limits import TEXT_RULES
from podwright_core.channel_texts import newsletter, teaser, telling, thread
from podwright_core.extract import headline
from podwright_core.fluency import whole_sentences
from podwright_core.mentions import hashtags
from podwright_core.soundbites import stretch_around
from podwright_core.stages import PostTarget, StageName
from podwright_core.texts import (
    TITLE_LONGEST,
    Alternative,
    Analysis,
    Checks,
    Clip,
    PostText,
    SpokenQuote,
    as_title,
    believable,
    byline,
    compose_post,
    copied,
    post_problems,
    prose_problems,
    show_notes,
    title_problems,
)
from podwright_core.tokens import norms
from podwright_core.transcript import Transcript
from podwright_core.writing_systems import base_language
from podwright_pipeline.stages.analyze import system_prompt
from podwright_pipeline.stages.published_file import FileParams, PublishedFiles
from podwright_pipeline.tagging import AudioTags
from podwright_pipeline.work import StageOutput, Work
from podwright_writing.budget import Budget, within
from podwright_writing.generate import Answer, Ask, answer_tokens, ask_text, each, room
from podwright_writing.voice import Voice, told
from podwright_writing.writer import Writer

#: Where the published files are.
AUDIO = "audio.json"
#: Least share of an opening's content words that the episode has: a single sentence has no room for inventions.
HOOK_SUPPORT = 0.8
HOOK_SHORTEST, HOOK_LONGEST = 30, 200
INTRO_SHORTEST, INTRO_LONGEST = 60, 500
DESCRIPTION_LONGEST = 250
TITLES, ALTERNATIVES, HASHTAGS = 4, 2, 4


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
    file: FileParams = Field(default_factory=FileParams)
    budget: Budget | None = None
    #: What a person wants of the texts.
    remark: str | None = None


def run(work: Work) -> StageOutput:
    params = WriteParams.model_validate(work.request.params)
    transcript = Transcript.model_validate_json(work.input_bytes(StageName.TRANSCRIBE, "transcript.json"))
    analysis = Analysis.model_validate_json(work.input_bytes(StageName.ANALYZE, "analysis.json"))
    writer = within(work.engines.writer(work.request.endpoint), params.budget)
    texts = Author(params, transcript, analysis, writer).texts(work)
    checks = Checks.model_validate(texts["checks"]) + analysis.checks
    files = [work.save("texts.json", texts, "application/json")]
    facts = {**checks.model_dump(), "title": texts["title"]}
    if StageName.INGEST.value not in work.request.inputs:
        return StageOutput(files=files, facts=facts)
    tags = AudioTags(
        title=params.title,
        artist=params.file.artist or ", ".join(params.people) or params.show,
        album=params.show,
        track=params.file.number,
        link=params.link,
        chapters=analysis.chapters,
    )
    audio, published = PublishedFiles(work, params.file, tags).made()
    return StageOutput(
        files=[*files, work.save(AUDIO, audio, "application/json")],
        facts={**facts, "url": work.storage.address(audio["key"]), "sizeBytes": audio["size"]},
        public=published,
    )


class Author:
    """One episode and the model that writes about it."""

    def __init__(self, params: WriteParams, transcript: Transcript, analysis: Analysis, writer: Writer) -> None:
        self._params = params
        self._transcript = transcript
        self._language = params.language or transcript.language
        self._analysis = analysis
        self._writer = writer
        # Words of the transcript stand in a text of another language only as quotes.
        self._same_language = base_language(self._language) == base_language(transcript.language)
        # What the title says already need not be said again.
        titled = set(norms(params.title))
        topics = [topic for topic in analysis.topics if self._same_language and not set(norms(topic)) <= titled]
        self._about = teaser(telling(topics, analysis.phrases), self._language)
        self._anything = teaser(topics, self._language)
        # A transcript without sentences has no summary that can be read.
        readable = bool(whole_sentences(analysis.summary, len(analysis.summary)))
        self._summary = analysis.summary if readable else self._anything or params.title
        self._hashtags = hashtags(analysis.topics, HASHTAGS)
        metadata = [params.title, params.show, params.link, params.remark, *params.people]
        self._known = claims.sources(transcript.language, [transcript.text, *metadata])
        voice = Voice(params.voice.rules, params.voice.examples)
        # Half of the room is the material's.
        longest = room(writer, answer_tokens(INTRO_LONGEST)) // 2
        self._system = system_prompt(self._language) + told(voice, remark=params.remark, longest=longest)
        # The summary stands for the transcript here: it is short, checked, and the same for all texts.
        self._material = "\n".join(
            [
                f"Episode: {params.title}",
                *([f"Show: {params.show}"] if params.show else []),
                f"Summary: {analysis.summary}",
                *(f"Said in the episode: {quote.text}" for quote in analysis.quotes[:2]),
            ]
        )

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
        chosen = as_title(title.value) if title.value else self._params.title
        return {
            "title": chosen,
            "titles": list(dict.fromkeys([chosen, self._params.title, *self._chapter_titles()]))[:TITLES],
            "description": whole_sentences(self._summary, DESCRIPTION_LONGEST)
            or headline(self._summary, DESCRIPTION_LONGEST),
            "hashtags": list(self._hashtags),
            "newsletter": self._newsletter(),
            "notes": notes,
            "posts": {
                target.channel: post.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
                for target, (post, _) in zip(targets, posts, strict=True)
            },
            "checks": checks.model_dump(),
        }

    def _title(self) -> Answer:
        ask = Ask(
            self._material,
            "Write a short title for this episode that says what it is about.",
            TITLE_LONGEST,
            self._title_problems,
        )
        return ask_text(self._writer, self._system, ask)

    def _title_problems(self, title: str) -> list[str]:
        return title_problems(title, self._known, language=self._language)

    def _notes(self) -> tuple[str, Checks]:
        instruction = "Write a short text for the show notes that tells listeners what they will hear in this episode."

        def check(text: str) -> list[str]:
            return prose_problems(
                text, self._known, language=self._language, shortest=INTRO_SHORTEST, instructions=instruction
            )

        answer = ask_text(
            self._writer, self._system, Ask(self._material, instruction, INTRO_LONGEST, check, self._mend)
        )
        intro = answer.value or self._summary
        notes = show_notes(
            intro,
            self._analysis.chapters,
            self._quote_beside(intro),
            people=self._params.people,
            link=self._params.link,
            language=self._language,
        )
        return notes, answer.checks

    def _quote_beside(self, text: str) -> SpokenQuote | None:
        """The best quote that a text does not have already."""
        return next((quote for quote in self._analysis.quotes if quote.text not in text), None)

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
                hook,
                self._known,
                language=self._language,
                shortest=HOOK_SHORTEST,
                instructions=instruction,
                least_support=HOOK_SUPPORT,
            )
            if copied(hook, self._known):
                found.append("it only copies what is said; use your own words")
            return found or self._post_problems(self._composed(hook, own, target), target)

        said = f"\nQuote: {own[0].text}" if own else ""
        answer = ask_text(
            self._writer, self._system, Ask(self._material + said, instruction, HOOK_LONGEST, check, self._mend)
        )
        # A model without an idea leaves the quote to speak, with what the episode is about.
        opening = answer.value or self._teaser(own, target)
        return self._with_extras(opening, own, target), answer.checks

    def _teaser(self, quotes: list[SpokenQuote], target: PostTarget) -> str | None:
        # Without a quote any topic is better than none.
        found = self._about or (None if quotes else self._anything)
        problems = self._post_problems(self._composed(found, quotes, target), target) if found else []
        return None if problems else found

    def _with_extras(self, opening: str | None, quotes: list[SpokenQuote], target: PostTarget) -> PostText:
        """The post with what a person may want beside it: other texts, a clip, a thread, hashtags."""
        post = self._composed(opening, quotes, target)
        others = [self._composed(opening, [quote], target) for quote in quotes if quote != post.quote]
        different = {other.text: other for other in others if other.text != post.text and other.quote is not None}
        alternatives = tuple(
            Alternative(text=other.text, quote=other.quote)
            for other in list(different.values())[:ALTERNATIVES]
            if not self._post_problems(other, target)
        )
        line = byline(self._params.title, self._params.show)
        return post.model_copy(
            update={
                "clip": self._clip(post.quote),
                "hashtags": self._hashtags,
                "thread": thread(
                    opening or line,
                    quotes,
                    line,
                    rule=TEXT_RULES[target.type],
                    limit=target.max_characters,
                    language=self._language,
                ),
                "alternatives": alternatives,
            }
        )

    def _clip(self, quote: SpokenQuote | None) -> Clip | None:
        if quote is None:
            return None
        stretch = stretch_around(self._transcript.sentences, quote.start, quote.end, self._transcript.duration)
        return Clip(start=stretch.start, end=stretch.end)

    def _chapter_titles(self) -> list[str]:
        return [chapter.title for chapter in self._analysis.chapters if not self._title_problems(chapter.title)]

    def _newsletter(self) -> dict[str, str]:
        return newsletter(
            self._summary,
            self._about if self._about != self._summary else None,
            self._analysis.chapters,
            self._quote_beside(self._summary),
            title=self._params.title,
            show=self._params.show,
            link=self._params.link,
            language=self._language,
        )

    def _composed(self, hook: str | None, quotes: list[SpokenQuote], target: PostTarget) -> PostText:
        rule = TEXT_RULES[target.type]
        return compose_post(
            rule.permitted(hook) if hook else None,
            [quote.model_copy(update={"text": rule.permitted(quote.text)}) for quote in quotes],
            title=rule.permitted(self._params.title),
            show=rule.permitted(self._params.show) if self._params.show else None,
            rule=rule,
            limit=target.max_characters,
            language=self._language,
        )

    def _post_problems(self, post: PostText, target: PostTarget) -> list[str]:
        rule = TEXT_RULES[target.type]
        limit = target.max_characters
        return post_problems(post.text, self._known, rule=rule, limit=limit, language=self._language)
