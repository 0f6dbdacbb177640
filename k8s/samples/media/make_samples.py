"""Makes the two sample episodes again: ``python make_samples.py [speech|two-voices]``.

Needs ffmpeg and, for ``speech``, a Debian or Ubuntu machine (``apt-get download``, ``dpkg-deb``), for ``two-voices``
espeak-ng. The committed files came from the versions named in README.md; other versions give slightly other bytes.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

#: Prompts that follow one another as a talk, and the pause after each in seconds.
SPEECH = [
    ("demo-congrats", 0.9),
    ("demo-moreinfo", 0.9),
    ("demo-instruct", 0.9),
    ("demo-echotest", 0.9),
    ("demo-thanks", 0.3),
]
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"

HOST, GUEST = "en-us+m3", "en-gb+f2"
PAUSE_BETWEEN_TURNS = 0.45


def dialogue() -> list[tuple[str, str]]:
    """Turns of the dialogue: the reference text has one a line, host and guest in turn."""
    lines = [line for line in (HERE / "two-voices.txt").read_text(encoding="utf-8").splitlines() if line]
    return [(HOST if number % 2 == 0 else GUEST, line) for number, line in enumerate(lines)]


def run(*arguments: str | Path) -> None:
    subprocess.run([str(argument) for argument in arguments], check=True)


def join(parts: list[tuple[Path, float]], target: Path, *, rate: int, bitrate: str, tags: dict[str, str]) -> None:
    """Joins recordings, each with a pause after it, to one mono MP3."""
    inputs: list[str | Path] = []
    steps: list[str] = []
    for number, (path, pause) in enumerate(parts):
        inputs += ["-i", path]
        steps.append(f"[{number}:a]aresample={rate},apad=pad_dur={pause}[p{number}]")
    labels = "".join(f"[p{number}]" for number in range(len(parts)))
    graph = ";".join([*steps, f"{labels}concat=n={len(parts)}:v=0:a=1[out]"])
    metadata = [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]
    run(
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[out]"),
        *("-ac", "1", "-ar", str(rate), "-b:a", bitrate, *metadata, target),
    )


def make_speech(scratch: Path) -> None:
    subprocess.run(["apt-get", "download", "asterisk-core-sounds-en-wav"], check=True, cwd=scratch)
    (package,) = scratch.glob("*.deb")
    run("dpkg-deb", "-x", package, scratch)
    join(
        [(scratch / SOUNDS / f"{name}.wav", pause) for name, pause in SPEECH],
        HERE / "speech.mp3",
        rate=16000,
        bitrate="40k",
        tags={
            "title": "A tour of the Asterisk demonstration",
            "artist": "Allison Smith",
            "copyright": "Asterisk core sounds, spoken by Allison Smith, CC-BY-SA 3.0",
        },
    )


def make_two_voices(scratch: Path) -> None:
    parts = []
    for number, (voice, text) in enumerate(dialogue()):
        path = scratch / f"{number:02d}.wav"
        run("espeak-ng", "-v", voice, "-s", "150", "-w", path, text)
        parts.append((path, PAUSE_BETWEEN_TURNS))
    join(
        parts,
        HERE / "two-voices.mp3",
        rate=22050,
        bitrate="48k",
        tags={"title": "Sourdough for beginners", "copyright": "Made with espeak-ng for Podwright; CC0"},
    )


MAKERS = {"speech": make_speech, "two-voices": make_two_voices}


def main() -> None:
    for name in sys.argv[1:] or MAKERS:
        with tempfile.TemporaryDirectory() as scratch:
            MAKERS[name](Path(scratch))


if __name__ == "__main__":
    main()
