"""`make bench-transcribe`: episodes through the platform's endpoint, and through faster-whisper as it is.

Both sides get the same files, weights, compute type, beam and threads, in processes of the inference environment, in
one run: the raw engine before and after, Ray Serve in between. The raw engine takes one file after another, which is
how it is fastest; the endpoint gets all episodes at once over HTTP. The last line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import jiwer
import openai
from whisper_normalizer.english import EnglishTextNormalizer

from podwright_bench.inference_program import Program, free_port, python, weights
from podwright_bench.speech_corpus import Prompt, Recording, episodes, joined, prompts, short_files, sparse
from podwright_local.paths import Cache

MODEL = "speech"
BATCH = 8
#: As the platform asks: the show's language is known.
LANGUAGE = "en"
#: Short files that are under way at once.
CLIENTS = 16


@dataclass(frozen=True)
class Size:
    name: str
    episodes: int
    prompts: int
    short: int
    long_hours: float
    rounds: int


SIZES = {
    "full": Size("full", episodes=8, prompts=0, short=64, long_hours=2, rounds=2),
    "small": Size("small", episodes=2, prompts=6, short=4, long_hours=0, rounds=1),
}


@dataclass
class Round:
    """What one engine made of one set of files."""

    seconds: float
    texts: list[str]
    peak_rss_mb: float = 0.0


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Raw:
    """faster-whisper as it is."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def transcribe(self, mode: str, files: Sequence[Recording], language: str | None = LANGUAGE) -> Round:
        request = {"mode": mode, "files": [str(file.path) for file in files], "language": language}
        answer = self._program.ask({**request, "batch_size": BATCH})
        return Round(answer["seconds"], answer["texts"], answer["peak_rss_mb"])


class Platform:
    """The endpoint, asked as the transcribe stage asks it."""

    def __init__(self, port: int) -> None:
        self._client = openai.OpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key="none", timeout=3600, max_retries=0
        )
        self.pid = replica()

    def transcribe(self, files: Sequence[Recording], language: str | None = LANGUAGE, clients: int = 8) -> Round:
        began = time.monotonic()
        with ThreadPoolExecutor(clients) as pool, Memory(self.pid) as memory:
            texts = list(pool.map(lambda file: self._text(file, language), files))
        return Round(time.monotonic() - began, texts, memory.peak)

    def _text(self, file: Recording, language: str | None) -> str:
        with file.path.open("rb") as stream:
            answer = self._client.audio.transcriptions.create(
                model=MODEL,
                file=(file.path.name, stream),
                language=language or openai.omit,
                response_format="verbose_json",
                timestamp_granularities=["word", "segment"],
            )
        return answer.text


class Memory:
    """Resident memory of a process, MiB, every quarter of a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.samples: list[float] = []

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def peak(self) -> float:
        return max(self.samples)

    def _watch(self) -> None:
        while True:
            pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
            self.samples.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            if self._end.wait(0.25):
                return


def replica() -> int:
    """The process with the model: Ray names it after its actor."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            name = path.read_bytes()
            if name.startswith(b"ray::ServeReplica") and path.stat().st_uid == os.getuid():
                return int(path.parent.name)
    raise RuntimeError("Ray runs no replica")


def error_rate(files: Sequence[Recording], texts: Sequence[str]) -> float:
    """Word error rate over all files, after the normaliser of the Whisper paper."""
    normalise = EnglishTextNormalizer()
    return float(jiwer.wer([normalise(file.text) for file in files], [normalise(text) for text in texts]))


@contextlib.contextmanager
def raw_engine(interpreter: Path, model: Path, threads: int, log: IO[bytes]) -> Iterator[Raw]:
    arguments = ["--weights", str(model), "--compute-type", "int8", "--threads", str(threads)]
    program = Program(interpreter, "podwright_bench.whisper_baseline", arguments, log)
    try:
        yield Raw(program)
    finally:
        program.end()


@contextlib.contextmanager
def platform(interpreter: Path, model: Path, threads: int, log: IO[bytes]) -> Iterator[Platform]:
    port = free_port()
    args = {
        "model_id": MODEL,
        "weights": str(model),
        "cpus": threads,
        "target_ongoing_requests": 8,
        "engine_args": {"compute_type": "int8", "batch_size": str(BATCH)},
    }
    # Ray's sockets have paths of at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        arguments = ["whisper_app", "--args", json.dumps(args), "--port", str(port), "--folder", folder]
        program = Program(interpreter, "podwright_bench.serve_app", arguments, log)
        try:
            yield Platform(port)
        finally:
            program.end()


PARTS = ("episodes", "short", "long")


class Measurement:
    """Rounds by name, and what follows from them."""

    def __init__(self, size: Size, parts: Sequence[str], folder: Path, threads: int) -> None:
        cache = Cache.from_environment()
        self._size = size
        self._folder = folder
        self._threads = threads
        self._python = python(cache)
        self._weights = weights(cache, "whisper")
        self._spoken = prompts(cache)
        self._warm = [joined(self._spoken[:20], folder / "warm.flac", seed=1)]
        self._full = episodes(self._spoken, size.episodes, folder, most=size.prompts) if "episodes" in parts else []
        self._short = short_files(self._spoken, size.short, folder) if "short" in parts else []
        self._long_hours = size.long_hours if "long" in parts else 0
        self._rounds: dict[str, list[Round]] = {}
        for name, files in (("episodes", self._full), ("short files", self._short)):
            say(f"{len(files)} {name}, {sum(file.seconds for file in files):.0f} s")

    def run(self) -> dict[str, Any]:
        figures: dict[str, Any] = {}
        with (self._folder / "engines.log").open("wb") as log:
            if self._full or self._short:
                self._raw(log, first=True)
            with platform(self._python, self._weights, self._threads, log) as ours:
                ours.transcribe(self._warm)
                for number in range(self._size.rounds):
                    self._keep("ours", self._full, lambda files: ours.transcribe(files, clients=len(files)))
                    self._keep("short_ours", self._short, lambda files: ours.transcribe(files, clients=CLIENTS))
                    if number == 0:
                        self._keep("auto_ours", self._short, lambda them: ours.transcribe(them, None, clients=CLIENTS))
                if self._long_hours:
                    figures = long_recording(ours, self._spoken, self._folder, self._long_hours)
            if (self._full or self._short) and self._size.rounds > 1:
                self._raw(log, first=False)
        return {
            "size": self._size.name,
            **self._speeds(),
            **self._errors(),
            **self._memory(),
            **figures,
            "threads": self._threads,
            "seconds": {name: [round(each.seconds, 1) for each in found] for name, found in self._rounds.items()},
        }

    def _raw(self, log: IO[bytes], *, first: bool) -> None:
        """What the goals rest on is measured before and after the endpoint, the rest once."""
        with raw_engine(self._python, self._weights, self._threads, log) as raw:
            raw.transcribe("batched", self._warm)
            self._keep("batched", self._full, lambda files: raw.transcribe("batched", files))
            self._keep("short_batched", self._short, lambda files: raw.transcribe("batched", files))
            if first:
                self._keep("auto_batched", self._short, lambda files: raw.transcribe("batched", files, None))
                self._keep("plain", self._full, lambda files: raw.transcribe("plain", files))

    def _keep(self, name: str, files: list[Recording], measured: Callable[[list[Recording]], Round]) -> None:
        if not files:
            return
        found = measured(files)
        self._rounds.setdefault(name, []).append(found)
        say(f"{name}: {found.seconds:.1f} s, peak {found.peak_rss_mb:.0f} MiB")

    def _speeds(self) -> dict[str, float]:
        audio = sum(file.seconds for file in self._full)
        found = {"audio_s": round(audio, 1)} if self._full else {}
        for key, name in (("rtfx", "ours"), ("batched_rtfx", "batched"), ("plain_rtfx", "plain")):
            if name in self._rounds:
                found[key] = round(audio / self._seconds(name), 2)
        for key, theirs, ours in (
            ("ratio_to_batched", "batched", "ours"),
            ("short_ratio_to_batched", "short_batched", "short_ours"),
            ("short_ratio_language_unknown", "auto_batched", "auto_ours"),
        ):
            if ours in self._rounds:
                found[key] = round(self._seconds(theirs) / self._seconds(ours), 3)
        return found

    def _seconds(self, name: str) -> float:
        """Of a round; the mean of all."""
        return sum(each.seconds for each in self._rounds[name]) / len(self._rounds[name])

    def _errors(self) -> dict[str, float]:
        found = {}
        for key, name, files in (
            ("wer", "ours", self._full),
            ("batched_wer", "batched", self._full),
            ("plain_wer", "plain", self._full),
            ("short_wer", "short_ours", self._short),
            ("short_batched_wer", "short_batched", self._short),
        ):
            if name in self._rounds:
                found[key] = round(error_rate(files, self._rounds[name][-1].texts), 4)
        return found

    def _memory(self) -> dict[str, int]:
        found = {}
        for key, names in (
            ("peak_rss_mb", ("ours", "short_ours")),
            ("batched_peak_rss_mb", ("batched", "short_batched")),
        ):
            peaks = [each.peak_rss_mb for name in names for each in self._rounds.get(name, ())]
            if peaks:
                found[key] = round(max(peaks))
        return found


def long_recording(ours: Platform, spoken: list[Prompt], folder: Path, hours: float) -> dict[str, float]:
    """MiB by which the replica grew in the second half of a long recording, beyond its most in the first; its speed."""
    file = sparse(spoken, folder / "long.flac", hours=hours, share=0.03)
    say(f"a recording of {hours:g} hours, {file.path.stat().st_size / 1e6:.0f} MB")
    with Memory(ours.pid) as memory:
        found = ours.transcribe([file])
    half = max(len(memory.samples) // 2, 1)
    before, after = max(memory.samples[:half]), max(memory.samples[half:])
    say(f"long: {found.seconds:.1f} s, at most {before:.0f} MiB in the first half, {after:.0f} MiB in the second")
    return {
        "long_hours": hours,
        "long_rss_growth_mb": round(after - before, 1),
        "long_rtfx": round(hours * 3600 / found.seconds, 1),
        "long_wer": round(error_rate([file], found.texts), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--only", choices=PARTS, action="append", help="leave the other parts out")
    parser.add_argument("--rounds", type=int, help="another number of rounds than the size says")
    parser.add_argument("--long-hours", type=float, help="another length of the long file than the size says")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path, help="folder for recordings and logs, kept")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    if arguments.long_hours:
        size = replace(size, name=f"{size.name} with {arguments.long_hours:g} hours", long_hours=arguments.long_hours)
    if arguments.rounds:
        size = replace(size, rounds=arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        parts = arguments.only or PARTS
        figures = Measurement(size, parts, folder, arguments.threads).run()
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
