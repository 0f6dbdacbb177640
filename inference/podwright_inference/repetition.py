"""A guard against models that say the same sentence again and again where nobody speaks."""

import re
from collections.abc import Iterable, Iterator

from podwright_inference.speech import Segment

MOST_REPEATS = 2
"""Equal segments in a row that are believed; people do say things twice."""


def without_repetition(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Leave out segments without text, and what follows `MOST_REPEATS` equal ones as long as it equals them."""
    previous, repeats = "", 0
    for segment in segments:
        normalised = " ".join(re.findall(r"\w+", segment.text.casefold()))
        if not segment.text:
            continue
        repeats = repeats + 1 if normalised and normalised == previous else 1
        previous = normalised
        if repeats <= MOST_REPEATS:
            yield segment
