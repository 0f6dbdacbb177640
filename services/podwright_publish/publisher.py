"""Carries out what ``protocol`` decides: read, decide, record, send, confirm."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from podwright_crds.channel import Delivery
from podwright_crds.names import ANNOTATION_TRACE
from podwright_crds.post import AttemptOutcome, Post
from podwright_publish.answers import Answer, Confirmed, Finding, NotTaken, Refused, Unclear
from podwright_publish.capabilities import START_WITHIN, Capabilities
from podwright_publish.claims import Claim, Sent, claimable_for, stands
from podwright_publish.content import content_of, message_of
from podwright_publish.delivery import delivery_after
from podwright_publish.due import Go, verdict
from podwright_publish.message import Message
from podwright_publish.ports import (
    ConflictError,
    Loaded,
    MediaUnavailableError,
    NotConnectedError,
    Platform,
    PostStore,
    Preparing,
    StoreUnavailableError,
)
from podwright_publish.protocol import (
    LookUp,
    Send,
    Settled,
    Wait,
    answered,
    given_back,
    looked_up,
    next_step,
    recorded,
)
from podwright_telemetry.json_logs import FACTS
from podwright_telemetry.spans import NoTracing, Span, Tracing
from podwright_telemetry.trace_context import span_of

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Reading again after somebody else wrote, before the post is left to them.
_ROUNDS = 8
#: How long an outcome is tried to be written before it is left to a later run to find out.
_CONFIRM_SECONDS = 60
#: Whether a post may go out is decided anew when making its files ready took longer.
_DECISION_LASTS = timedelta(seconds=5)


@dataclass(frozen=True)
class Report:
    """What was found or done."""

    post: str
    message: str
    #: When the clock alone changes it.
    again_at: datetime | None = None
    #: The store gave no answer: the run has to be repeated.
    undone: bool = False


def utc_now() -> datetime:
    return datetime.now(UTC)


class Publisher:
    """Publishes posts one at a time; several publishers may work on the same posts."""

    def __init__(
        self,
        store: PostStore,
        worker: str,
        now: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        tracing: Tracing | None = None,
        confirm_seconds: float = _CONFIRM_SECONDS,
    ):
        """``confirm_seconds``: how long an outcome is tried to be written before it is left to a later run."""
        self._tracing = tracing or NoTracing()
        self._store = store
        self._worker = worker
        self._now = now
        self._jitter = jitter
        self._confirm_seconds = confirm_seconds

    async def work(self, name: str) -> Report:
        """Do the next step for a post, and the one after where that was only finding out."""
        for _ in range(_ROUNDS):
            loaded = await self._retried(lambda: self._store.load(name))
            if loaded is None:
                return Report(name, "The post does not exist.")
            try:
                report = await self._step(loaded)
            except ConflictError:
                continue
            except NotConnectedError as error:
                return Report(name, str(error))
            if report is not None:
                return report
        return Report(name, "Others keep changing the post; left to them.")

    async def _step(self, loaded: Loaded) -> Report | None:
        post = loaded.post
        name = post.metadata.name
        match next_step(post, loaded.around, loaded.capabilities, self._now()):
            case Settled() as settled:
                if post.status.phase is not settled.phase:
                    await self._store.record(post, post.status.model_copy(update={"phase": settled.phase}))
                return self._found(name, settled.message)
            case Wait() as wait:
                return self._found(name, wait.message, wait.until)
            case Send():
                return await self._send_now(loaded)
            case LookUp():
                finding = await self._looked_for(loaded)
                settles = loaded.capabilities.settles_within
                await self._store.record(post, looked_up(post, finding, self._now(), self._jitter(), settles))
                await self._note(loaded, finding)
                return None

    def _found(self, name: str, message: str, again_at: datetime | None = None) -> Report:
        log.info(message, extra={FACTS: {"post": name}})
        return Report(name, message, again_at)

    async def claim_ahead(self, name: str, within: timedelta) -> Claim | None:
        """Record the first attempt of a post that is due within so long, before it is due.

        None where it has to wait for its time: a doubt about it would need a person or take long, its files have to be
        made ready, a quota counts what went out before, or there is more to decide than the time.
        """
        loaded = await self._retried(lambda: self._store.load(name))
        due = claimable_for(loaded, self._now(), within) if loaded is not None else None
        if loaded is None or due is None:
            return None
        try:
            return await self._claimed(loaded, await self._store.connect(loaded), due)
        except (ConflictError, NotConnectedError, StoreUnavailableError):
            return None

    async def send(self, claim: Claim) -> Sent | None:
        """Send what was claimed ahead; None where it may not go out as it was recorded: it is to be decided anew."""
        loaded = await self._retried(lambda: self._store.load(claim.post.metadata.name))
        if loaded is None:
            return None
        now = self._now()
        in_time = now - claim.at <= START_WITHIN  # else those before it took long, and it is recorded anew
        if in_time and claim.holds_for(loaded.post) and isinstance(verdict(loaded.post, loaded.around, now), Go):
            with contextlib.suppress(NotConnectedError):
                platform = await self._store.connect(loaded)
                with self._span(loaded) as span:
                    return await self._sent(replace(claim, loaded=loaded), platform, span)
        await self.give_back(claim)
        return None

    async def give_back(self, claim: Claim) -> None:
        """Take the record of an attempt away of which nothing was sent."""

        async def write() -> None:
            loaded = await self._store.load(claim.post.metadata.name)
            if loaded is not None and stands(loaded.post, claim.post.status):
                await self._store.record(loaded.post, given_back(loaded.post))

        await self._retried(write)

    async def confirm(self, sent: Sent) -> Report:
        """Write what came of an attempt."""
        name = sent.claim.message.post
        confirmed = await self._confirm(sent)
        text = f"{type(sent.answer).__name__}. {sent.answer.message}".strip()
        log.info(text, extra={FACTS: {"post": name}})
        again = confirmed.status.next_attempt_at
        return Report(name, text, datetime.fromisoformat(again) if again else None)

    def _span(self, loaded: Loaded) -> contextlib.AbstractContextManager[Span]:
        metadata, channel = loaded.post.metadata, loaded.around.channel
        earlier = [attempt for attempt in loaded.post.status.attempts if attempt.outcome is not AttemptOutcome.PENDING]
        facts = {
            "k8s.namespace.name": metadata.namespace,
            "podwright.kind": Post.KIND,
            "podwright.name": metadata.name,
            "podwright.channel": loaded.post.spec.channel_ref.name,
            "podwright.channel_type": channel.spec.type.value if channel is not None else "unknown",
            "podwright.attempt": len(earlier) + 1,
        }
        return self._tracing.during("publish", span_of(metadata.uid, metadata.annotations.get(ANNOTATION_TRACE)), facts)

    async def _send_now(self, loaded: Loaded) -> Report:
        overtaken: ConflictError | None = None
        with self._span(loaded) as span:
            try:
                platform = await self._store.connect(loaded)
                report = await self.confirm(
                    await self._sent(await self._claimed(loaded, platform, self._now()), platform, span)
                )
            except ConflictError as error:  # somebody else wrote: nothing was sent, and nothing is wrong
                overtaken = error
                span.note({"podwright.answer": "overtaken"})
        if overtaken is not None:
            raise overtaken
        return report

    async def _claimed(self, loaded: Loaded, platform: Platform, at: datetime) -> Claim:
        """Record an attempt that is sent ``at`` that time; raises ``ConflictError`` where somebody else wrote."""
        # Before anything is recorded: making files ready may take minutes, and is no attempt.
        message, answer = await self._prepared(loaded)
        if answer is None and (problems := platform.validate(message)):
            answer = Refused(" ".join(problems))
        if message.since is not None:  # the channel looks at what is there: not to be taken for another post's
            message = await self._told_apart(message, loaded.post)
        return Claim(replace(loaded, post=await self._claim(loaded.post, at)), message, answer)

    async def _sent(self, claim: Claim, platform: Platform, span: Span) -> Sent:
        message, answer = claim.message, claim.answer
        told: Answer
        if answer is not None:
            told = answer
        elif self._now() - claim.at > START_WITHIN:
            told = NotTaken("Recording the attempt took too long; nothing was sent.")
        else:
            told = await self._asked(platform, message, claim.loaded.capabilities)
        if isinstance(told, Confirmed) and message.notes:
            told = replace(told, message=" ".join(filter(None, [told.message, *message.notes])))
        span.note({"podwright.answer": type(told).__name__})
        if not isinstance(told, Confirmed):
            span.fail(told.message)
        at = self._now()
        await self._note(claim.loaded, told)
        return Sent(claim, told, at)

    async def _told_apart(self, message: Message, post: Post) -> Message:
        return replace(message, others=frozenset(await self._store.platform_ids(post)))

    async def _prepared(self, loaded: Loaded) -> tuple[Message, Refused | NotTaken | None]:
        """The message as it can be sent, or why its files cannot; raises ``ConflictError`` to decide anew."""
        begun = self._now()
        message = message_of(loaded.post, begun)
        try:
            message = await self._store.prepared(loaded, message)
        except MediaUnavailableError as error:
            return message, Refused(f"{error}.") if error.lasting else NotTaken(f"{error}.")
        if self._now() - begun > _DECISION_LASTS:
            raise ConflictError(message.post)
        return message, None

    async def _claim(self, post: Post, at: datetime) -> Post:
        """Record the attempt. Where the answer to the write is lost, what stands there tells whether it happened."""
        status = recorded(post, self._worker, at, content_of(post))
        try:
            return await self._store.record(post, status)
        except StoreUnavailableError:
            loaded = await self._retried(lambda: self._store.load(post.metadata.name))
            if loaded is not None and stands(loaded.post, status):
                return loaded.post
            raise ConflictError from None

    async def _asked(self, platform: Platform, message: Message, capabilities: Capabilities) -> Answer:
        limit = capabilities.send_limit.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await platform.publish(message)
        except TimeoutError:
            told = Unclear(f"No answer within {limit:.0f} s.")
        except Exception as error:  # whatever broke, the attempt's outcome has to be recorded
            log.exception("publishing broke", extra={FACTS: {"post": message.post}})
            told = Unclear(f"The publisher failed while sending ({type(error).__name__}).", outage=False)
        if isinstance(platform, Preparing) and not platform.committed:
            return NotTaken(f"{told.message} Nothing was sent yet.")
        return told

    async def _looked_for(self, loaded: Loaded) -> Finding:
        platform = await self._store.connect(loaded)
        message = await self._told_apart(message_of(loaded.post, self._now()), loaded.post)
        try:
            return await platform.find(message)
        except Exception as error:  # an answer that nobody foresaw is no finding
            log.exception("looking for a post broke", extra={FACTS: {"post": message.post}})
            return Unclear(f"The publisher failed while looking ({type(error).__name__}).", outage=False)

    async def _confirm(self, sent: Sent) -> Post:
        """Write the outcome. Others may write conditions meanwhile; only the attempt itself must still be ours."""
        current = claimed = sent.claim.post

        async def write() -> Post:
            nonlocal current
            try:
                return await self._store.record(current, answered(current, sent.answer, sent.at, self._jitter()))
            except ConflictError:
                loaded = await self._store.load(claimed.metadata.name)
                if loaded is None or not stands(loaded.post, claimed.status):
                    # Deleted, or taken over after the claim ran out: there is nothing of ours to confirm.
                    return loaded.post if loaded else claimed
                current = loaded.post
                raise

        return await self._retried(write)

    async def _note(self, loaded: Loaded, answer: Answer) -> None:
        """Tell all publishers what an answer says about the account; losing it loses no post, and no outcome."""
        channel = loaded.around.channel
        if channel is None:
            return
        before = channel.status.delivery or Delivery()
        after = delivery_after(before, answer, self._now(), self._jitter())
        if after == before:
            return
        facts = {FACTS: {"post": loaded.post.metadata.name}}
        try:
            await self._store.note(channel, after)
        except (ConflictError, StoreUnavailableError) as error:
            log.warning("the channel's state could not be noted: %s", error, extra=facts)
        except Exception:  # what became of the post is still to be written
            log.exception("the channel's state could not be noted", extra=facts)

    async def _retried(self, call: Callable[[], Awaitable[T]]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((ConflictError, StoreUnavailableError)),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            stop=stop_after_delay(self._confirm_seconds),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await call()
        raise AssertionError("unreachable: the last error is raised again")
