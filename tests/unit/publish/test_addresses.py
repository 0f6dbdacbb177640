"""Addresses that nobody can read are told of, and break nothing."""

import pytest

from podwright_core.egress import Egress
from podwright_crds.channel import ChannelSpec, ChannelType
from podwright_publish.channels.registry import connector
from podwright_publish.media_source import StoredMedia
from podwright_publish.message import Media
from podwright_publish.ports import MediaUnavailableError
from tests.integration.publish.accounts import message
from tests.integration.publish.fakes.connected import FILES

BROKEN = "https://[x/y.jpg"
TYPES = sorted({kind.value for kind in ChannelType} - {"feed"})
SETTINGS = {
    "webhook": {"url": "http://receiver.test/"},
    "email": {"host": "mail.test", "sender": "news@example.org", "recipient": "list@example.org"},
}


@pytest.mark.parametrize("kind", TYPES)
async def test_a_post_with_one_is_refused(kind: str) -> None:
    body = {"type": kind, "credentialsRef": {"name": "secret"}, **({kind: SETTINGS[kind]} if kind in SETTINGS else {})}
    spec = ChannelSpec.model_validate(body)
    platform = connector(spec, FILES)({"signingSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    for sent in (message(media=(Media(BROKEN),)), message(link=BROKEN, media=(Media("https://media.test/a.jpg"),))):
        problems = platform.validate(sent)
        assert any(BROKEN in problem for problem in problems), problems
    await platform.close()


@pytest.mark.parametrize("address", [BROKEN, "s3://[x/y.jpg", "https://media.test:port/y.jpg"])
async def test_a_file_at_one_will_never_be_there(address: str) -> None:
    with pytest.raises(MediaUnavailableError, match="cannot be read") as caught:
        await StoredMedia(None, Egress()).fetch(address, 100)
    assert caught.value.lasting
