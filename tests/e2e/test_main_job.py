"""The main job: an episode goes in, a published post comes out."""

import json
import re
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

import jiwer
import pytest

from tests.e2e.installation import Installation
from tests.e2e.kube import Object, resource_versions, stage

SAMPLES = Path(__file__).parents[2] / "k8s" / "samples"
KINDS = "podcasts,episodes,campaigns,channels,posts,modelendpoints"
RSS = {"podcast": "https://podcastindex.org/namespace/1.0", "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd"}

pytestmark = pytest.mark.usefixtures("published")


def launch_posts(installed: Installation) -> list[Object]:
    """The posts of the samples' campaigns; other tests make posts too."""
    names = {"launch", "social"}
    return [p for p in installed.kube.items("posts") if p["spec"].get("campaignRef", {}).get("name") in names]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def test_get_shows_the_whole_story(installed: Installation) -> None:
    table = installed.kube.run("get", KINDS).stdout
    for name in ("whisper", "writer", "speech", "two-voices", "receiver"):
        assert name in table
    assert "Published" in table


def test_transcript_is_right_and_in_every_format(installed: Installation) -> None:
    artifacts = installed.kube.get("episode", "speech")["status"]["artifacts"]
    heard = installed.read(artifacts["transcriptTxt"]).decode()
    reference = (SAMPLES / "media" / "speech.txt").read_text()
    assert jiwer.wer(" ".join(words(reference)), " ".join(words(heard))) < 0.10
    assert installed.read(artifacts["transcriptVtt"]).decode().startswith("WEBVTT")
    assert " --> " in installed.read(artifacts["transcriptSrt"]).decode()
    transcript = json.loads(installed.read(artifacts["transcriptJson"]))
    assert transcript["segments"]
    assert all(s["words"] for s in transcript["segments"])


def test_posts_quote_what_was_said(installed: Installation) -> None:
    posts = launch_posts(installed)
    assert len(posts) == 8
    for post in posts:
        episode = installed.kube.get("episode", post["spec"]["episodeRef"]["name"])
        said = " ".join(words(installed.read(episode["status"]["artifacts"]["transcriptTxt"]).decode()))
        quotes = re.findall(r"[“\"]([^”\"]+)[”\"]", post["spec"]["text"])
        assert quotes, post["spec"]["text"]
        for quote in quotes:
            assert " ".join(words(quote)) in said


def test_receiver_holds_each_post_exactly_once(installed: Installation) -> None:
    got = installed.received()
    posts = [p for p in launch_posts(installed) if p["spec"]["channelRef"]["name"] == "receiver"]
    assert len(posts) == 2
    for post in posts:
        assert post["status"]["phase"] == "Published"
        deliveries = [d for d in got if d["id"] == post["status"]["attempts"][-1]["id"]]
        assert [d["deliveries"] for d in deliveries] == [1], post["metadata"]["name"]


@pytest.mark.parametrize("channel", ["mastodon", "bluesky"])
def test_a_person_can_open_what_was_posted_once_on_a_real_server(installed: Installation, channel: str) -> None:
    posts = [p for p in launch_posts(installed) if p["spec"]["channelRef"]["name"] == channel]
    assert len(posts) == 2
    kept = installed.social_posts(channel)
    for post in posts:
        assert post["status"]["phase"] == "Published"
        assert len(post["status"]["attempts"]) == 1
        assert [key for key, _ in kept].count(post["status"]["platformId"]) == 1
        said = words(post["spec"]["text"])
        assert sum(words(text)[: len(said)] == said for _, text in kept) == 1, kept
    page = " ".join(words(installed.open(dict(installed.social_pages)[channel])))
    for post in posts:
        assert " ".join(words(post["spec"]["text"])[:5]) in page


def test_feed_lists_every_ready_episode(installed: Installation) -> None:
    podcast = installed.kube.items("podcasts")[0]
    with urllib.request.urlopen(podcast["status"]["feedUrl"], timeout=10) as answer:
        channel = ET.fromstring(answer.read()).find("channel")
    assert channel is not None
    assert channel.findtext("title") == podcast["spec"]["title"]
    assert channel.findtext("podcast:guid", namespaces=RSS)
    items = channel.findall("item")
    assert {"Getting started with Asterisk", "Sourdough at the kitchen table"} <= {i.findtext("title") for i in items}
    for item in items:
        enclosure = item.find("enclosure")
        assert enclosure is not None
        with urllib.request.urlopen(enclosure.attrib["url"], timeout=10) as answer:
            assert len(answer.read()) == int(enclosure.attrib["length"])
        transcripts = item.findall("podcast:transcript", RSS)
        assert {t.attrib["type"] for t in transcripts} >= {"text/vtt"}


def everything(installed: Installation) -> list[Object]:
    return [
        *installed.kube.items(KINDS),
        *installed.kube.items("rayservices.ray.io,cronjobs", "app.kubernetes.io/managed-by=podwright"),
    ]


def test_second_apply_writes_nothing(installed: Installation) -> None:
    # The demo's cron line fires each minute: its CronJob's own status moves, which is not ours.
    before = resource_versions(o for o in everything(installed) if o["kind"] not in {"CronJob", "RayService"})
    generations = {o["metadata"]["name"]: o["metadata"]["generation"] for o in everything(installed)}
    installed.apply_samples()
    installed.settle()
    after = resource_versions(o for o in everything(installed) if o["kind"] not in {"CronJob", "RayService"})
    # A campaign's nextSlot follows the clock.
    moving = {key for key in before if key.startswith("Campaign/")}
    assert {k: v for k, v in after.items() if k not in moving} == {k: v for k, v in before.items() if k not in moving}
    assert {o["metadata"]["name"]: o["metadata"]["generation"] for o in everything(installed)} == generations


def test_a_changed_title_reruns_neither_ingest_nor_transcribe(installed: Installation) -> None:
    before = installed.kube.get("episode", "speech")
    title = before["spec"]["title"]
    installed.kube.patch("episode", "speech", {"spec": {"title": f"{title}, retold"}})
    try:
        after = installed.kube.wait_ready("episode", "speech")
        for name in ("ingest", "transcribe"):
            assert stage(after, name) == stage(before, name)
        assert stage(after, "write")["key"] != stage(before, "write")["key"]
    finally:
        installed.kube.patch("episode", "speech", {"spec": {"title": title}})
        installed.kube.wait_ready("episode", "speech")
