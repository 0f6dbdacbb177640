"""A workspace full of transcripts, put into the search index as the product does, and the product's questions to it."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

import psycopg

from podwright_api.accounts.search import SearchIndex
from podwright_api.database.engine import Database
from podwright_api.database.search import Question
from podwright_api.passages import Document, Line, SearchKind, passages
from tests.database import DatabaseUrls

#: Words of an hour of speech, and of one of its segments.
WORDS_PER_HOUR = 9_000
WORDS_PER_SEGMENT = 15
#: Words that there are; how often each is said follows Zipf's law.
VOCABULARY = 30_000
SHOWS = 20
#: Hits on a page, and how often each question is asked.
PAGE, TIMES = 20, 5
AT_ONCE = 4


@dataclass(frozen=True)
class Corpus:
    """Made-up words, the most frequent first; the same for every run."""

    words: list[str]
    #: Of each word and all before it.
    weights: list[float]

    @classmethod
    def make(cls) -> "Corpus":
        dice = random.Random(6)  # noqa: S311  (no secret)
        syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            words["".join(dice.choices(syllables, k=dice.randint(2, 4)))] = None
        return cls(list(words), list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY))))

    def hour(self, seed: int) -> Iterator[Line]:
        """An hour of speech in segments of six seconds."""
        said = random.Random(seed).choices(self.words, cum_weights=self.weights, k=WORDS_PER_HOUR)  # noqa: S311
        count = WORDS_PER_HOUR // WORDS_PER_SEGMENT
        for number in range(count):
            text = " ".join(said[number * WORDS_PER_SEGMENT : (number + 1) * WORDS_PER_SEGMENT])
            start = number * 3_600 / count
            yield Line(f"{text.capitalize()}.", number, start, start + 3_600 / count)


async def fill(index: SearchIndex, workspace: str, corpus: Corpus, hours: int) -> float:
    """Index so many episodes of an hour; seconds that it took."""
    began = time.perf_counter()
    waiting = iter(range(hours))

    async def put_those_left() -> None:
        for hour in waiting:
            name, show = f"episode-{hour:06}", f"show-{hour % SHOWS:02}"
            document = Document(SearchKind.TRANSCRIPT, name, f"v{hour}", show, name, f"Episode {hour}", "en")
            await index.put(workspace, document, list(passages(corpus.hour(hour))))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(put_those_left())
    return time.perf_counter() - began


def questions(corpus: Corpus) -> dict[str, Question]:
    """From a word that nearly every passage has to one that nobody says; two words, a phrase, narrowed."""
    often, rare = corpus.words[0], corpus.words[-1]
    return {
        "most_frequent": Question(often),
        "frequent": Question(corpus.words[100]),
        "seldom": Question(corpus.words[5_000]),
        "rare": Question(rare),
        "two_frequent": Question(f"{corpus.words[20]} {corpus.words[30]}"),
        "one_of_two": Question(f"{corpus.words[200]} or {corpus.words[300]}"),
        "without": Question(f"{corpus.words[100]} -{often}"),
        "phrase": Question(f'"{corpus.words[20]} {corpus.words[30]}"'),
        "in_own_shows": Question(corpus.words[100], shows=["show-03", "show-07"]),
        "in_one_show": Question(corpus.words[2_000], show="show-05"),
        "unknown": Question("qqqxyzzy"),
    }


async def measured(database: DatabaseUrls, workspace: str, hours: int, say: Callable[[str], None]) -> dict[str, float]:
    """Fill the index, then ask each question some times: its median in milliseconds, excerpts of the page included."""
    opened, corpus = Database.connect(database.application, AT_ONCE), Corpus.make()
    try:
        index = SearchIndex(opened)
        took = await fill(index, workspace, corpus, hours)
        say(f"{hours} hours of transcripts indexed in {took:.0f} s")
        with psycopg.connect(database.admin, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")  # what PostgreSQL would do by itself within minutes
        return {name: await _median_ms(index, workspace, question) for name, question in questions(corpus).items()}
    finally:
        await opened.close()


async def _median_ms(index: SearchIndex, workspace: str, question: Question) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await index.find(workspace, question, None, PAGE)
        taken.append((time.perf_counter() - began) * 1000)
    return round(median(taken), 1)
