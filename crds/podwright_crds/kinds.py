"""All kinds, for whoever needs to go through them."""

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Resource

KINDS: tuple[type[Resource], ...] = (ModelEndpoint, Podcast, Episode, Channel, Campaign, Post)
