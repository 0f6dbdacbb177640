"""Imports of shows as requests and answers have them."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from podwright_api.envelope import Answer, Wire
from podwright_crds.resource import ObjectName

#: Remarks that are told.
REMARKS_TOLD = 50


class ImportCreate(Wire):
    """A show that has a feed elsewhere: its address, or the feed itself."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=2000)] | None = Field(
        default=None,
        description="Address of the feed; its further pages are fetched, too.",
        examples=["https://example.org/feed.xml"],
    )
    feed: str | None = Field(
        default=None, description="The feed itself (RSS), where it is a file.", min_length=1, max_length=9_000_000
    )
    name: ObjectName | None = Field(default=None, description="Id of the podcast; by default from its title.")
    owner_email: str | None = Field(
        default=None, description="Owner's e-mail address, where the feed does not say it.", max_length=254
    )
    transcription_endpoint: ObjectName | None = Field(
        default=None, description="Model endpoint that transcribes the episodes."
    )
    writing_endpoint: ObjectName | None = Field(default=None, description="Model endpoint that writes for them.")
    announce: bool = Field(default=False, description="Let campaigns announce the imported episodes, too.")
    suspend: bool = Field(default=False, description="Import without processing; spec.suspend of each starts it.")
    mine: bool = Field(default=False, description="Import although the feed is locked: you own the show.")
    most: int = Field(
        default=200, ge=1, le=500, description="Most episodes to create now, the newest first; send it again to go on."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.url is None) == (self.feed is None):
            raise ValueError("say either url or feed")
        return self


class ImportView(Wire):
    """What became of an import."""

    podcast: str = Field(description="Id of the podcast.")
    podcast_created: bool = Field(description="False: it was there already, and stays as it is.")
    created: list[str] = Field(description="Ids of the episodes that are new; with dryRun those that would be.")
    existing: int = Field(description="Episodes of the feed that were there already.")
    remaining: int = Field(description="Episodes that are still to come: send the request again.")
    remarks: list[str] = Field(description=f"What was left out or guessed; the first {REMARKS_TOLD}.")


class ImportAnswer(Answer[ImportView]):
    pass
