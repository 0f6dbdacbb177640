"""``python -m podwright_publish.fitting.child TYPE CONTENT_TYPE SOURCE TARGET``: one file for one type of channel.

A process of its own with limits of its own: what a hostile file does to a decoder ends here. Prints one JSON object.
"""

import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from podwright_core.media_fit import AsItIs, Picture, Unfit, fit
from podwright_core.media_rules import MEDIA_RULES, MP4

#: Bytes of address space of this process, and of ffmpeg. What a container may have is more than that and the publisher:
#: where the kernel ends something for want of memory there, it ends the publisher too.
_MEMORY = 1536 << 20
#: A file that is written may have this size (bytes).
_WRITTEN = 512_000_000


@dataclass(frozen=True)
class Fitted:
    """What became of a file."""

    #: ``asItIs``, ``made`` or ``unfit``.
    result: str
    content_type: str = ""
    #: What is wrong with it, or what got lost; for people.
    note: str = ""


def fitted(channel_type: str, content_type: str, source: Path, target: Path) -> Fitted:
    """Write the file as the channel takes it, unless it is taken as it is."""
    # Decoders are loaded within the limits.
    from podwright_publish.fitting.pictures import (  # noqa: PLC0415
        UnreadableError,
        make_picture,
        picture_facts,
    )
    from podwright_publish.fitting.videos import make_video, video_facts  # noqa: PLC0415

    rule = MEDIA_RULES[channel_type]
    look = picture_facts if content_type.startswith("image/") else video_facts
    try:
        facts = look(source, content_type)
        match fit(rule, facts):
            case AsItIs():
                return Fitted("asItIs", facts.content_type)
            case Unfit(problem):
                return Fitted("unfit", note=problem)
            case Picture() as wanted:
                return Fitted("made", make_picture(source, target, wanted))
            case wanted:
                sound = facts.audio_codec != ""
                make_video(source, target, wanted, sound_only=facts.width == 0, has_sound=sound)
                return Fitted("made", MP4, wanted.note)
    except UnreadableError as error:
        return Fitted("unfit", note=str(error))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITTEN, _WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel_type, content_type, source, target = sys.argv[1:]
    try:
        result = fitted(channel_type, content_type, Path(source), Path(target))
    except MemoryError:
        result = Fitted("unfit", note="It needs more memory than there is for one file.")
    sys.stdout.write(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
