"""How English text sounds by its words: VADER (Hutto and Gilbert, 2014; package vaderSentiment, MIT)."""

from functools import lru_cache
from typing import Any

from podwright_core.fluency import sentences


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 (reads its lexicon)

    return SentimentIntensityAnalyzer()


def mood(text: str) -> float:
    """The mean of its sentences' scores, from -1 (bad) to 1 (good); 0 for a text without any."""
    scores = [_analyzer().polarity_scores(sentence)["compound"] for sentence in sentences(text)]
    return round(sum(scores) / len(scores), 3) if scores else 0.0
