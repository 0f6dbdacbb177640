"""Results of episodes as their stages leave them, and the feed requests that name them."""

import json
from typing import Any

from podwright_core.chapters import Chapter, chapters_document
from podwright_core.stages import StageName, StageRequest, results_prefix
from podwright_core.texts import Analysis, SpokenQuote
from podwright_core.transcript import Segment, Transcript
from podwright_pipeline.store import Storage
from tests.integration.pipeline.requests import NAMESPACE

SENTENCES = [f"Sentence {word} is about sourdough and its rise." for word in ("one", "two", "three", "four", "five")]


def store_episode(storage: Storage, name: str) -> dict[str, str]:
    """An episode's results and its published audio; the key of each stage."""
    keys = {stage.value: f"{name}-{stage.value}" for stage in StageName if stage is not StageName.FEED}
    media = f"{NAMESPACE}/media/{name}.mp3"
    audio = b"ID3" + name.encode() * 50
    segments = tuple(Segment(text=text, start=6.0 * at, end=6.0 * at + 5) for at, text in enumerate(SENTENCES))
    transcript = Transcript(language="en", duration=31.0, segments=segments)
    quote = SpokenQuote(text=SENTENCES[2], start=12.0, end=17.0)
    chapters = (Chapter(start=0, end=31.0, title=f"Chapter of {name}"),)
    analysis = Analysis(language="en", summary="Bread.", chapters=chapters, quotes=(quote,))
    probe = {"seconds": 31.0, "published": {"key": media, "size": len(audio), "type": "audio/mpeg"}}

    def put(stage: StageName, path: str, content: str) -> None:
        prefix = results_prefix(NAMESPACE, stage, keys[stage.value])
        storage.private.write(f"{prefix}/{path}", content.encode(), "application/json")

    storage.public.write(media, audio, "audio/mpeg")
    put(StageName.INGEST, "probe.json", json.dumps(probe))
    put(StageName.TRANSCRIBE, "transcript.json", transcript.model_dump_json())
    put(StageName.TRANSCRIBE, "transcript.vtt", f"WEBVTT\n\n{name}\n")
    put(StageName.TRANSCRIBE, "transcript.srt", f"1\n\n{name}\n")
    put(StageName.ANALYZE, "analysis.json", analysis.model_dump_json())
    put(StageName.ANALYZE, "chapters.json", json.dumps(chapters_document(list(chapters))))
    put(StageName.WRITE, "texts.json", json.dumps({"notes": f"Written notes of {name}."}))
    return keys


def item(name: str, keys: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "guid": f"guid-of-{name}",
        "title": f"About {name}",
        "publishedAt": "2026-11-20T09:00:00Z",
        "people": ["Ada"],
        "inputs": keys,
    } | changes


def feed_request(items: list[dict[str, Any]], feed: dict[str, Any] | None = None, **podcast: Any) -> StageRequest:
    show = {
        "title": "Kitchen Table",
        "description": "Bread & more",
        "owner": {"name": "Ada", "email": "ada@table.example"},
        "feed": feed or {},
    } | podcast
    return StageRequest(
        stage=StageName.FEED, namespace=NAMESPACE, params={"name": "bread", "podcast": show, "items": items}
    )
