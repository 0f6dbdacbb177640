"""All stages of one episode over a folder: what ``podwright run`` does."""

import json
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from podwright_core.channel_limits import TEXT_RULES
from podwright_core.egress import ANYWHERE
from podwright_core.soundbites import stretch_around
from podwright_core.stages import (
    EndpointUse,
    PostTarget,
    StageName,
    StageProgress,
    StageRequest,
    StageResult,
    results_prefix,
)
from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_pipeline.clips import Shape, audio_clip, video_clip
from podwright_pipeline.engines import Engines, Transcriber
from podwright_pipeline.engines_http import HttpEngines
from podwright_pipeline.engines_local import LocalEngines, model_revision, speech_model, text_model
from podwright_pipeline.errors import RejectedError, StageError
from podwright_pipeline.fetch import Limits, sha256_of
from podwright_pipeline.runner import Runner
from podwright_pipeline.stages.write import AUDIO
from podwright_pipeline.store import FolderStore, Storage
from podwright_writing.writer import Writer

NAMESPACE = "local"
#: Below the output folder: the store, with results by their keys.
STORE = ".podwright"
#: Quotes that clips are made of.
CLIPS = 3
_POST = re.compile(r"(?P<name>[^:]+)(:(?P<limit>[1-9][0-9]{0,8}))?")
_DOING = {
    StageName.INGEST: "listen",
    StageName.TRANSCRIBE: "transcribe",
    StageName.ANALYZE: "analyse",
    StageName.WRITE: "write",
}


@dataclass(frozen=True)
class RunOptions:
    """What is to be done with which recording."""

    media: str
    out: Path
    title: str | None = None
    show: str | None = None
    people: tuple[str, ...] = ()
    link: str | None = None
    #: File or address of a JPEG or PNG.
    cover: str | None = None
    language: str = "auto"
    texts_language: str | None = None
    glossary: tuple[str, ...] = ()
    posts: tuple[PostTarget, ...] = ()
    #: Shapes of the videos to make of the quotes; with the sound alone where there are any.
    clips: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Models:
    """Which models do it: in this process, or behind an API where a URL is given."""

    speech: str
    text: str
    speech_url: str | None = None
    text_url: str | None = None
    api_key: str = "none"


@dataclass(frozen=True)
class Outcome:
    title: str
    notes: str
    posts: dict[str, str]
    files: list[Path]
    results: list[StageResult] = field(default_factory=list)


class ChosenEngines:
    """Each model from where it is: a request's endpoint, or this process where the endpoint has no address."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._http = HttpEngines(models.api_key)
        self._local: LocalEngines | None = None
        self.speech = self._use(models.speech, models.speech_url, local=speech_model)
        self.text = self._use(models.text, models.text_url, local=text_model)

    @staticmethod
    def _use(model: str, url: str | None, *, local: Any) -> EndpointUse:
        if url:
            return EndpointUse(url=url, model_id=model, model_revision=f"{url} {model}")
        path: Path = local(model)
        return EndpointUse(url="", model_id=str(path), model_revision=model_revision(path))

    def _engines(self, endpoint: EndpointUse | None) -> Engines:
        if endpoint is not None and endpoint.url:
            return self._http
        if self._local is None:
            self._local = LocalEngines(Path(self.speech.model_id), Path(self.text.model_id))
        return self._local

    def transcriber(self, endpoint: EndpointUse | None) -> Transcriber:
        return self._engines(endpoint).transcriber(endpoint)

    def writer(self, endpoint: EndpointUse | None) -> Writer:
        return self._engines(endpoint).writer(endpoint)


class LocalRun:
    """One episode, from the recording to the files in the output folder."""

    def __init__(self, options: RunOptions, models: Models, console: Console) -> None:
        self._options = options
        self._models = models
        self._console = console
        root = options.out / STORE
        self._storage = Storage(
            private=FolderStore(root / "private"),
            public=FolderStore(root / "public"),
            public_url=(root / "public").resolve().as_uri(),
        )

    def run(self) -> Outcome:
        """Raises ``StageError`` with the reason where a stage did not get through."""
        url, digest = _located(self._options.media)
        cover = _located(self._options.cover) if self._options.cover else None
        with self._progress() as progress:
            engines = ChosenEngines(self._models)
            stages = _Stages(self._storage, engines, progress)
            ingest = stages.run(
                StageRequest(
                    stage=StageName.INGEST,
                    namespace=NAMESPACE,
                    inputs={"media": url},
                    input_digests={"media": digest},
                    params={"sha256": None},
                )
            )
            transcribe = stages.run(
                _after(
                    [ingest],
                    StageName.TRANSCRIBE,
                    {"language": self._options.language, "glossary": list(self._options.glossary)},
                    engines.speech,
                )
            )
            analyze = stages.run(
                _after([transcribe], StageName.ANALYZE, {"language": self._options.texts_language}, engines.text)
            )
            request = _after([ingest, transcribe, analyze], StageName.WRITE, self._params(), engines.text)
            write = stages.run(_with_cover(request, *cover) if cover else request)
        return self._outcome([ingest, transcribe, analyze, write])

    def _params(self) -> dict[str, Any]:
        options = self._options
        return {
            "title": options.title or _title_of(options.media),
            "show": options.show,
            "people": list(options.people),
            "link": options.link,
            "language": options.texts_language,
            "targets": [target.model_dump(by_alias=False) for target in options.posts],
        }

    def _progress(self) -> Progress:
        return Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.fields[stage]:<10}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", style="dim"),
            console=self._console,
        )

    def _outcome(self, results: list[StageResult]) -> Outcome:
        """Copies the results to where a person looks for them."""
        out = self._options.out
        folders = {
            result.stage: out / STORE / "private" / results_prefix(NAMESPACE, result.stage, result.key)
            for result in results
        }
        files: list[Path] = []

        def put(source: Path, name: str) -> None:
            shutil.copyfile(source, out / name)
            files.append(out / name)

        for name in ("transcript.txt", "transcript.vtt", "transcript.srt", "transcript.json"):
            put(folders[StageName.TRANSCRIBE] / name, name)
        for name in ("analysis.json", "chapters.json"):
            put(folders[StageName.ANALYZE] / name, name)
        put(folders[StageName.WRITE] / "texts.json", "texts.json")
        published = json.loads((folders[StageName.WRITE] / AUDIO).read_text("utf-8"))
        put(out / STORE / "public" / published["key"], "episode.mp3")
        texts = json.loads((out / "texts.json").read_text("utf-8"))
        files += self._clips(out)
        (out / "notes.txt").write_text(texts["notes"] + "\n", "utf-8")
        files.append(out / "notes.txt")
        posts = {channel: post["text"] for channel, post in texts["posts"].items()}
        return Outcome(title=texts["title"], notes=texts["notes"], posts=posts, files=files, results=results)

    def _clips(self, out: Path) -> list[Path]:
        """The best quotes to hear, and to see in each shape that is wanted."""
        if not self._options.clips:
            return []
        transcript = Transcript.model_validate_json((out / "transcript.json").read_text("utf-8"))
        analysis = Analysis.model_validate_json((out / "analysis.json").read_text("utf-8"))
        folder = out / "clips"
        folder.mkdir(exist_ok=True)
        title = self._options.title or _title_of(self._options.media)
        made = []
        for number, quote in enumerate(analysis.quotes[:CLIPS], start=1):
            stretch = stretch_around(transcript.sentences, quote.start, quote.end, transcript.duration)
            sound = folder / f"{number}.mp3"
            audio_clip(out / "episode.mp3", sound, stretch)
            made.append(sound)
            for shape in self._options.clips:
                self._console.print(f"clip {number} of {min(len(analysis.quotes), CLIPS)}, {shape.value}", style="dim")
                video = folder / f"{number}-{shape.value}.mp4"
                video_clip(out / "episode.mp3", video, stretch, transcript, title=title, shape=shape)
                made.append(video)
        return made


class _Stages:
    """Runs requests one after the other, each with its line of progress."""

    def __init__(self, storage: Storage, engines: Engines, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._runner = Runner(
            storage=storage,
            engines=engines,
            on_progress=self._show,
            limits=Limits(egress=ANYWHERE),
            local_files=True,
        )

    def _show(self, progress: StageProgress) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=progress.progress, description=escape(progress.message))

    def run(self, request: StageRequest) -> StageResult:
        started = time.monotonic()
        self._task = self._progress.add_task("", total=100, stage=_DOING[request.stage])
        result = self._runner.run(request)
        if result.outcome != "done":
            self._progress.update(self._task, description="[red]failed")
            self._progress.stop()
            raise (RejectedError if result.outcome == "rejected" else StageError)(result.message or "it failed")
        seconds = time.monotonic() - started
        said = "there already" if result.cached else f"done in {seconds:.1f} s"
        self._progress.update(self._task, completed=100, description=said)
        return result


def _after(
    earlier: Sequence[StageResult], stage: StageName, params: dict[str, Any], endpoint: EndpointUse
) -> StageRequest:
    """The request of a stage that reads the results of earlier ones."""
    return StageRequest(
        stage=stage,
        namespace=NAMESPACE,
        inputs={result.stage.value: result.key for result in earlier},
        input_digests={result.stage.value: result.digest or "" for result in earlier},
        params=params,
        endpoint=endpoint,
    )


def _with_cover(request: StageRequest, address: str, digest: str) -> StageRequest:
    return request.model_copy(
        update={
            "params": {**request.params, "file": {"artwork": address}},
            "input_digests": {**request.input_digests, "cover": digest},
        }
    )


def _located(source: str) -> tuple[str, str]:
    """Address and digest of what a person gave; a file's digest is that of its content."""
    if source.lower().startswith(("http://", "https://")):
        return source, source
    path = Path(source)
    if not path.is_file():
        raise RejectedError(f"{source} is neither a file nor an http(s):// address.")
    return path.resolve().as_uri(), sha256_of(path)


def _title_of(media: str) -> str:
    return Path(urlsplit(media).path).stem.replace("-", " ").replace("_", " ").strip().capitalize() or "Episode"


def post_targets(posts: Sequence[str]) -> tuple[PostTarget, ...]:
    """``NAME[:LIMIT]`` as targets; where none is wanted, a long and a short post. Raises ``ValueError``."""
    targets = []
    for post in posts or ("post", "short:280"):
        found = _POST.fullmatch(post)
        if found is None:
            raise ValueError(f"{post}: write NAME or NAME:LIMIT, a number of characters from 1 on, as in short:280.")
        longest = int(found["limit"] or TEXT_RULES["webhook"].max_characters)
        targets.append(PostTarget(channel=found["name"], type="webhook", max_characters=longest))
    return tuple(targets)
