"""How texts of a show should sound, as a model is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Characters of an example, and how many are told: they set the tone and take room from the material.
EXAMPLE_LONGEST, EXAMPLES = 300, 2


@dataclass(frozen=True)
class Voice:
    """A show's own rules, a sentence each, and texts that new ones should sound like."""

    rules: Sequence[str] = ()
    examples: Sequence[str] = ()


#: Of whoever has said nothing about it.
PLAIN: Final = Voice()


def told(voice: Voice, *, remark: str | None = None, longest: int) -> str:
    """What follows the instructions: rules, a person's remark, examples; without what has no room (characters)."""
    heed = f" Heed this: {remark}" if remark else ""
    left = longest - len(heed)
    rules, left = _fitting([f" {rule}" for rule in voice.rules], left)
    examples = [f"\nA text of the show: {text[:EXAMPLE_LONGEST]}" for text in voice.examples[:EXAMPLES]]
    return rules + heed + _fitting(examples, left)[0]


def _fitting(parts: Sequence[str], room: int) -> tuple[str, int]:
    """Those that fit, in their order, and the room that they leave."""
    found = ""
    for part in parts:
        if len(found) + len(part) <= room:
            found += part
    return found, room - len(found)
