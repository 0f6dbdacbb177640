"""Which text goes out: variants by weight, and never another one than the one that may be out."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_crds.post import Post, PostPhase
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, NotTaken, Unclear
from podwright_publish.capabilities import Capabilities
from podwright_publish.content import chosen_variant, content_of
from podwright_publish.message import Message
from podwright_publish.publisher import Publisher
from tests.unit.publish.memory import Clock, Faults, MemoryPlatform, MemoryStore, post

VARIANTS = [
    {"name": "a", "text": "Listen in.", "weight": 3},
    {"name": "b", "text": "Have you heard?", "weight": 1},
]


def numbered(number: int, **spec: Any) -> Post:
    return post(f"post-{number}", variants=VARIANTS, **spec)


def test_variants_are_chosen_by_weight() -> None:
    chosen = Counter(variant.name for n in range(4000) if (variant := chosen_variant(numbered(n))))
    assert 2850 < chosen["a"] < 3150
    assert chosen["a"] + chosen["b"] == 4000


@given(st.integers(0, 10**6))
def test_the_choice_does_not_change(number: int) -> None:
    assert content_of(numbered(number)) == content_of(numbered(number, publishAt="2027-01-01T00:00:00Z"))


def test_without_variants_it_is_the_text() -> None:
    assert content_of(post()).text == "Listen in."
    assert content_of(post()).variant is None


class Recording(MemoryPlatform):
    """Keeps texts; its answers can be chosen."""

    def prepare(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.texts: list[str] = []
        self.looked_for: list[str] = []

    async def publish(self, message: Message) -> Answer:
        self.texts.append(message.text)
        return self.answers.pop(0)

    async def find(self, message: Message) -> Finding:
        self.looked_for.append(message.text)
        return NotTaken("not there")


def world(*answers: Answer, can_find: bool) -> tuple[MemoryStore, Recording, Clock]:
    faults = Faults()
    always = timedelta.max if not can_find else timedelta(0)
    platform = Recording(Capabilities(always, can_find=can_find, send_limit=timedelta(seconds=5)), faults)
    platform.prepare(*answers)
    return MemoryStore({"one": post("one", maxLateness="7d")}, platform, faults), platform, Clock()


def edit(store: MemoryStore, **changes: Any) -> None:
    there = store.posts["one"]
    store.write(there.model_copy(update={"spec": there.spec.model_copy(update=changes)}))


async def test_what_may_be_out_is_looked_for_and_sent_as_it_was() -> None:
    store, platform, clock = world(Unclear("silence"), Confirmed("id"), can_find=True)
    publisher = Publisher(store, "worker", now=clock)
    await publisher.work("one")
    edit(store, text="Another text.")
    clock.forward(minutes=5)
    await publisher.work("one")
    assert platform.looked_for == ["Listen in."]
    # It is certain now that it was not there: the new text may go out.
    assert platform.texts == ["Listen in.", "Another text."]
    status = store.posts["one"].status
    assert (status.phase, status.sent and status.sent.text) == (PostPhase.PUBLISHED, "Another text.")


async def test_a_key_is_never_sent_with_another_text() -> None:
    store, platform, clock = world(Unclear("silence"), Confirmed("id"), can_find=False)
    publisher = Publisher(store, "worker", now=clock)
    await publisher.work("one")
    edit(store, text="Another text.")
    clock.forward(minutes=5)
    await publisher.work("one")
    assert platform.texts == ["Listen in.", "Listen in."]


async def test_the_variant_is_on_record() -> None:
    store, _, clock = world(Confirmed("id"), can_find=False)
    there = store.posts["one"]
    store.write(there.model_copy(update={"spec": numbered(1).spec}))
    await Publisher(store, "worker", now=clock).work("one")
    sent = store.posts["one"].status.sent
    assert sent is not None
    assert {"a": "Listen in.", "b": "Have you heard?"}[str(sent.variant)] == sent.text


@pytest.mark.parametrize(
    ("answer", "goes_out"),
    [
        (NotTaken("HTTP 429"), "Another text."),
        (NotTaken("no route", outage=True), "Another text."),
        (CredentialsRefused("HTTP 401"), "Another text."),
        (NotTaken("1 of 2 are out", begun=Confirmed("1")), "Listen in."),
    ],
)
async def test_of_a_thread_only_what_is_begun_stays_as_it_was(answer: Answer, goes_out: str) -> None:
    store, platform, clock = world(answer, Confirmed("id"), can_find=True)
    edit(store, thread=["And more."])
    publisher = Publisher(store, "worker", now=clock)
    await publisher.work("one")
    edit(store, text="Another text.")
    clock.forward(minutes=5)
    await publisher.work("one")
    assert platform.texts == ["Listen in.", goes_out]


async def test_what_is_taken_out_of_a_post_is_not_in_what_was_sent() -> None:
    store, _, clock = world(NotTaken("later"), Confirmed("id"), can_find=True)
    edit(store, title="Named", link="https://example.org/", first_comment="More below.")
    publisher = Publisher(store, "worker", now=clock)
    await publisher.work("one")
    edit(store, title=None, link=None, first_comment=None)
    clock.forward(minutes=5)
    await publisher.work("one")
    sent = store.posts["one"].status.sent
    assert sent is not None
    assert (sent.title, sent.link, sent.first_comment) == (None, None, None)
