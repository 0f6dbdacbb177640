import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import jiwer
import podcastparser
import pytest
from text_to_num import alpha2digit

from podwright_core.claims import sources, unsupported
from podwright_core.quotes import contains, quoted
from podwright_core.stages import Manifest, PostTarget, StageName, StageResult, results_prefix
from podwright_core.tokens import norms
from podwright_core.transcript import Transcript
from podwright_local.paths import REPOSITORY
from podwright_pipeline.engines_local import LocalEngines
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import FolderStore, Storage
from tests.integration.pipeline.requests import NAMESPACE, NoEngines, after, ingest

TITLE, SHOW, LINK = "A tour of the Asterisk demonstration", "Open Source Voices", "https://voices.example/asterisk"
TARGETS = [
    PostTarget(channel="hook", type="webhook", max_characters=2000),
    PostTarget(channel="short", type="webhook", max_characters=140),
]


class Episode:
    """An episode of the sample, through all stages with the real engines."""

    def __init__(self, storage: Storage, results: dict[StageName, StageResult]) -> None:
        self.storage = storage
        self.results = results

    def read(self, stage: StageName, path: str) -> Any:
        data = self.storage.private.read(f"{results_prefix(NAMESPACE, stage, self.results[stage].key)}/{path}")
        assert data is not None
        return json.loads(data) if path.endswith(".json") else data.decode()

    @property
    def transcript(self) -> Transcript:
        return Transcript.model_validate(self.read(StageName.TRANSCRIBE, "transcript.json"))


def run_all(storage: Storage, engines: Any, media: Path, *, title: str = TITLE) -> dict[StageName, StageResult]:
    runner = Runner(storage=storage, engines=engines, on_progress=lambda _: None, local_files=True)
    heard = runner.run(ingest((media / "speech.mp3").as_uri()))
    said = runner.run(after(StageName.TRANSCRIBE, heard, language="en", glossary=["Asterisk", "Digium"]))
    understood = runner.run(after(StageName.ANALYZE, said, language=None))
    written = runner.run(
        after(
            StageName.WRITE,
            said,
            understood,
            title=title,
            show=SHOW,
            people=["Allison Smith"],
            link=LINK,
            language=None,
            voice={"rules": ["We are friendly."], "examples": []},
            targets=[target.model_dump(by_alias=True) for target in TARGETS],
        )
    )
    results = (heard, said, understood, written)
    assert [result.outcome for result in results] == ["done"] * 4, [result.message for result in results]
    return {result.stage: result for result in results}


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory, engines: LocalEngines, media: Path) -> Episode:
    folder = tmp_path_factory.mktemp("episode")
    storage = Storage(FolderStore(folder / "private"), FolderStore(folder / "public"), "https://pods.example")
    return Episode(storage, run_all(storage, engines, media))


def comparable(text: str) -> str:
    return " ".join(norms(alpha2digit(text, "en").replace("-", " ")))


def test_the_transcript_is_right(episode: Episode) -> None:
    reference = (REPOSITORY / "k8s" / "samples" / "media" / "speech.txt").read_text()
    error = jiwer.wer(comparable(reference), comparable(episode.transcript.text))
    assert error < 0.04
    assert episode.results[StageName.TRANSCRIBE].facts["language"] == "en"


def test_words_have_times_in_order(episode: Episode) -> None:
    pieces = episode.transcript.pieces
    assert len(pieces) == episode.results[StageName.TRANSCRIBE].facts["words"] > 300
    assert all(0 <= piece.start <= piece.end <= episode.transcript.duration for piece in pieces)
    assert [piece.start for piece in pieces] == sorted(piece.start for piece in pieces)


def test_chapters_and_quotes_are_of_the_transcript(episode: Episode) -> None:
    analysis = episode.read(StageName.ANALYZE, "analysis.json")
    chapters = analysis["chapters"]
    assert chapters[0]["start"] == 0
    assert len(chapters) >= 2
    assert all(chapter["title"] for chapter in chapters)
    assert len(analysis["quotes"]) >= 2
    for quote in analysis["quotes"]:
        assert quote["text"] in episode.transcript.text
        assert contains(episode.transcript.between(quote["start"] - 20, quote["end"] + 1), quote["text"])
    assert analysis["summary"]
    assert episode.results[StageName.ANALYZE].facts["summary"]


def test_posts_fit_quote_and_claim_nothing_else(episode: Episode) -> None:
    texts = episode.read(StageName.WRITE, "texts.json")
    known = sources("en", [episode.transcript.text, TITLE, SHOW, LINK, "Allison Smith"])
    for target in TARGETS:
        post = texts["posts"][target.channel]
        assert 20 <= len(post["text"]) <= target.max_characters
        quotes = quoted(post["text"])
        assert quotes == [post["quote"]["text"]]
        assert contains(episode.transcript.text, quotes[0])
        assert unsupported(post["text"], known) == []
    assert unsupported(texts["title"], known) == []
    # The chapters' times in the notes are no claims.
    notes = re.sub(r"(?m)^\d[\d:]* |\(\d[\d:]*\)", "", texts["notes"])
    assert unsupported(notes, known) == []
    facts = episode.results[StageName.WRITE].facts
    assert facts["checked"] >= facts["repaired"] + facts["replaced"]
    assert facts["checked"] > 0


def test_finished_stages_are_not_computed_again(episode: Episode, media: Path) -> None:
    again = run_all(episode.storage, NoEngines(), media)
    assert {stage: result.digest for stage, result in again.items()} == {
        stage: result.digest for stage, result in episode.results.items()
    }
    assert all(result.cached for result in again.values())


def test_another_title_reruns_writing_alone(episode: Episode, media: Path, engines: LocalEngines) -> None:
    again = run_all(episode.storage, engines, media, title="Asterisk, heard at last")
    assert {stage: result.cached for stage, result in again.items()} == {
        StageName.INGEST: True,
        StageName.TRANSCRIBE: True,
        StageName.ANALYZE: True,
        StageName.WRITE: False,
    }


def test_the_manifest_lists_what_is_there(episode: Episode) -> None:
    for stage, result in episode.results.items():
        prefix = results_prefix(NAMESPACE, stage, result.key)
        manifest = Manifest.model_validate(episode.read(stage, "manifest.json"))
        listed = {f"{prefix}/{file.path}" for file in manifest.files} | {f"{prefix}/manifest.json"}
        assert set(episode.storage.private.paths(prefix)) == listed


def feed_params(episode: Episode, **podcast: Any) -> dict[str, Any]:
    return {
        "name": "voices",
        "podcast": {
            "title": SHOW,
            "description": "Voices & phones",
            "language": "en",
            "owner": {"name": "Anna", "email": "anna@voices.example"},
            "categories": ["Technology"],
            "guid": None,
            "feed": {"enabled": True},
        }
        | podcast,
        "items": [
            {
                "name": "tour",
                "guid": "11111111-2222-3333-4444-555555555555",
                "title": TITLE,
                "notes": "",
                "publishedAt": "2026-11-20T09:00:00Z",
                "season": None,
                "episode": 3,
                "type": "full",
                "explicit": False,
                "link": LINK,
                "inputs": {stage.value: result.key for stage, result in episode.results.items()},
            }
        ],
    }


def test_the_feed_has_the_episode_with_transcript_and_chapters(episode: Episode) -> None:
    runner = Runner(storage=episode.storage, engines=NoEngines(), on_progress=lambda _: None)
    result = runner.run(after(StageName.FEED, **feed_params(episode)))
    assert result.outcome == "done", result.message
    assert result.facts["url"] == "https://pods.example/demo/feeds/voices/feed.xml"
    xml = episode.storage.public.read("demo/feeds/voices/feed.xml")
    assert xml is not None
    (entry,) = podcastparser.parse(result.facts["url"], BytesIO(xml))["episodes"]
    assert entry["total_time"] == 150
    addresses = [entry["enclosures"][0]["url"], *re.findall(r'(?:transcript|chapters) url="([^"]+)"', xml.decode())]
    assert len(addresses) == 5
    for address in addresses:
        assert episode.storage.public.size(address.removeprefix("https://pods.example/"))


def test_a_feed_that_was_overwritten_is_put_back(episode: Episode) -> None:
    """Back to an earlier description: the stored result is the right one, the public file is not."""
    runner = Runner(storage=episode.storage, engines=NoEngines(), on_progress=lambda _: None)
    first = runner.run(after(StageName.FEED, **feed_params(episode)))
    before = episode.storage.public.read("demo/feeds/voices/feed.xml")
    other = runner.run(after(StageName.FEED, **feed_params(episode, title="Other")))
    assert episode.storage.public.read("demo/feeds/voices/feed.xml") != before
    again = runner.run(after(StageName.FEED, **feed_params(episode)))
    assert (again.cached, other.cached, again.digest) == (True, False, first.digest)
    assert episode.storage.public.read("demo/feeds/voices/feed.xml") == before


def test_lost_media_is_made_again(episode: Episode, media: Path) -> None:
    request = ingest((media / "speech.mp3").as_uri())
    path = episode.results[StageName.INGEST].facts["url"].removeprefix("https://pods.example/")
    episode.storage.public.delete(path)
    result = Runner(episode.storage, NoEngines(), lambda _: None, local_files=True).run(request)
    assert (result.cached, result.digest) == (False, episode.results[StageName.INGEST].digest)
    assert episode.storage.public.size(path)


def test_sound_without_speech_is_rejected(storage: Storage, engines: LocalEngines, media: Path) -> None:
    runner = Runner(storage=storage, engines=engines, on_progress=lambda _: None, local_files=True)
    tone = runner.run(ingest((media / "tone.wav").as_uri()))
    result = runner.run(after(StageName.TRANSCRIBE, tone, language="en", glossary=[]))
    assert result.outcome == "rejected"
    assert "no speech was found" in (result.message or "")


def test_a_lost_input_is_tried_again_later(storage: Storage) -> None:
    nothing = StageResult(stage=StageName.INGEST, key="0" * 64, outcome="done", digest="0")
    result = Runner(replace(storage), NoEngines(), lambda _: None).run(after(StageName.TRANSCRIBE, nothing))
    assert (result.outcome, "not in the storage" in (result.message or "")) == ("failed", True)
