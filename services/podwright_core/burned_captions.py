"""Captions that are part of a picture: Advanced SubStation Alpha, which ffmpeg (libass) draws."""

from collections.abc import Sequence

from podwright_core.captions import DASH, Cue
from podwright_core.soundbites import Stretch

_COMMANDS = str.maketrans("\\{}", "/()")
_HEADER = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Said,DejaVu Sans,{said},&H00FFFFFF,&H00101010,&H00000000,1,1,3,0,2,{margin},{margin},{low},1
Style: Title,DejaVu Sans,{title},&H00E8E8E8,&H00101010,&H00000000,0,1,2,0,8,{margin},{margin},{high},1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def burned(screens: Sequence[Sequence[Cue]], stretch: Stretch, title: str, *, width: int, height: int) -> str:
    """A script for a clip of the stretch, in pixels of the picture: the title all along, cues while they are said."""
    size = min(width, height)
    lines = [
        _HEADER.format(
            width=width,
            height=height,
            said=round(size * 0.062),
            title=round(size * 0.042),
            margin=round(width * 0.07),
            low=round(height * 0.13),
            high=round(height * 0.09),
        ),
        _event(0.0, stretch.duration, "Title", title),
    ]
    for together in screens:
        start, end = max(together[0].start, stretch.start), min(together[0].end, stretch.end)
        if end > start:
            dash = DASH if len(together) > 1 else ""
            said = (dash + " ".join(cue.lines) for cue in together)
            lines.append(_event(start - stretch.start, end - stretch.start, "Said", *said))
    return "".join(lines)


def _event(start: float, end: float, style: str, *paragraphs: str) -> str:
    # A backslash or a brace would begin a command; libass knows no way to write them.
    plain = r"\N".join(" ".join(text.translate(_COMMANDS).split()) for text in paragraphs)
    return f"Dialogue: 0,{_time(start)},{_time(end)},{style},,0,0,0,,{plain}\n"


def _time(seconds: float) -> str:
    hundredths = round(seconds * 100)
    hours, rest = divmod(hundredths, 360_000)
    minutes, rest = divmod(rest, 6000)
    return f"{hours}:{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"
