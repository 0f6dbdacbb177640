"""Rule 5 as a pure state machine: what to do next with a post, and what a status becomes.

An attempt is recorded (Pending) before anything is sent and confirmed afterwards; both writes are guarded by the
resource version, so of several workers one wins. Whatever a crash leaves behind is one of these:

- nothing recorded: nothing was sent;
- a Pending attempt younger than a request can last: its worker may be alive, leave it;
- an older Pending attempt, or one with outcome Unknown: the post may be out. Where the platform can be read back, look;
  where it recognises the key of the first attempt, send again with it; else hold the post for a person.

Phases are derived from what is recorded, never the other way round.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podwright_core.times import format_instant, parse_instant
from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.post import Attempt, AttemptOutcome, Post, PostPhase, PostStatus, SentPost
from podwright_crds.resource import Reason
from podwright_publish.answers import Answer, Confirmed, CredentialsRefused, Finding, NotTaken, Refused, Unclear
from podwright_publish.capabilities import CLAIM_MARGIN, Capabilities
from podwright_publish.due import NotNow, Surroundings, connected, due_or_none, not_paused, verdict

#: Attempts kept in status.
ATTEMPTS_KEPT = 10
_MESSAGE_LIMIT = 1000
#: First pause after an attempt that may be repeated, doubled each time up to the longest.
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Settled:
    """Nothing is left to do until a person changes something."""

    phase: PostPhase
    reason: Reason
    message: str


@dataclass(frozen=True)
class Wait:
    """Nothing to do now. ``until`` is when to look again by the clock alone; ``None``: when something changes."""

    phase: PostPhase
    reason: Reason
    message: str
    until: datetime | None = None


@dataclass(frozen=True)
class Send:
    """Record an attempt, then send."""


@dataclass(frozen=True)
class LookUp:
    """Ask the platform whether it has the post."""


Step = Settled | Wait | Send | LookUp


def idempotency_key(post: Post) -> str:
    """The same for every attempt of a post, and of no other post anywhere."""
    return f"post_{post.metadata.uid}"


def next_step(post: Post, around: Surroundings, capabilities: Capabilities, now: datetime) -> Step:
    """What to do with a post, from what is recorded and what is so now."""
    status = post.status
    if is_published(status):
        where = f" as {status.url or status.platform_id}" if status.url or status.platform_id else ""
        return Settled(PostPhase.PUBLISHED, Reason.READY, f"Published{where}.")
    last = status.attempts[-1] if status.attempts else None
    if last is not None and last.outcome is AttemptOutcome.PENDING:
        given_up = parse_instant(last.started_at) + capabilities.send_limit + CLAIM_MARGIN
        if now < given_up:
            who = f" by {last.worker}" if last.worker else ""
            what = f"To be sent at {last.started_at}" if now < parse_instant(last.started_at) else "Being sent"
            return Wait(PostPhase.PUBLISHING, Reason.PROGRESSING, f"{what}{who}.", until=given_up)
    released = is_released(post)
    if (uncertain := first_uncertain(status)) is not None and not released:
        return _resolve(post, around, capabilities, uncertain, now)
    if last is not None and last.outcome is AttemptOutcome.REFUSED and not released:
        out = status.url or status.platform_id
        what = f"what follows {out}" if out else "the post"
        return Settled(
            PostPhase.FAILED,
            Reason.PUBLISH_FAILED,
            f"The platform refused {what}: {last.message or 'no reason given'} Mend it, then set the annotation "
            f"{ANNOTATION_RETRY} to a new value.",
        )
    return _gated(post, around, now, pause_over=released)


def _resolve(post: Post, around: Surroundings, capabilities: Capabilities, uncertain: Attempt, now: datetime) -> Step:
    """What to do with a post that may be out."""
    if around.channel is None and (gone := connected(post, around, now)) is not None:
        return _wait(gone)
    last = post.status.attempts[-1]
    looked_in_vain = post.status.phase is PostPhase.HELD and last.outcome is AttemptOutcome.UNKNOWN
    if capabilities.can_find and not looked_in_vain:
        resting = not_paused(post, around, now)
        return _paused(post, now) or (LookUp() if resting is None else _wait(resting))
    if last.outcome is AttemptOutcome.REFUSED:
        return _held(f"It was refused now, but an earlier attempt may have arrived. {last.message or ''}".strip())
    if now - parse_instant(uncertain.started_at) >= capabilities.resend_safe_for:
        return _held("An attempt has no known outcome, and the platform cannot tell whether it has the post.")
    step = _gated(post, around, now)
    if isinstance(step, Settled):
        return _held(f"An attempt has no known outcome, and sending again is not allowed any more: {step.message}")
    return step


def _held(why: str) -> Settled:
    return Settled(
        PostPhase.HELD,
        Reason.OUTCOME_UNKNOWN,
        f"{why} Look on the platform: if the post is missing there, set the annotation {ANNOTATION_RETRY} to a new "
        "value to send it again; if it is there, nothing is left to do.",
    )


def _incomplete(status: PostStatus, against: NotNow) -> Settled:
    out = f"It is out as {status.url or status.platform_id}, without all that follows it, which may not go out any more"
    return Settled(PostPhase.HELD, against.reason, f"{out}: {against.message}")


def _gated(post: Post, around: Surroundings, now: datetime, *, pause_over: bool = False) -> Step:
    against = verdict(post, around, now)
    if isinstance(against, NotNow):
        if against.phase in {PostPhase.SCHEDULED, PostPhase.DRAFT}:
            return _wait(against)
        if post.status.platform_id:
            return _incomplete(post.status, against)
        return Settled(against.phase, against.reason, against.message)
    pause = None if pause_over else _paused(post, now)
    return pause or Send()


def _wait(against: NotNow) -> Wait:
    return Wait(against.phase, against.reason, against.message, against.until)


def _paused(post: Post, now: datetime) -> Wait | None:
    if not post.status.next_attempt_at:
        return None
    until = parse_instant(post.status.next_attempt_at)
    if now >= until:
        return None
    message = post.status.attempts[-1].message if post.status.attempts else None
    again = f"Tried again at {format_instant(until)}"
    return Wait(PostPhase.SCHEDULED, Reason.RETRYING, f"{again}: {message}" if message else f"{again}.", until)


def is_published(status: PostStatus) -> bool:
    return status.published_at is not None or any(a.outcome is AttemptOutcome.CONFIRMED for a in status.attempts)


def is_released(post: Post) -> bool:
    """Whether a person asks to have the post tried again, and nobody has yet."""
    asked = post.metadata.annotations.get(ANNOTATION_RETRY)
    return bool(asked) and asked != post.status.retry_honoured


def first_uncertain(status: PostStatus) -> Attempt | None:
    """The earliest attempt that may have put the post on the platform without a confirmation."""
    return next((attempt for attempt in status.attempts if attempt.outcome.is_uncertain), None)


def recorded(post: Post, worker: str, now: datetime, sent: SentPost | None = None) -> PostStatus:
    """The status with a new Pending attempt, to be written before anything is sent; ``sent`` is what will be.

    ``now`` may lie ahead: then nothing is sent before that time.

    A Pending attempt found there has lost its worker: it becomes Unknown. A person's release settles earlier doubts.
    """
    released = is_released(post)
    earlier = [_doubt_settled(attempt, now, released=released) for attempt in post.status.attempts]
    attempt = Attempt(
        id=idempotency_key(post),
        started_at=format_instant(now),
        outcome=AttemptOutcome.PENDING,
        worker=worker,
    )
    return post.status.model_copy(
        update={
            "phase": PostPhase.PUBLISHING,
            "attempts": _kept([*earlier, attempt]),
            "sent": sent,
            "next_attempt_at": None,
            "retry_honoured": post.metadata.annotations.get(ANNOTATION_RETRY) or post.status.retry_honoured,
        }
    )


def given_back(post: Post) -> PostStatus:
    """The status without its newest attempt, of which nothing was sent: as if it had never been recorded."""
    return post.status.model_copy(
        update={"phase": PostPhase.SCHEDULED, "attempts": post.status.attempts[:-1], "sent": None}
    )


def _doubt_settled(attempt: Attempt, now: datetime, *, released: bool) -> Attempt:
    if released and attempt.outcome.is_uncertain:
        return _ended(attempt, AttemptOutcome.RETRYABLE, "A person had it sent again.", now)
    if attempt.outcome is AttemptOutcome.PENDING:
        return _ended(attempt, AttemptOutcome.UNKNOWN, "The worker was lost before it had an answer.", now)
    return attempt


def answered(post: Post, answer: Answer, now: datetime, jitter: float) -> PostStatus:
    """The status once the newest attempt has its answer. ``jitter`` is random in [0, 1)."""
    *earlier, attempt = post.status.attempts
    match answer:
        case Confirmed():
            return _published(post, answer, now)
        case Refused(message=message):
            ended = _ended(attempt, AttemptOutcome.REFUSED, message, now)
            in_doubt = first_uncertain(post.status.model_copy(update={"attempts": earlier})) is not None
            return post.status.model_copy(
                update={
                    **_begun(answer),
                    "phase": PostPhase.HELD if in_doubt else PostPhase.FAILED,
                    "attempts": [*earlier, ended],
                    "next_attempt_at": None,
                }
            )
        case NotTaken(message=message, retry_after=retry_after):
            outcome = AttemptOutcome.RETRYABLE
        case CredentialsRefused(message):
            # The Channel is not Ready until they are replaced; that holds the post back, not the clock.
            outcome, retry_after = AttemptOutcome.RETRYABLE, None
        case Unclear(message, retry_after):
            outcome = AttemptOutcome.UNKNOWN
    ended = _ended(attempt, outcome, message, now)
    return post.status.model_copy(
        update={
            **_begun(answer),
            "phase": PostPhase.SCHEDULED,
            "attempts": [*earlier, ended],
            "next_attempt_at": format_instant(now + pause(len(post.status.attempts), jitter, retry_after)),
        }
    )


def looked_up(
    post: Post, finding: Finding, now: datetime, jitter: float, settles_within: timedelta = timedelta(0)
) -> PostStatus:
    """The status once the platform was asked about attempts without a known outcome.

    What is not there may still come while a request can be under way on the platform: then it is looked for again.
    """
    settled_at = _last_sign(post) + settles_within
    if isinstance(finding, NotTaken) and now < settled_at:
        return post.status.model_copy(update={"next_attempt_at": format_instant(settled_at)})
    match finding:
        case Confirmed():
            return _published(post, finding, now)
        case NotTaken():
            told = "Not on the platform." if finding.begun is None else finding.message
            settled = _settled(post, AttemptOutcome.RETRYABLE, told, now)
            return post.status.model_copy(
                update={
                    **_begun(finding),
                    "phase": PostPhase.SCHEDULED,
                    "attempts": settled,
                    "next_attempt_at": None,
                }
            )
        case Unclear(message=message, lasting=True):
            looked = _settled(post, AttemptOutcome.UNKNOWN, message, now)
            return post.status.model_copy(update={"phase": PostPhase.HELD, "attempts": looked, "next_attempt_at": None})
        case Unclear() | CredentialsRefused():
            retry_after = finding.retry_after if isinstance(finding, Unclear) else None
            again = now + pause(len(post.status.attempts), jitter, retry_after)
            return post.status.model_copy(update={"next_attempt_at": format_instant(again)})


def _settled(post: Post, outcome: AttemptOutcome, message: str, now: datetime) -> list[Attempt]:
    """The attempts once the platform has said what is to be known of those that may be out."""
    return [_ended(each, outcome, message, now) if each.outcome.is_uncertain else each for each in post.status.attempts]


def _begun(answer: Answer) -> dict[str, str | None]:
    """What is recorded of a post that is out without all that follows it."""
    if not isinstance(answer, NotTaken | Refused) or answer.begun is None:
        return {}
    return {"platform_id": answer.begun.platform_id, "url": answer.begun.url}


def _last_sign(post: Post) -> datetime:
    """When the newest attempt was last known to be under way."""
    last = post.status.attempts[-1]
    return parse_instant(last.finished_at or last.started_at)


def _published(post: Post, answer: Confirmed, now: datetime) -> PostStatus:
    *earlier, attempt = post.status.attempts
    due = due_or_none(post)
    out = now
    if answer.at is not None:
        # By the platform's clock, which may differ from ours: not before the first attempt, not later than now.
        out = min(max(answer.at, parse_instant(post.status.attempts[0].started_at)), now)
    return post.status.model_copy(
        update={
            "phase": PostPhase.PUBLISHED,
            "attempts": [*earlier, _ended(attempt, AttemptOutcome.CONFIRMED, answer.message, now)],
            "platform_id": answer.platform_id,
            "url": answer.url,
            "published_at": format_instant(out),
            "lateness_seconds": round((out - due).total_seconds(), 3) if due else None,
            "next_attempt_at": None,
        }
    )


def pause(attempts: int, jitter: float, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait after that many attempts: doubling, the upper half random, never less than asked for."""
    longest = min(FIRST_PAUSE * int(2 ** min(max(attempts, 1) - 1, 20)), LONGEST_PAUSE)
    backoff = longest * (0.5 + jitter / 2)
    return backoff if retry_after is None else max(retry_after + FIRST_PAUSE * jitter, backoff)


def _ended(attempt: Attempt, outcome: AttemptOutcome, message: str, now: datetime) -> Attempt:
    return attempt.model_copy(
        update={
            "outcome": outcome,
            "message": message[:_MESSAGE_LIMIT] or None,
            "finished_at": attempt.finished_at or format_instant(now),
        }
    )


def _kept(attempts: list[Attempt]) -> list[Attempt]:
    """The last ten; the earliest doubt stays, since the platform's memory of the key counts from it."""
    if len(attempts) <= ATTEMPTS_KEPT:
        return attempts
    dropped, kept = attempts[:-ATTEMPTS_KEPT], attempts[-ATTEMPTS_KEPT:]
    doubt = next((a for a in dropped if a.outcome is AttemptOutcome.UNKNOWN), None)
    return kept if doubt is None else [doubt, *kept[1:]]
