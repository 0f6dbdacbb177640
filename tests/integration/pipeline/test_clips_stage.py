"""Clips as results of a stage: public by their digests, named in one document, and not made twice."""

import json
from pathlib import Path
from typing import Any

import av

from podwright_core.stages import StageName, StageRequest, StageResult, results_prefix
from podwright_core.texts import Analysis, SpokenQuote
from podwright_core.transcript import Segment, Transcript
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import Storage
from tests.integration.pipeline.requests import NoEngines, ingest

#: The recording says something else, and for longer; the shorter a video the cheaper the test.
TRANSCRIPT = Transcript(
    language="en",
    duration=5,
    segments=(Segment(text="It's here.", start=0.5, end=1.5), Segment(text="And there.", start=2, end=3)),
)
ANALYSIS = Analysis(
    language="en",
    summary="It's here. And there.",
    quotes=(SpokenQuote(text="It's here.", start=0.5, end=1.5), SpokenQuote(text="And there.", start=2, end=3)),
)


def clips(storage: Storage, heard: StageResult, **params: Any) -> StageRequest:
    """A request for clips; what comes before it is put where its stages would have left it."""
    for stage, name, document in (
        (StageName.TRANSCRIBE, "transcript.json", TRANSCRIPT),
        (StageName.ANALYZE, "analysis.json", ANALYSIS),
    ):
        place = f"{results_prefix('demo', stage, 'given')}/{name}"
        storage.private.write(place, document.model_dump_json().encode(), "application/json")
    return StageRequest(
        stage=StageName.CLIPS,
        namespace="demo",
        inputs={"ingest": heard.key, "transcribe": "given", "analyze": "given"},
        input_digests={"ingest": heard.digest or "", "transcribe": "t", "analyze": "a"},
        params={"title": "Here and there", **params},
    )


def test_each_quote_gets_its_sound_and_its_videos(storage: Storage, media: Path) -> None:
    told: list[str] = []
    runner = Runner(storage, NoEngines(), lambda line: told.append(line.message), local_files=True)
    heard = runner.run(ingest((media / "clip.mp3").as_uri()))
    request = clips(storage, heard, most=1, shapes=["1x1"])
    done = runner.run(request)
    assert (done.outcome, done.facts) == ("done", {"clips": 1, "leftOut": 0}), done.message
    document = json.loads(
        storage.private.read(f"{results_prefix('demo', StageName.CLIPS, request.key)}/clips.json") or b""
    )
    (clip,) = document["clips"]
    assert (clip["quote"], clip["start"], clip["end"]) == ("It's here.", 0.25, 3.25)
    sound, video = clip["files"]
    assert [(each["shape"], each["type"]) for each in clip["files"]] == [(None, "audio/mpeg"), ("1x1", "video/mp4")]
    for each in (sound, video):
        key = each["url"].removeprefix(f"{storage.public_url}/")
        assert key.startswith("demo/clips/")
        assert storage.public.size(key) == each["size"]
    assert "making clips: 1 of 2" in told
    assert runner.run(request).cached


def test_a_public_clip_is_what_it_says(storage: Storage, media: Path, tmp_path: Path) -> None:
    runner = Runner(storage, NoEngines(), lambda _: None, local_files=True)
    heard = runner.run(ingest((media / "clip.mp3").as_uri()))
    request = clips(storage, heard, most=6)
    done = runner.run(request)
    assert done.facts == {"clips": 2, "leftOut": 0}
    document = json.loads(
        storage.private.read(f"{results_prefix('demo', StageName.CLIPS, request.key)}/clips.json") or b""
    )
    (sound,) = document["clips"][1]["files"]
    target = tmp_path / "clip.mp3"
    assert storage.public.download(sound["url"].removeprefix(f"{storage.public_url}/"), target)
    with av.open(str(target)) as container:
        assert container.duration is not None
        assert abs(container.duration / av.time_base - 3.0) < 0.2
