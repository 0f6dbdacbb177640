"""What an Episode's status tells about its results."""

from collections.abc import Iterable, Sequence

from podwright_core.stages import StageName, StageResult, results_prefix
from podwright_crds.episode import Artifacts, Episode, EpisodeStatus, MediaFacts, StageStatus, TextChecks

#: Field of the status to the stage and file that it names.
_FILES = {
    "transcript_json": (StageName.TRANSCRIBE, "transcript.json"),
    "transcript_vtt": (StageName.TRANSCRIBE, "transcript.vtt"),
    "transcript_srt": (StageName.TRANSCRIBE, "transcript.srt"),
    "transcript_txt": (StageName.TRANSCRIBE, "transcript.txt"),
    "analysis": (StageName.ANALYZE, "analysis.json"),
    "chapters": (StageName.ANALYZE, "chapters.json"),
    "texts": (StageName.WRITE, "texts.json"),
    "clips": (StageName.CLIPS, "clips.json"),
}
_SUMMARY_LIMIT = 1000


def status_facts(
    episode: Episode, stages: Sequence[StageStatus], results: Iterable[StageResult], bucket: str | None
) -> EpisodeStatus:
    """The status with what the new results tell; facts of results that are not there any more give way."""
    update: dict[str, object] = {"artifacts": _artifacts(episode, stages, bucket)}
    for result in results:
        facts = result.facts
        match result.stage:
            case StageName.INGEST:
                update["media"] = MediaFacts.model_validate(facts)
            case StageName.TRANSCRIBE:
                update["language"] = facts.get("language")
            case StageName.ANALYZE:
                summary = facts.get("summary")
                update["summary"] = str(summary)[:_SUMMARY_LIMIT] if summary else None
            case StageName.WRITE:
                update["checks"] = TextChecks.model_validate(facts)
                media = update.get("media", episode.status.media)
                if isinstance(media, MediaFacts) and facts.get("url"):
                    tagged = {"url": facts["url"], "size_bytes": facts.get("sizeBytes")}
                    update["media"] = media.model_copy(update=tagged)
            case _:
                pass
    return episode.status.model_copy(update=update)


def _artifacts(episode: Episode, stages: Sequence[StageStatus], bucket: str | None) -> Artifacts | None:
    """Addresses of the results that are there: a stage with a digest has some."""
    if bucket is None:
        return episode.status.artifacts
    keys = {stage.name: stage.key for stage in stages if stage.key and stage.digest}
    namespace = episode.metadata.namespace
    found = {
        field: f"s3://{bucket}/{results_prefix(namespace, stage, key)}/{path}"
        for field, (stage, path) in _FILES.items()
        if (key := keys.get(stage.value))
    }
    return Artifacts(**found) if found else None
