"""Whether the checks see what is invented: sentences with inventions planted in them, and true ones, in many languages.

``make bench-quality`` judges texts by the checks that let them through; this tells what those checks are worth.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from podwright_bench.quality_transcripts import TEXTS, cases
from podwright_core import claims
from podwright_core.texts import prose_problems


@dataclass(frozen=True)
class Planted:
    """A sentence about a transcript."""

    transcript: str
    language: str
    text: str
    invented: bool
    known: claims.Sources = field(repr=False)

    @property
    def refused(self) -> bool:
        """An invention counts as refused only for what it claims."""
        if self.invented:
            return bool(claims.unsupported(self.text, self.known, language=self.language))
        return bool(prose_problems(self.text, self.known, language=self.language, shortest=1))


def planted() -> Iterator[Planted]:
    """The sentences of ``quality_texts/planted.toml``."""
    tables = tomllib.loads((TEXTS / "planted.toml").read_text(encoding="utf-8"))
    known = {
        case.name: claims.sources(case.transcript.language, [case.transcript.text, case.title]) for case in cases()
    }
    for name, table in tables.items():
        transcript, _, other = name.partition(".")
        language = other or known[transcript].language
        for kind, sentences in table.items():
            for text in sentences:
                yield Planted(transcript, language, text, kind == "invented", known[transcript])
