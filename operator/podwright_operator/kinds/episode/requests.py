"""The request of each stage of an Episode: what it reads, and what it has to wait for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podwright_core.stages import CORRECTED, EPISODE_STAGES, StageName, StageRequest, canonical_json, track_input
from podwright_crds.episode import Clips, CorrectedTranscript, Episode, Media
from podwright_crds.model_endpoint import ModelEndpoint, Task
from podwright_crds.podcast import Podcast
from podwright_crds.resource import LocalRef, Reason
from podwright_operator.engine.plan import Outcome, waiting
from podwright_operator.kinds.endpoints import problem_of, use_of
from podwright_operator.kinds.episode.observed import EpisodeObserved


@dataclass(frozen=True)
class Results:
    """The results of a stage that is done."""

    key: str
    digest: str


@dataclass(frozen=True)
class Ask:
    """A stage's request, as far as it can be told, and why it cannot start yet."""

    request: StageRequest | None
    wait: Outcome | None = None


def stages_of(episode: Episode, podcast: Podcast | None) -> tuple[StageName, ...]:
    """The stages of an episode in order: what must be there for it to be done."""
    return (*EPISODE_STAGES, StageName.CLIPS) if _clips_wanted(episode, podcast) else EPISODE_STAGES


def _clips_wanted(episode: Episode, podcast: Podcast | None) -> Clips | None:
    return episode.spec.clips or (podcast.spec.episode_defaults.clips if podcast else None)


def ask(stage: StageName, episode: Episode, observed: EpisodeObserved, done: Mapping[StageName, Results]) -> Ask:
    """The request of ``stage``, whose earlier stages are ``done``."""
    podcast = observed.podcast
    if podcast is None:
        name = episode.spec.podcast_ref.name
        message = f"Waiting for Podcast {name}, which does not exist in this namespace."
        return Ask(None, waiting(Reason.PODCAST_NOT_FOUND, message))
    match stage:
        case StageName.INGEST | StageName.CLIPS:
            return Ask(_ingest(episode, podcast) if stage is StageName.INGEST else _clips(episode, podcast, done))
        case StageName.TRANSCRIBE if episode.spec.transcription.corrected is not None:
            return Ask(_corrected(episode.spec.transcription.corrected, _transcribe(episode, podcast, done)))
        case StageName.TRANSCRIBE:
            return _with_endpoint(_transcribe(episode, podcast, done), Task.TRANSCRIPTION, episode, observed)
        case StageName.ANALYZE:
            return _with_endpoint(_analyze(episode, podcast, done), Task.GENERATION, episode, observed)
        case _:
            return _with_endpoint(_write(episode, podcast, observed, done), Task.GENERATION, episode, observed)


def _ingest(episode: Episode, podcast: Podcast) -> StageRequest:
    media = episode.spec.media
    wanted = sorted(found.value for found in podcast.spec.audio.formats)
    formats = {"formats": wanted} if wanted else {}
    identity = hashlib.sha256(canonical_json([media.url, media.sha256, media.revision])).hexdigest()
    request = StageRequest(
        stage=StageName.INGEST,
        namespace=episode.metadata.namespace,
        episode=episode.metadata.name,
        inputs={"media": media.url},
        input_digests={"media": identity},
        params={"sha256": media.sha256, **formats},
    )
    return _with_tracks(request, media) if media.tracks else request


def _with_tracks(request: StageRequest, media: Media) -> StageRequest:
    """A file of a track's own is an input; a side of the recording is a parameter."""
    files = {track_input(number): track.url for number, track in enumerate(media.tracks) if track.url}
    identities = {
        name: hashlib.sha256(canonical_json([url, media.revision])).hexdigest() for name, url in files.items()
    }
    tracks = [{"speaker": track.speaker, "channel": track.channel} for track in media.tracks]
    return request.model_copy(
        update={
            "inputs": {**request.inputs, **files},
            "input_digests": {**request.input_digests, **identities},
            "params": {**request.params, "tracks": tracks},
        }
    )


def _transcribe(episode: Episode, podcast: Podcast, done: Mapping[StageName, Results]) -> StageRequest:
    spoken = episode.spec.transcription.language or podcast.spec.language
    params: dict[str, Any] = {
        "language": spoken.split("-", maxsplit=1)[0].lower(),
        "glossary": list(podcast.spec.glossary),
    }
    return _request(StageName.TRANSCRIBE, episode, done, (StageName.INGEST,), params)


def _corrected(transcript: CorrectedTranscript, request: StageRequest) -> StageRequest:
    """No model is asked; the hints for one do not count for the key."""
    identity = hashlib.sha256(canonical_json([transcript.url, transcript.revision])).hexdigest()
    return request.model_copy(
        update={
            "inputs": {**request.inputs, CORRECTED: transcript.url},
            "input_digests": {**request.input_digests, CORRECTED: identity},
            "params": {"language": request.params["language"]},
        }
    )


def _analyze(episode: Episode, podcast: Podcast, done: Mapping[StageName, Results]) -> StageRequest:
    params = {"language": episode.spec.writing.language, **_budget(episode, podcast)}
    return _request(StageName.ANALYZE, episode, done, (StageName.TRANSCRIBE,), params)


def _budget(episode: Episode, podcast: Podcast) -> dict[str, Any]:
    """A parameter where there is a budget; without one, keys are what they were before there were any."""
    budget = episode.spec.writing.budget or podcast.spec.episode_defaults.writing_budget
    found = budget.to_wire() if budget is not None else {}
    return {"budget": found} if found else {}


def _write(
    episode: Episode, podcast: Podcast, observed: EpisodeObserved, done: Mapping[StageName, Results]
) -> StageRequest:
    voice = podcast.spec.voice
    params: dict[str, Any] = {
        "title": episode.spec.title,
        "show": podcast.spec.title,
        "people": list(episode.spec.people),
        "link": episode.spec.link,
        "language": episode.spec.writing.language,
        "voice": {"rules": list(voice.rules), "examples": list(voice.examples)},
        "targets": [target.model_dump(mode="json", by_alias=True) for target in observed.targets],
        "file": _file(episode, podcast),
        **_budget(episode, podcast),
    }
    # Without one the key is what it was before there were any.
    if episode.spec.writing.remark is not None:
        params["remark"] = episode.spec.writing.remark
    return _request(StageName.WRITE, episode, done, (StageName.INGEST, StageName.TRANSCRIBE, StageName.ANALYZE), params)


def _clips(episode: Episode, podcast: Podcast, done: Mapping[StageName, Results]) -> StageRequest:
    wanted = _clips_wanted(episode, podcast) or Clips()
    params = {
        "title": episode.spec.title,
        "most": wanted.most,
        "shapes": sorted(shape.value for shape in wanted.shapes),
    }
    return _request(StageName.CLIPS, episode, done, (StageName.INGEST, StageName.TRANSCRIBE, StageName.ANALYZE), params)


def _file(episode: Episode, podcast: Podcast) -> dict[str, Any]:
    """What the published file says of itself. No date: another time of publication is no reason to write anew."""
    return {
        "artist": podcast.spec.author or podcast.spec.owner.name,
        "number": episode.spec.episode_number,
        "artwork": podcast.spec.artwork,
    }


def _request(
    stage: StageName,
    episode: Episode,
    done: Mapping[StageName, Results],
    inputs: tuple[StageName, ...],
    params: dict[str, Any],
) -> StageRequest:
    return StageRequest(
        stage=stage,
        namespace=episode.metadata.namespace,
        episode=episode.metadata.name,
        inputs={name.value: done[name].key for name in inputs},
        input_digests={name.value: done[name].digest for name in inputs},
        params=params,
    )


def _with_endpoint(request: StageRequest, task: Task, episode: Episode, observed: EpisodeObserved) -> Ask:
    """The request with its endpoint. The key can be told before the endpoint is ready, so that what is done stays."""
    reference = _endpoint_reference(task, episode, observed.podcast)
    if reference is None:
        field = "transcriptionEndpointRef" if task is Task.TRANSCRIPTION else "writingEndpointRef"
        message = (
            f"No ModelEndpoint for {task.value}: set spec.episodeDefaults.{field} of Podcast "
            f"{episode.spec.podcast_ref.name}, or an endpointRef of this Episode."
        )
        return Ask(None, waiting(Reason.ENDPOINT_NOT_FOUND, message))
    endpoint: ModelEndpoint | None = observed.endpoints.get(reference.name)
    problem = problem_of(reference.name, endpoint, task)
    use = use_of(endpoint) if endpoint is not None and endpoint.spec.task is task else None
    if use is None:
        starting = waiting(Reason.ENDPOINT_NOT_READY, f"Waiting for ModelEndpoint {reference.name} to start.")
        return Ask(None, problem or starting)
    return Ask(request.model_copy(update={"endpoint": use}), problem)


def _endpoint_reference(task: Task, episode: Episode, podcast: Podcast | None) -> LocalRef | None:
    own = episode.spec.transcription if task is Task.TRANSCRIPTION else episode.spec.writing
    if own.endpoint_ref is not None or podcast is None:
        return own.endpoint_ref
    defaults = podcast.spec.episode_defaults
    return defaults.transcription_endpoint_ref if task is Task.TRANSCRIPTION else defaults.writing_endpoint_ref
