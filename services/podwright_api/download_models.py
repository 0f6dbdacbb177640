"""Downloads as answers have them."""

from datetime import datetime

from pydantic import Field

from podwright_api.envelope import Answer, Wire


class DownloadView(Wire):
    """A file of an episode, and where it can be had for a while."""

    name: str = Field(description="recording, or what status.artifacts calls it: transcriptVtt.")
    file_name: str = Field(description="Name under which browsers save it.")
    url: str = Field(description="Address to GET it from; needs no token, so keep it to yourself.")


class DownloadsView(Wire):
    files: list[DownloadView] = Field(description="What there is by now; a recording elsewhere on the web is not here.")
    expires_at: datetime = Field(description="Until when the addresses can be used (RFC 3339).")


class DownloadsAnswer(Answer[DownloadsView]):
    pass
