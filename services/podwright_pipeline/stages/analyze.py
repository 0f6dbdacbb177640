"""What the episode is about: summary, chapters, topics and quotes, each checked against the transcript.

Chapters start where the vocabulary changes, which needs no model; the model names them. A transcript that is longer
than the model's context is summarised stretch by stretch, then the summaries are.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

from podwright_core import claims, extract
from podwright_core.chapters import Chapter, boundaries, chapters_document
from podwright_core.claims import Sources
from podwright_core.fluency import whole_sentences
from podwright_core.mentions import mentioned, named
from podwright_core.quotes import QuoteFinder
from podwright_core.shareable import quote_lengths
from podwright_core.stages import StageName
from podwright_core.texts import (
    TITLE_LONGEST,
    Analysis,
    Checks,
    Mood,
    SpokenQuote,
    as_title,
    believable,
    prose_problems,
    title_problems,
)
from podwright_core.transcript import Sentence, Transcript
from podwright_core.writing_systems import base_language
from podwright_pipeline.sentiment import mood
from podwright_pipeline.work import StageOutput, Work
from podwright_writing.budget import Budget, within
from podwright_writing.generate import Ask, answer_tokens, ask_list, ask_text, each, room
from podwright_writing.writer import Writer

SUMMARY_SHORTEST, SUMMARY_LONGEST = 60, 600
#: What a status shows of the summary (characters).
FACT_LONGEST = 300
QUOTES, TOPICS, PHRASES, NAMES = 6, 6, 12, 30
#: Stretches of a long transcript that are summarised: where there are more, each is first cut down to the sentences
#: that say most of it. So an episode's requests are bounded, however long it is.
SUMMARIES = 24
_TOPIC_LONGEST = 60
_TITLE_SENTENCE = 60
_QUOTE_STRETCHES = 4


def run(work: Work) -> StageOutput:
    transcript = Transcript.model_validate_json(work.input_bytes(StageName.TRANSCRIBE, "transcript.json"))
    language = str(work.request.params.get("language") or transcript.language)
    budget = Budget.model_validate(work.request.params["budget"]) if work.request.params.get("budget") else None
    analyst = Analyst(transcript, language, within(work.engines.writer(work.request.endpoint), budget))
    analysis = analyst.analysis(work)
    document: dict[str, Any] = analysis.model_dump(mode="json")
    return StageOutput(
        files=[
            work.save("analysis.json", document, "application/json"),
            work.save("chapters.json", chapters_document(list(analysis.chapters)), "application/json+chapters"),
        ],
        facts={
            "summary": whole_sentences(analysis.summary, FACT_LONGEST)
            or extract.headline(analysis.summary, FACT_LONGEST),
            "chapters": len(analysis.chapters),
            "quotes": len(analysis.quotes),
        },
    )


def system_prompt(language: str) -> str:
    return (
        "You write about podcast episodes. You use only what the transcript says: no other names, numbers or links. "
        f"You write plain text in the language '{language}' and answer with a JSON object."
    )


class Analyst:
    """One transcript and the model that reads it."""

    def __init__(self, transcript: Transcript, language: str, writer: Writer) -> None:
        self._transcript = transcript
        self._language = language
        self._writer = writer
        self._known: Sources = claims.sources(transcript.language, [transcript.text])
        self._weighed = extract.scored(transcript)
        self._finder = QuoteFinder(transcript)
        self._room = room(writer, answer_tokens(SUMMARY_LONGEST))
        self._system = system_prompt(language)

    def analysis(self, work: Work) -> Analysis:
        work.report(2, "finding the chapters")
        stretches = boundaries(self._transcript)
        titles = [partial(self._chapter_title, chapter) for chapter in stretches]
        total = len(titles) + 3

        def done(finished: int) -> None:
            work.report(5 + 93 * finished / total, f"analysing: {finished} of {total}")

        named_chapters = each(self._writer.concurrency, titles, done)
        summary, summary_checks = self._summary()
        done(len(titles) + 1)
        topics, topic_checks = self._topics(summary)
        done(len(titles) + 2)
        quotes, quote_checks = self._quotes()
        checks = sum((each_checks for _, each_checks in named_chapters), summary_checks + topic_checks + quote_checks)
        chapters = tuple(_distinct([chapter for chapter, _ in named_chapters]))
        phrases = extract.key_phrases(self._transcript.text, self._transcript.language, PHRASES)
        return Analysis(
            language=self._language,
            summary=summary,
            topics=topics,
            chapters=chapters,
            quotes=quotes,
            phrases=tuple(mentioned(self._transcript, phrases)),
            names=tuple(named(self._transcript, NAMES)),
            moods=self._moods(chapters),
            checks=checks,
        )

    def _stretches(self) -> list[list[Sentence]]:
        """The transcript's sentences in stretches that fit the model's context."""
        parts: list[list[Sentence]] = [[]]
        used = 0
        for sentence in self._transcript.sentences:
            if parts[-1] and used + len(sentence.text) + 1 > self._room:
                parts.append([])
                used = 0
            parts[-1].append(sentence)
            used += len(sentence.text) + 1
        return parts

    def _summary(self) -> tuple[str, Checks]:
        """Summaries of the stretches, summarised until one is left."""
        asks = [
            partial(self._summary_of, self._fitted(part), self._extracted_summary(part)) for part in self._bounded()
        ]
        found = each(self._writer.concurrency, asks, lambda _: None)
        checks = sum((each_checks for _, each_checks in found), Checks())
        texts = [text for text, _ in found]
        while len(texts) > 1:
            asks = [
                partial(self._summary_of, text, whole_sentences(text, SUMMARY_LONGEST) or text[:SUMMARY_LONGEST])
                for text in _merged(texts, self._room)
            ]
            found = each(self._writer.concurrency, asks, lambda _: None)
            checks = sum((each_checks for _, each_checks in found), checks)
            texts = [text for text, _ in found]
        return texts[0], checks

    def _bounded(self) -> list[list[Sentence]]:
        """The stretches; of a transcript with too many, several together."""
        parts = self._stretches()
        together = -(-len(parts) // SUMMARIES)
        return [list(chain(*parts[at : at + together])) for at in range(0, len(parts), together)]

    def _fitted(self, part: Sequence[Sentence]) -> str:
        """Sentences as one text that fits the model's context: the ones that say most, in their order."""
        text = _joined(part)
        if len(text) <= self._room:
            return text
        return _joined(extract.condensed(self._weighed, set(part), self._room)) or text[: self._room]

    def _summary_of(self, text: str, extracted: str) -> tuple[str, Checks]:
        instruction = "Summarise the transcript in a few sentences."

        def mend(answer: str) -> str:
            return believable(answer, self._known, language=self._language, longest=SUMMARY_LONGEST)

        def check(answer: str) -> list[str]:
            return prose_problems(
                answer, self._known, language=self._language, shortest=SUMMARY_SHORTEST, instructions=instruction
            )

        ask = Ask(f"Transcript:\n{text}", instruction, SUMMARY_LONGEST, check, mend)
        answer = ask_text(self._writer, self._system, ask)
        return answer.value or extracted, answer.checks

    def _extracted_summary(self, part: list[Sentence]) -> str:
        best = extract.best_sentences(
            self._transcript, 3, longest=SUMMARY_LONGEST, among=set(part), weighed=self._weighed
        )
        return _joined(best) or extract.headline(_joined(part), SUMMARY_LONGEST)

    def _chapter_title(self, chapter: Chapter) -> tuple[Chapter, Checks]:
        inside = [each for each in self._transcript.sentences if chapter.start <= each.start < chapter.end]
        text = self._fitted(inside)
        ask = Ask(
            f"Transcript of a chapter:\n{text}",
            "Write a short title for this chapter that says what it is about.",
            TITLE_LONGEST,
            lambda title: title_problems(title, self._known, language=self._language),
        )
        answer = ask_text(self._writer, self._system, ask)
        title = answer.value or self._extracted_title(chapter)
        return chapter.model_copy(update={"title": as_title(title)}), answer.checks

    def _extracted_title(self, chapter: Chapter) -> str:
        """What the chapter keeps saying if it is a phrase, else the sentence that says most of it."""
        inside = {each for each in self._transcript.sentences if chapter.start <= each.start < chapter.end}
        text = self._transcript.between(chapter.start, chapter.end)
        phrases = extract.key_phrases(text, self._transcript.language, 1, background=self._transcript.text)
        if phrases and " " in phrases[0]:
            return phrases[0]
        short = {each for each in inside if len(each.text) <= _TITLE_SENTENCE and len(each.text.split()) >= 4}
        best = extract.best_sentences(self._transcript, 1, longest=10_000, among=short or inside, weighed=self._weighed)
        return extract.headline(best[0].text, _TITLE_SENTENCE) if best else "…"

    def _topics(self, summary: str) -> tuple[tuple[str, ...], Checks]:
        parts = self._stretches()
        ask = Ask(
            f"Transcript:\n{_joined(parts[0])[: self._room] if len(parts) == 1 else summary}",
            "List the main topics of the episode. Each topic is a word or a short phrase from the transcript.",
            _TOPIC_LONGEST,
            self._topic_problems,
        )
        found, checks = ask_list(self._writer, self._system, ask, count=TOPICS)
        found = list({topic.casefold(): topic for topic in found}.values())
        if len(found) >= 2:
            return tuple(found), checks
        phrases = extract.key_phrases(self._transcript.text, self._transcript.language, TOPICS)
        return tuple(phrases), checks + Checks(checked=1, replaced=1)

    def _topic_problems(self, topic: str) -> list[str]:
        found = prose_problems(
            topic, self._known, language=self._language, shortest=3, sentence=False, least_support=1.0
        )
        if len(topic.split()) > 4:
            found.append("a topic has at most three words")
        return found

    def _quotes(self) -> tuple[tuple[SpokenQuote, ...], Checks]:
        shortest, longest = quote_lengths(self._transcript.language)

        def check(text: str) -> list[str]:
            if not shortest <= len(text) <= longest:
                return [f"it must have {shortest} to {longest} characters"]
            return [] if self._finder.find(text) else ["nobody says that in the transcript; copy a sentence exactly"]

        parts = self._stretches()
        # Of a long transcript a few stretches are read, spread over all of it.
        read = parts[:: max(len(parts) // _QUOTE_STRETCHES, 1)][:_QUOTE_STRETCHES]
        asks = []
        for part in read:
            ask = Ask(
                f"Transcript:\n{_joined(part)[: self._room]}",
                "Pick the sentences from the transcript that make people most curious. Copy them word for word.",
                longest,
                check,
            )
            asks.append(partial(ask_list, self._writer, self._system, ask, count=max(QUOTES // len(read), 1)))
        answers = each(self._writer.concurrency, asks, lambda _: None)
        checks = sum((found_checks for _, found_checks in answers), Checks())
        picked = [place for found, _ in answers for text in found if (place := self._finder.find(text))]
        stretches = [(place.start, place.end) for place in picked]
        best = extract.best_quotes(self._transcript, QUOTES, preferred=stretches)
        # The model's choice is taken where it stands by itself; the others are the transcript's best.
        replaced = sum(not any(one.start < end and start < one.end for start, end in stretches) for one in best)
        quotes = tuple(SpokenQuote(text=one.text, start=one.start, end=one.end, speaker=one.speaker) for one in best)
        return quotes, checks + Checks(checked=replaced, replaced=replaced)

    def _moods(self, chapters: Sequence[Chapter]) -> tuple[Mood, ...]:
        if base_language(self._transcript.language) != "en":
            return ()
        return tuple(
            Mood(start=chapter.start, end=chapter.end, value=mood(self._transcript.between(chapter.start, chapter.end)))
            for chapter in chapters
        )


def _joined(sentences: Sequence[Sentence]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def _merged(texts: list[str], longest: int) -> list[str]:
    """Texts joined to fewer that fit; always fewer than before."""
    parts: list[str] = []
    for text in texts:
        if parts and len(parts[-1]) + len(text) + 1 <= longest:
            parts[-1] = f"{parts[-1]} {text}"
        else:
            parts.append(text)
    return parts if len(parts) < len(texts) else [" ".join(texts)[:longest]]


def _distinct(chapters: list[Chapter]) -> list[Chapter]:
    """Neighbours with the same title are one chapter."""
    result: list[Chapter] = []
    for chapter in chapters:
        if result and result[-1].title.casefold() == chapter.title.casefold():
            result[-1] = result[-1].model_copy(update={"end": chapter.end})
        else:
            result.append(chapter)
    return result
