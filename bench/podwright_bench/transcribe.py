"""`make bench-transcribe`: episodes through the platform's endpoint, and through faster-whisper as it is.

Both sides get the same files, weights, compute type, beam and threads, in processes of the inference environment, in
one run: the raw engine before and after, Ray Serve in between. The raw engine takes one file after another, which is
how it is fastest; the endpoint gets all episodes at once over HTTP. The last line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import jiwer
import openai
from whisper_normalizer.english import EnglishTextNormalizer

from podwright_bench.speech_corpus import Recording, episodes, joined, prompts, short_files, sparse
from podwright_local import inference_venv, models
from podwright_local.paths import REPOSITORY, Cache

MODEL = "speech"
BATCH = 8
#: As the platform asks: the show's language is known.
LANGUAGE = "en"
#: Short files that are under way at once.
CLIENTS = 16
PACKAGES = ("inference", "services", "bench")


@dataclass(frozen=True)
class Size:
    name: str
    episodes: int
    prompts: int
    short: int
    long_hours: float
    rounds: int


SIZES = {
    "full": Size("full", episodes=8, prompts=0, short=64, long_hours=10, rounds=2),
    "small": Size("small", episodes=2, prompts=6, short=4, long_hours=0, rounds=1),
}


@dataclass
class Round:
    """What one engine made of one set of files."""

    seconds: float
    texts: list[str]
    peak_rss_mb: float = 0.0


@dataclass
class Rounds:
    found: list[Round] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Of all rounds; of one, the mean."""
        return sum(each.seconds for each in self.found) / len(self.found)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Program:
    """A module of this package, run by the inference environment; it says `ready` first."""

    def __init__(self, python: Path, module: str, arguments: Sequence[str], log: IO[bytes]) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(REPOSITORY / name) for name in PACKAGES),
            # Of both sides: threads that wait for each other sleep, see EndpointArgs.environment.
            "OMP_WAIT_POLICY": "PASSIVE",
            "KMP_BLOCKTIME": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        setpriv = shutil.which("setpriv")
        command = [*((setpriv, "--pdeathsig", "TERM") if setpriv else ()), python, "-m", module, *arguments]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._requests, self._answers = self.process.stdin, self.process.stdout
        self.read_until("ready")

    def read_until(self, wanted: str) -> None:
        for line in self._answers:
            if line.strip() == wanted:
                return
        raise RuntimeError(f"the engine's process ended with {self.process.wait()}; its log says why")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def end(self) -> None:
        self._requests.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(60)


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
def raw_engine(python: Path, weights: Path, threads: int, log: IO[bytes]) -> Iterator[Raw]:
    arguments = ["--weights", str(weights), "--compute-type", "int8", "--threads", str(threads)]
    program = Program(python, "podwright_bench.whisper_baseline", arguments, log)
    try:
        yield Raw(program)
    finally:
        program.end()


@contextlib.contextmanager
def platform(python: Path, weights: Path, threads: int, log: IO[bytes]) -> Iterator[Platform]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    args = {
        "model_id": MODEL,
        "weights": str(weights),
        "cpus": threads,
        "target_ongoing_requests": 8,
        "engine_args": {"compute_type": "int8", "batch_size": str(BATCH)},
    }
    # Ray's sockets have paths of at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        arguments = ["--args", json.dumps(args), "--port", str(port), "--folder", folder]
        program = Program(python, "podwright_bench.whisper_serve", arguments, log)
        try:
            yield Platform(port)
        finally:
            program.end()


def measure(size: Size, folder: Path, threads: int) -> dict[str, Any]:
    cache = Cache.from_environment()
    python = inference_venv.folder(cache) / "bin" / "python"
    weights = models.folder(cache) / models.KINDS["whisper"]
    spoken = prompts(cache)
    full = episodes(spoken, size.episodes, folder, most=size.prompts)
    short = short_files(spoken, size.short, folder)
    warm = [joined(spoken[:20], folder / "warm.flac", seed=1)]
    audio_s = sum(file.seconds for file in full)
    say(f"{len(full)} episodes, {audio_s:.0f} s; {len(short)} short files, {sum(file.seconds for file in short):.0f} s")
    rounds = {
        name: Rounds()
        for name in ("batched", "plain", "ours", "short_batched", "short_ours", "auto_batched", "auto_ours")
    }

    def keep(name: str, found: Round) -> Round:
        rounds[name].found.append(found)
        say(f"{name}: {found.seconds:.1f} s, peak {found.peak_rss_mb:.0f} MiB")
        return found

    def raw_rounds(*, plain: bool) -> None:
        with raw_engine(python, weights, threads, log) as raw:
            raw.transcribe("batched", warm)
            keep("batched", raw.transcribe("batched", full))
            keep("short_batched", raw.transcribe("batched", short))
            keep("auto_batched", raw.transcribe("batched", short, None))
            if plain:
                keep("plain", raw.transcribe("plain", full))

    figures: dict[str, Any] = {}
    with (folder / "engines.log").open("wb") as log:
        raw_rounds(plain=True)
        with platform(python, weights, threads, log) as ours:
            ours.transcribe(warm)
            if size.long_hours:
                figures["long_rss_growth_mb"], figures["long_rtfx"] = long_recording(
                    ours, spoken, folder, size.long_hours
                )
            for _ in range(size.rounds):
                keep("ours", ours.transcribe(full, clients=len(full)))
                keep("short_ours", ours.transcribe(short, clients=CLIENTS))
                keep("auto_ours", ours.transcribe(short, None, clients=CLIENTS))
        if size.rounds > 1:
            raw_rounds(plain=False)
    return {
        "size": size.name,
        "audio_s": round(audio_s, 1),
        **{
            key: round(audio_s / rounds[name].seconds, 2)
            for key, name in (("rtfx", "ours"), ("batched_rtfx", "batched"), ("plain_rtfx", "plain"))
        },
        "ratio_to_batched": ratio(rounds["batched"], rounds["ours"]),
        "short_ratio_to_batched": ratio(rounds["short_batched"], rounds["short_ours"]),
        "short_ratio_language_unknown": ratio(rounds["auto_batched"], rounds["auto_ours"]),
        **{
            key: round(error_rate(files, rounds[name].found[-1].texts), 4)
            for key, name, files in (
                ("wer", "ours", full),
                ("batched_wer", "batched", full),
                ("plain_wer", "plain", full),
                ("short_wer", "short_ours", short),
                ("short_batched_wer", "short_batched", short),
            )
        },
        "peak_rss_mb": round(max(each.peak_rss_mb for each in rounds["ours"].found)),
        "batched_peak_rss_mb": round(max(each.peak_rss_mb for each in rounds["batched"].found)),
        **figures,
        "threads": threads,
        "seconds": {name: [round(each.seconds, 1) for each in found.found] for name, found in rounds.items()},
    }


def ratio(theirs: Rounds, ours: Rounds) -> float:
    return round(theirs.seconds / ours.seconds, 3)


def long_recording(ours: Platform, spoken: list[Any], folder: Path, hours: float) -> tuple[float, float]:
    """MiB by which the replica grew between the first tenth of a long recording and its end, and its speed."""
    file = sparse(spoken, folder / "long.flac", hours=hours, share=0.03)
    say(f"a recording of {hours:g} hours, {file.path.stat().st_size / 1e6:.0f} MB")
    began = time.monotonic()
    with Memory(ours.pid) as memory, file.path.open("rb"):
        ours.transcribe([file])
    seconds = time.monotonic() - began
    tenth = max(len(memory.samples) // 10, 1)
    growth = max(memory.samples[tenth:]) - max(memory.samples[:tenth])
    say(f"long: {seconds:.1f} s, {max(memory.samples[:tenth]):.0f} MiB, then {growth:+.0f} MiB")
    return round(growth, 1), round(hours * 3600 / seconds, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path, help="folder for recordings and logs, kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podwright-bench-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures = measure(SIZES[arguments.size], folder, arguments.threads)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
