"""What requests and answers consist of; specs and statuses are those of the resources."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from podwright_api.envelope import Answer, Items, Wire
from podwright_crds.episode import EpisodeSpec, EpisodeStatus
from podwright_crds.podcast import PodcastSpec, PodcastStatus
from podwright_crds.post import PostSpec, PostStatus
from podwright_crds.resource import ObjectName

JsonObject = dict[str, Any]

#: One PUT carries no more (S3).
UPLOAD_MAX_BYTES = 5 * 1024**3

LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", max_length=317
    ),
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)]


class View(Wire):
    """A resource as the facade shows it."""

    id: str = Field(description="Name of the resource; unique for its kind in the namespace.")
    created_at: datetime = Field(description="When it was created (RFC 3339).")
    labels: dict[str, str] = Field(description="Labels, as campaigns select by them.")


class PodcastView(View):
    spec: PodcastSpec = Field(description="What is wanted.")
    status: PodcastStatus = Field(description="How far it is; empty until the operator has seen it.")


class EpisodeView(View):
    spec: EpisodeSpec = Field(description="What is wanted.")
    status: EpisodeStatus = Field(description="How far it is; empty until the operator has seen it.")


class PostView(View):
    spec: PostSpec = Field(description="What is wanted.")
    status: PostStatus = Field(description="How far it is; empty until the operator has seen it.")


class EpisodeCreate(Wire):
    """An episode to create."""

    name: ObjectName | None = Field(
        default=None, description="Name of the resource, the episode's id; by default made from the title."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels for campaigns to select by.", max_length=32
    )
    spec: EpisodeSpec


class UploadCreate(Wire):
    """A file that is going to be uploaded."""

    file_name: str = Field(
        description="Name of the file; other characters than letters, digits, '.', '_' and '-' are replaced.",
        min_length=1,
        max_length=255,
        examples=["talk.mp3"],
    )
    content_type: str = Field(
        default="application/octet-stream",
        description="Media type to send with the file.",
        pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}$",
        examples=["audio/mpeg"],
    )
    size_bytes: int | None = Field(
        default=None, ge=1, le=UPLOAD_MAX_BYTES, description="Size of the file; at most 5 GiB go in one PUT."
    )


class UploadedMedia(Wire):
    url: str = Field(description="Address of the file for an episode's spec.media.url, once it is uploaded.")


class UploadView(Wire):
    """Where to send a file."""

    id: str = Field(description="Id of this upload.")
    method: str = Field(description="HTTP method to send the file with.")
    upload_url: str = Field(description="Address to send the file to; needs no token, so keep it to yourself.")
    headers: dict[str, str] = Field(description="Headers to send with the file.")
    expires_at: datetime = Field(description="Until when the address can be used (RFC 3339).")
    media: UploadedMedia


class ReadyView(Wire):
    ready: bool = Field(
        description="True: the Kubernetes API, the storage and, where there is one, the database answer."
    )


class AliveView(Wire):
    alive: bool


class TranscriptData(Wire):
    """The transcript as the stage left it; ``segments`` and their words carry times in seconds."""

    model_config = Wire.model_config | {"extra": "allow"}


class PodcastAnswer(Answer[PodcastView]):
    pass


class PodcastsAnswer(Answer[Items[PodcastView]]):
    pass


class EpisodeAnswer(Answer[EpisodeView]):
    pass


class EpisodesAnswer(Answer[Items[EpisodeView]]):
    pass


class PostAnswer(Answer[PostView]):
    pass


class PostsAnswer(Answer[Items[PostView]]):
    pass


class UploadAnswer(Answer[UploadView]):
    pass


class TranscriptAnswer(Answer[TranscriptData]):
    pass


class ReadyAnswer(Answer[ReadyView]):
    pass


class AliveAnswer(Answer[AliveView]):
    pass


def view(body: JsonObject) -> JsonObject:
    """A resource as read from the API server in the form of its ``View``."""
    metadata = body["metadata"]
    return {
        "id": metadata["name"],
        "createdAt": metadata["creationTimestamp"],
        "labels": metadata.get("labels") or {},
        "spec": body["spec"],
        "status": body.get("status") or {},
    }
