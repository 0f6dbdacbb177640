"""The keys of every stage's work for a few Episodes, as the version that landed last had them.

``make landed`` writes them to ``landed_keys.json`` when a version lands, and never to make a test pass: where a key
changes, every finished Episode like that computes its stage, and what follows from it, again after the upgrade.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from podwright_core.stages import PostTarget
from podwright_crds.episode import Episode
from podwright_operator.kinds.episode.observed import EpisodeObserved
from tests.unit.operator.builders import endpoint, episode, podcast
from tests.unit.operator.simulated import World, observed

LANDED: Final = Path(__file__).with_name("landed_keys.json")
_TARGETS: Final = (PostTarget(channel="news", type="mastodon", max_characters=500),)

CASES: Final[Mapping[str, tuple[Episode, EpisodeObserved]]] = {
    "least": (episode(), observed()),
    "a show with everything": (
        episode(
            title="Über das Brot",
            media={"url": "https://cdn.example.org/two.mp4", "sha256": "9" * 64, "revision": "2"},
            episodeNumber=2,
            link="https://example.org/two",
            people=["Ada", "Ben"],
            transcription={"language": "de-AT"},
            writing={"language": "en-GB", "remark": "Less solemn.", "budget": {"tokens": 1000, "seconds": 60}},
            clips={"most": 2, "shapes": ["9x16"]},
        ),
        observed(
            podcast=podcast(
                language="de",
                author="Die Werkstatt",
                artwork="s3://podwright/shows/cover.png",
                glossary=["Krume", "Gare"],
                voice={"rules": ["No exclamation marks."], "examples": ["We baked."]},
                audio={"formats": ["opus", "aac"]},
            ),
            targets=_TARGETS,
        ),
    ),
    "a track for each speaker": (
        episode(
            media={
                "url": "s3://b/one.wav",
                "tracks": [{"speaker": "Ada", "url": "s3://b/ada.wav"}, {"speaker": "Ben", "channel": "right"}],
            }
        ),
        observed(),
    ),
    "a corrected transcript": (
        episode(transcription={"corrected": {"url": "s3://b/one.vtt", "revision": "2"}}),
        observed(endpoints={"pen": endpoint("pen", "generation")}),
    ),
    "a cover at an https address": (episode(), observed(podcast=podcast(artwork="https://example.org/cover.jpg"))),
}


def landed() -> dict[str, dict[str, str]]:
    """By case and stage."""
    found: dict[str, dict[str, str]] = json.loads(LANDED.read_text(encoding="utf-8"))
    return found


def current() -> dict[str, dict[str, str]]:
    found = {}
    for name, (made, seen) in CASES.items():
        world = World(made, replace(seen))
        world.run_to_end()
        found[name] = dict(world.computed)
    return found


if __name__ == "__main__":
    LANDED.write_text(json.dumps(current(), indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
