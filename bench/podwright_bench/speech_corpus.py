"""Real speech with its text: Debian's `asterisk-core-sounds-en-wav`, spoken by Allison Smith (CC-BY-SA 3.0).

The package's prompts become episodes, with pauses between them, and short files. What is said stands in the package
`asterisk-core-sounds-en`. Both come from the machine's Debian mirror once, checked by their digests.
"""

import gzip
import hashlib
import random
import re
import subprocess
import tempfile
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from faster_whisper import decode_audio

from podwright_local.paths import Cache

RATE = 16_000
VERSION = "1.6.1-1"
PACKAGES = {
    "asterisk-core-sounds-en": "973e797d28e37fa6ca3c0a9d6fa717e77cf1268ae916bf09fd3503113cdffa50",
    "asterisk-core-sounds-en-wav": "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
}
TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
#: Sounds that are no speech stand in brackets; the keys * and # are spoken in several ways.
UNCLEAR = re.compile(r"[\[\]<>(*#]")

Samples = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Prompt:
    """A recording of one or more sentences."""

    text: str
    path: Path

    @cached_property
    def seconds(self) -> float:
        with wave.open(str(self.path)) as file:
            return float(file.getnframes() / file.getframerate())

    @property
    def samples(self) -> Samples:
        return np.asarray(decode_audio(str(self.path), sampling_rate=RATE), np.float32)


@dataclass(frozen=True)
class Recording:
    """A file with what is said in it."""

    path: Path
    text: str
    seconds: float


def prompts(cache: Cache) -> list[Prompt]:
    """All prompts with speech, in the list's order."""
    root = _unpacked(cache)
    found = []
    for line in gzip.decompress((root / TEXTS).read_bytes()).decode().splitlines():
        name, colon, text = line.partition(": ")
        path = root / SOUNDS / f"{name}.wav"
        if colon and not name.startswith(";") and not UNCLEAR.search(text) and path.is_file():
            found.append(Prompt(text.replace("...", " ").strip(), path))
    return found


def episodes(
    found: Iterable[Prompt], count: int, folder: Path, *, shortest: float = 3, most: int = 0
) -> list[Recording]:
    """The prompts of at least `shortest` seconds, each in one episode, in an order that is always the same."""
    order = [prompt for prompt in found if prompt.seconds >= shortest]
    random.Random(5).shuffle(order)  # noqa: S311 - no secret
    order = order[:most] if most else order
    return [joined(order[number::count], folder / f"episode-{number}.flac", seed=number) for number in range(count)]


def short_files(found: Iterable[Prompt], count: int, folder: Path) -> list[Recording]:
    """Prompts of two to eight seconds, a file each."""
    fitting = [prompt for prompt in found if 2 <= prompt.seconds <= 8]
    random.Random(7).shuffle(fitting)  # noqa: S311
    return [joined([prompt], folder / f"short-{number}.flac", seed=0) for number, prompt in enumerate(fitting[:count])]


def joined(found: list[Prompt], path: Path, *, seed: int) -> Recording:
    """One file in which the prompts follow each other, with pauses of half a second to a second and a half."""
    pauses = random.Random(seed)  # noqa: S311
    parts: list[Samples] = []
    for prompt in found:
        parts += [prompt.samples, np.zeros(int(pauses.uniform(0.5, 1.5) * RATE), np.float32)]
    samples = np.concatenate(parts)
    write_flac(path, [samples])
    return Recording(path, " ".join(prompt.text for prompt in found), len(samples) / RATE)


def sparse(found: list[Prompt], path: Path, *, hours: float, share: float) -> Recording:
    """A long recording in which `share` of the time is speech, stretch by stretch, and the rest is quiet noise."""
    noise = np.random.default_rng(3).normal(0, 0.001, 60 * RATE).astype(np.float32)
    order = [prompt for prompt in found if prompt.seconds >= 3]
    texts: list[str] = []

    def blocks() -> Iterable[Samples]:
        written, spoken, number = 0, 0, 0
        while written < hours * 3600 * RATE:
            if spoken <= share * written:
                prompt = order[number % len(order)]
                number += 1
                texts.append(prompt.text)
                samples = prompt.samples
                spoken += len(samples)
                block = np.concatenate([samples, noise[: 2 * RATE]])
            else:
                block = noise
            written += len(block)
            yield block

    write_flac(path, blocks())
    return Recording(path, " ".join(texts), hours * 3600)


def write_flac(path: Path, blocks: Iterable[Samples]) -> None:
    """Mono, 16 kHz, 16 bit: as the ingest stage keeps recordings."""
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        for block in blocks:
            frame = av.AudioFrame.from_ndarray((block * 32767).astype("<i2")[np.newaxis], format="s16", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _unpacked(cache: Cache) -> Path:
    target = cache.root / "corpus" / f"asterisk-{VERSION}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        folder = Path(temporary)
        for name, digest in PACKAGES.items():
            subprocess.run(["apt-get", "--quiet", "download", f"{name}={VERSION}"], check=True, cwd=folder)
            (package,) = folder.glob("*.deb")
            read = hashlib.sha256(package.read_bytes()).hexdigest()
            if read != digest:
                raise RuntimeError(f"{name} {VERSION} has the digest {read}; {digest} was expected")
            subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
            package.unlink()
        (folder / "root").rename(target)
    return target
