"""Every contract fake."""

from tests.integration.publish.fakes.linkedin import FakeLinkedIn
from tests.integration.publish.fakes.mastodon import FakeMastodon
from tests.integration.publish.fakes.meta import FakeFacebook, FakeInstagram, FakeThreads
from tests.integration.publish.fakes.pinterest import FakePinterest
from tests.integration.publish.fakes.platform import Fake
from tests.integration.publish.fakes.video import FakeTikTok, FakeYouTube
from tests.integration.publish.fakes.webhooks import FakeDiscord, FakeSlack
from tests.integration.publish.fakes.x import FakeX

EVERY: tuple[type[Fake], ...] = (
    FakeX,
    FakeLinkedIn,
    FakeFacebook,
    FakeInstagram,
    FakeThreads,
    FakeTikTok,
    FakeYouTube,
    FakePinterest,
    FakeDiscord,
    FakeSlack,
    FakeMastodon,
)
#: With requests to read what is there, and tokens with permissions.
READABLE = tuple(made for made in EVERY if made not in (FakeDiscord, FakeSlack))
