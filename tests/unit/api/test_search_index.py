"""Which documents resources have, what is to be done with the index, and how transcripts are read."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_api.live import Change, LiveNamespace
from podwright_api.passages import Document, Indexed, Line, SearchKind
from podwright_api.search.following import Changed, changed
from podwright_api.search.reading import UnreadableError, segments
from podwright_api.search.wanted import Wanted, everything, of_episode, of_post, plan
from podwright_crds.episode import Episode
from podwright_crds.post import Post


def episode(name: str = "moon", **status: Any) -> dict[str, Any]:
    spec = {"podcastRef": {"name": "speeches"}, "title": "Moon", "media": {"url": "https://example.org/a.mp3"}}
    metadata = {"name": name, "creationTimestamp": "2026-01-02T00:00:00Z", "resourceVersion": "1"}
    return {"metadata": metadata, "spec": spec, "status": status}


def post(name: str, about: str | None) -> dict[str, Any]:
    reference = {"episodeRef": {"name": about}} if about else {}
    metadata = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {"text": "Hear.\nNow.", "thread": ["More."], **reference}}


def transcribed(digest: str = "d1", phase: str = "Done", **status: Any) -> dict[str, Any]:
    artifacts = {"transcriptJson": "s3://b/team/t.json"} if phase == "Done" else {}
    stages = [{"name": "transcribe", "phase": phase, "digest": digest}]
    return episode(artifacts=artifacts, stages=stages, language="en-GB", **status)


def by_kind(found: list[Wanted]) -> dict[SearchKind, Wanted]:
    return {one.document.kind: one for one in found}


def test_an_episode_has_notes_always_and_a_transcript_once_there_is_one() -> None:
    assert set(by_kind(of_episode(episode()))) == {SearchKind.NOTES}
    found = by_kind(of_episode(transcribed()))
    transcript = found[SearchKind.TRANSCRIPT]
    assert (transcript.address, transcript.document.language, transcript.document.show) == (
        "s3://b/team/t.json",
        "en",
        "speeches",
    )
    written = episode(artifacts={"texts": "s3://b/team/texts.json"})
    assert by_kind(of_episode(written))[SearchKind.NOTES].address == "s3://b/team/texts.json"
    written["spec"]["notes"] = "By hand."
    assert by_kind(of_episode(written))[SearchKind.NOTES].text == "By hand."
    assert by_kind(of_episode(written))[SearchKind.NOTES].address is None


def test_a_post_is_of_the_show_of_its_episode() -> None:
    assert of_post(post("p", "moon"), transcribed()).document.show == "speeches"
    assert of_post(post("p", "moon"), transcribed()).text == "Hear.\nNow.\nMore."
    assert of_post(post("p", "moon"), None).document.show is None
    assert of_post(post("p", "moon"), None).document.episode == "moon"


def test_the_newest_is_put_in_last() -> None:
    found = everything({"moon": episode()}, {"early": post("early", None)})
    assert [one.document.name for one in found] == ["early", "moon"]


def known(found: list[Wanted]) -> dict[Any, Indexed]:
    return {one.document.key: Indexed(one.document.version, one.document.title) for one in found}


def test_what_has_not_changed_is_not_read_again() -> None:
    indexed = known(of_episode(transcribed()))
    same = transcribed(progress="100 %", media={"durationSeconds": 1})
    same["spec"]["publishAt"] = "2027-01-01T00:00:00Z"
    assert plan(of_episode(same), indexed) == plan([], {})

    renamed = transcribed()
    renamed["spec"]["title"] = "Other"
    what = plan(of_episode(renamed), indexed)
    # Notes are found by the title, so they are written anew; a transcript only shows it.
    assert [one.document.kind for one in what.put] == [SearchKind.NOTES]
    assert [one.kind for one in what.rename] == [SearchKind.TRANSCRIPT]

    what = plan(of_episode(transcribed(digest="d2")), indexed)
    assert [one.document.kind for one in what.put] == [SearchKind.TRANSCRIPT]


def test_what_is_gone_leaves_the_index_and_what_is_made_anew_stays_meanwhile() -> None:
    indexed = known(of_episode(transcribed()))
    assert plan([], indexed).remove == sorted(indexed)
    again = plan(of_episode(transcribed(phase="Running")), indexed)
    assert (again.put, again.remove) == ([], [])
    assert plan(of_episode(transcribed(phase="Failed")), indexed).remove == [(SearchKind.TRANSCRIPT, "moon")]
    # Nothing was there before.
    first = plan(of_episode(transcribed(phase="Running")), {})
    assert [one.document.kind for one in first.put] == [SearchKind.NOTES]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz")),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz")),
)
def test_a_plan_brings_any_index_to_what_is_wanted(before: dict[str, str], after: dict[str, str]) -> None:
    index = {(SearchKind.POST, name): Indexed(version, "t") for name, version in before.items()}
    wanted = [
        Wanted(Document(SearchKind.POST, name, version, None, None, "t", "en")) for name, version in after.items()
    ]
    what = plan(wanted, index)
    for key in what.remove:
        del index[key]
    index |= {one.document.key: Indexed(one.document.version, one.document.title) for one in what.put}
    assert {name: known.version for (_, name), known in index.items()} == after
    assert {one.document.name for one in what.put} == {
        name for name, version in after.items() if before.get(name) != version
    }


def test_posts_follow_their_episode_when_it_comes_or_goes() -> None:
    view = LiveNamespace("team", source=None)  # type: ignore[arg-type]
    view.objects[Post] = {"p": post("p", "moon"), "q": post("q", "mars")}
    progress = changed([Change(1, "changed", Episode, episode())], view)
    assert progress == Changed(frozenset({"moon"}), frozenset())
    came = changed([Change(1, "created", Episode, episode()), Change(2, "deleted", Post, post("z", None))], view)
    assert came == Changed(frozenset({"moon"}), frozenset({"p", "z"}))


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(content: bytes, size: int = 64) -> list[Line]:
    return [line async for line in segments(pieces(content, size))]


SPOKEN = {
    "language": "en",
    "duration": 9.5,
    "segments": [
        {"text": "We choose – the “Moon”]", "start": 0.0, "end": 2.5, "speaker": "Ada", "words": [{"text": "We"}]},
        {"text": "", "start": 2.5, "end": 3.0, "speaker": None, "words": []},
    ],
}


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_segments_are_read_as_they_come(size: int) -> None:
    lines = await read(json.dumps(SPOKEN, ensure_ascii=False).encode(), size)
    assert lines == [Line("We choose – the “Moon”]", 0, 0.0, 2.5, "Ada"), Line("", 1, 2.5, 3.0)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"segments": [',
        b'{"segments": [{"text": "x"',
        b'{"segments": [{"text": "x"}]}',
        b'{"segments": [1]}',
        b'{"segments": [{"text": "x", "start": NaN, "end": 1}]}',
        b"\xff",
    ],
)
async def test_what_is_no_transcript_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        await read(content)


async def test_of_ten_hours_little_is_in_memory() -> None:
    word = {"text": "word ", "start": 0.123, "end": 0.456}
    segment = json.dumps({"text": "word " * 15, "start": 1.0, "end": 2.0, "words": [word] * 15}).encode()

    async def stored() -> AsyncIterator[bytes]:
        yield b'{"segments": ['
        for _ in range(6_000):
            yield segment + b","
        yield segment + b"]}"

    tracemalloc.start()
    count = 0
    async for _ in segments(stored()):
        count += 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 6_001
    assert most < 1_000_000
