"""What the demo says of the servers that it publishes to."""

from pathlib import Path

import pytest

from podwright_local.kubectl import Kubectl
from podwright_local.social import Kept, ServerSecrets, SocialServers, kept_once

SERVERS = SocialServers(Kubectl("kubectl"), "http://10.0.0.1:8001", "http://10.0.0.2:2583", "secret")


@pytest.mark.parametrize(
    ("kept", "once"),
    [
        ([Kept("1", "Hello")], True),
        ([Kept("2", "Other"), Kept("1", "Hello")], True),
        ([], False),
        ([Kept("2", "Hello")], False),
        ([Kept("1", "Hello"), Kept("2", "Hello")], False),
    ],
)
def test_a_post_is_there_once(kept: list[Kept], once: bool) -> None:
    assert kept_once("1", kept) is once


def test_each_post_has_an_address_on_this_machine() -> None:
    url = "http://10.0.0.1:8001/workshop/p/1"
    assert SERVERS.page_of("mastodon", {"url": url}) == url
    record = {"url": "https://bsky.app/profile/x/post/3k", "platformId": "at://did:plc:abc/app.bsky.feed.post/3k"}
    assert SERVERS.page_of("bluesky", record) == (
        "http://10.0.0.2:2583/xrpc/com.atproto.repo.getRecord?repo=did:plc:abc&collection=app.bsky.feed.post&rkey=3k"
    )


def test_secrets_are_made_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secrets.json"
    made = ServerSecrets.ensure(file)
    assert ServerSecrets.ensure(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    assert 0 < int(made.rotation_key, 16) < 2**252
