import re

from hypothesis import given
from hypothesis import strategies as st

from podwright_core.burned_captions import burned
from podwright_core.captions import screens
from podwright_core.soundbites import Stretch
from podwright_core.transcript import Transcript
from tests.unit.core.spoken import conversations, talk, transcript, transcripts


def seconds(time: str) -> float:
    hours, minutes, rest = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_captions_count_from_the_clips_start() -> None:
    spoken = transcript("One sentence is said here. Another one is said after it.", pause=2.0)
    second = spoken.sentences[1]
    script = burned(screens(spoken), Stretch(second.start, second.end), "Title", width=1080, height=1080)
    said = [line for line in script.splitlines() if ",Said," in line]
    assert said[0].startswith("Dialogue: 0,0:00:00.00,")
    assert said[0].endswith("Another one is said after it.")
    assert "PlayResX: 1080" in script


def test_who_speak_at_the_same_time_have_a_line_each() -> None:
    spoken = talk(("Ada", 0, 2, "Hello there."), ("Ben", 0.5, 2, "Good day."))
    script = burned(screens(spoken), Stretch(0, 2), "Title", width=1080, height=1080)
    assert script.endswith(r",,- Hello there.\N- Good day." + "\n")


@given(transcripts() | conversations(), st.floats(0, 60), st.floats(0.1, 60), st.text(max_size=60))
def test_nothing_is_shown_outside_of_the_clip(spoken: Transcript, start: float, length: float, title: str) -> None:
    script = burned(screens(spoken), Stretch(start, start + length), title, width=1920, height=1080)
    events = re.findall(r"Dialogue: 0,([\d:.]+),([\d:.]+),(\w+),,0,0,0,,(.*)", script)
    assert len(events) == script.count("Dialogue: ")
    assert events[0][2] == "Title"
    for begin, end, _, text in events:
        assert 0 <= seconds(begin) <= seconds(end) <= length + 0.011
        assert not set(text.replace(r"\N- ", "")) & set("{}\\")
