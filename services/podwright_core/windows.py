"""Stretches of a long recording that are transcribed one by one."""

from dataclasses import dataclass

#: About so long is a window, and never longer than that (seconds).
TARGET = 300.0
LONGEST = 450.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``start`` to before ``end``, in seconds."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


def windows(
    duration: float, silences: list[Stretch], *, target: float = TARGET, longest: float = LONGEST
) -> list[Stretch]:
    """Cuts a recording into windows that cover it without gap or overlap.

    A cut lies in the middle of the silence nearest to ``target``; where there is none before ``longest``, the window
    ends at ``longest``.
    """
    result: list[Stretch] = []
    start = 0.0
    middles = sorted((silence.start + silence.end) / 2 for silence in silences)
    while duration - start > longest:
        fitting = [middle for middle in middles if start + target / 2 <= middle <= start + longest]
        wanted = start + target
        end = min(fitting, key=lambda middle: (abs(middle - wanted), middle)) if fitting else start + longest
        result.append(Stretch(start, end))
        start = end
    if duration > start or not result:
        result.append(Stretch(start, max(duration, start)))
    return result
