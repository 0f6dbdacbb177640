"""All kinds that the operator serves."""

from dataclasses import dataclass
from typing import Any

from podwright_operator.engine.kind import Kind
from podwright_operator.kinds.campaign.observe import CampaignKind
from podwright_operator.kinds.channel.observe import ChannelKind
from podwright_operator.kinds.episode.observe import EpisodeKind
from podwright_operator.kinds.model_endpoint.observe import ModelEndpointKind
from podwright_operator.kinds.podcast.observe import PodcastKind
from podwright_operator.kinds.ports import Prober, Progress, Texts
from podwright_operator.kinds.post.observe import PostKind
from podwright_operator.settings import Settings


@dataclass(frozen=True)
class Ports:
    """What the kinds need of the world besides the API server's watches."""

    prober: Prober
    progress: Progress
    texts: Texts


def kinds(settings: Settings, ports: Ports) -> tuple[Kind[Any, Any], ...]:
    return (
        ModelEndpointKind(settings.inference, ports.prober),
        PodcastKind(settings.stage_jobs),
        EpisodeKind(settings.stage_jobs, ports.progress),
        ChannelKind(settings.stage_jobs),
        CampaignKind(settings.stage_jobs, ports.texts),
        PostKind(settings.stage_jobs),
    )
