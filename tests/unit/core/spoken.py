"""Transcripts for tests: from plain text, or drawn by hypothesis."""

from hypothesis import strategies as st

from podwright_core.transcript import Segment, Transcript, Word

SECONDS_A_WORD = 0.4


def transcript(
    text: str, *, language: str = "en", pause: float = 0.2, speaker: str | None = None, rate: float = SECONDS_A_WORD
) -> Transcript:
    """A transcript with one segment a line, words evenly spaced."""
    segments = []
    at = 0.0
    for line in text.strip().splitlines():
        words = []
        for word in line.split():
            words.append(Word(text=word, start=round(at, 3), end=round(at + rate * 0.9, 3)))
            at += rate
        segments.append(
            Segment(
                text=" ".join(line.split()),
                start=words[0].start,
                end=words[-1].end,
                words=tuple(words),
                speaker=speaker,
            )
        )
        at += pause
    return Transcript(language=language, duration=round(at, 3), segments=tuple(segments))


WORDS = st.text(
    alphabet=st.characters(categories=["Ll", "Lu", "Nd", "Po"], max_codepoint=0x24F), min_size=1, max_size=60
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Any transcript that a model might give: long words, odd characters, pauses, overlaps, missing word times."""
    segments = []
    at = 0.0
    for _ in range(draw(st.integers(0, 5))):
        words = draw(st.lists(WORDS, min_size=1, max_size=25))
        start = at
        timed = []
        for word in words:
            length = draw(st.floats(0.0, 3.0))
            timed.append(Word(text=word, start=round(at, 3), end=round(at + length, 3)))
            at += length + draw(st.sampled_from([0.0, 0.0, 0.1, 2.0]))
        segments.append(
            Segment(
                text=" ".join(words),
                start=round(start, 3),
                end=timed[-1].end,
                words=tuple(timed) if draw(st.booleans()) else (),
                speaker=draw(st.sampled_from([None, "Anna", "Ben <b>"])),
            )
        )
        at = max(at - draw(st.sampled_from([0.0, 0.5])), 0.0)
    return Transcript(language=draw(st.sampled_from(["en", "de", "ja"])), duration=at, segments=tuple(segments))


@st.composite
def conversations(draw: st.DrawFn) -> Transcript:
    """Up to three tracks of one recording, with cross-talk, as `cross_talk.merged` gives them."""
    tracks = [(name, draw(transcripts())) for name in ("Anna", "Ben <b>", None)]
    segments = [
        segment.model_copy(update={"speaker": name})
        for name, track in tracks
        for segment in sorted(track.segments, key=lambda segment: segment.start)
    ]
    return Transcript(
        language=tracks[0][1].language,
        duration=max(track.duration for _, track in tracks),
        segments=tuple(sorted(segments, key=lambda segment: (segment.start, segment.end))),
    )


def talk(*said: tuple[str | None, float, float, str]) -> Transcript:
    """A transcript of segments: speaker, start and end (seconds), text."""
    segments = [Segment(text=text, start=start, end=end, speaker=speaker) for speaker, start, end, text in said]
    return Transcript(language="en", duration=max(each.end for each in segments) + 10, segments=tuple(segments))
