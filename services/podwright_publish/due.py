"""Whether a post may go out now. Pure; the operator explains with it, the publisher acts on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podwright_core.schedule import blackout
from podwright_core.times import format_instant, parse_duration, parse_instant
from podwright_crds.approvals import approvals_missing, approvals_needed, is_outdated, told_missing
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel, QuietHours
from podwright_crds.post import ApprovalState, Post, PostPhase
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_publish.validation import post_problems

_DAY = timedelta(days=1)
#: Later times have no room for what is added to them: the longest duration is ten years, the last year 9999.
_LAST = datetime(9980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Surroundings:
    """What else decides about a post."""

    channel: Channel | None
    campaign: Campaign | None = None
    #: When posts went out on the same channel; those of the last day are counted.
    sent: Sequence[datetime] = ()


@dataclass(frozen=True)
class Go:
    """The post may be sent now."""


@dataclass(frozen=True)
class NotNow:
    """The post may not be sent, and why. ``until`` is when to look again by the clock alone."""

    phase: PostPhase
    reason: Reason
    message: str
    until: datetime | None = None


Verdict = Go | NotNow


def due_at(post: Post) -> datetime | None:
    """When the post is due; ``None``: as soon as it is approved. Raises ``ValueError`` on a time that is wrong."""
    return instant_with_room(post.spec.publish_at) if post.spec.publish_at else None


def due_or_none(post: Post) -> datetime | None:
    """The same; ``None`` also for a time that is wrong, which keeps the post from going out."""
    try:
        return due_at(post)
    except ValueError:
        return None


def instant_with_room(text: str) -> datetime:
    """An instant that times after it can be worked out from; raises ``ValueError``."""
    instant = parse_instant(text)
    if instant > _LAST:
        raise ValueError(f"'{text}' lies too far ahead")
    return instant


def latest_at(post: Post, campaign: Campaign | None = None) -> datetime | None:
    """From this time on the post is Missed; ``None``: never. Raises ``ValueError``."""
    due = due_at(post)
    ends = [] if due is None else [due + parse_duration(post.spec.max_lateness)]
    if campaign is not None and campaign.spec.window.end:
        ends.append(parse_instant(campaign.spec.window.end))
    return min(ends, default=None)


def verdict(post: Post, around: Surroundings, now: datetime) -> Verdict:
    """The first thing that stands against sending the post, or ``Go``."""
    try:
        for check in (
            _decided,
            _in_time,
            _fits,
            _not_orphaned,
            _not_suspended,
            _due,
            connected,
            not_paused,
            _no_blackout,
            _awake,
            _within_quota,
        ):
            answer = check(post, around, now)
            if answer is not None:
                return answer
    except ValueError as error:
        return NotNow(PostPhase.FAILED, Reason.INVALID_SCHEDULE, f"Correct spec: {error}.")
    return Go()


@dataclass(frozen=True)
class Foreseen:
    """When a post goes out by the clock alone, all else being well then."""

    #: ``None``: never, it will be Missed.
    at: datetime | None
    #: What first holds it back; empty where it goes out when it is due.
    why: str = ""


def foreseen(post: Post, around: Surroundings, now: datetime) -> Foreseen:
    """Raises ``ValueError`` on times, days and zones that are wrong."""
    at, why = max(now, _begins_at(post, around.campaign) or now), ""
    checks = (_in_time, not_paused, _no_blackout, _awake, _within_quota)
    while (against := next((found for check in checks if (found := check(post, around, at))), None)) is not None:
        why = why or against.message
        if against.until is None:
            return Foreseen(None, why)
        at = against.until
    return Foreseen(at, why)


def _decided(post: Post, around: Surroundings, _now: datetime) -> NotNow | None:
    approval = post.spec.approval
    note = f": {approval.note}" if approval.note else ""
    if approval.state is ApprovalState.REJECTED:
        by = f" by {approval.by}" if approval.by else ""
        return NotNow(PostPhase.REJECTED, Reason.REJECTED, f"Rejected{by}{note}.")
    if (needed := _approval_needed(post, around)) is None:
        return None
    latest = latest_at(post, around.campaign)
    deadline = f" before {format_instant(latest)}" if latest else ""
    return NotNow(PostPhase.DRAFT, Reason.APPROVAL_NEEDED, f"{needed}{deadline}.")


def _approval_needed(post: Post, around: Surroundings) -> str | None:
    """What a person has to do for the post to go out; ``None`` where it is approved as it is."""
    missing = approvals_missing(post, approvals_needed(around.campaign, around.channel))
    if missing:
        how = f"podwright approve post/{post.metadata.name} --role ROLE, or spec.approval.given"
        return f"Read the text; it needs the approval of {told_missing(missing)} ({how})"
    if is_outdated(post):
        record = post.status.approval
        whose = f" by {record.by}" if record and record.by else ""
        when = f" at {record.at}" if record else ""
        return (
            f"The post was changed after the decision{whose}{when}: read it again, then podwright approve "
            f"post/{post.metadata.name}, or give spec.approval.at a new time"
        )
    if post.spec.approval.state in {ApprovalState.DRAFT, ApprovalState.IN_REVIEW}:
        return "Read the text and set spec.approval.state to Approved or Rejected"
    return None


def _in_time(post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    latest = latest_at(post, around.campaign)
    if latest is not None and now >= latest:
        return NotNow(
            PostPhase.MISSED,
            Reason.MISSED,
            f"It had to go out by {format_instant(latest)} and did not. Set a new spec.publishAt to send it after all.",
        )
    return None


def _fits(post: Post, around: Surroundings, _now: datetime) -> NotNow | None:
    if around.channel is None:
        return None
    found = post_problems(around.channel.spec, post.spec)
    return NotNow(PostPhase.FAILED, Reason.TEXT_REJECTED, found[0]) if found else None


def _not_orphaned(post: Post, around: Surroundings, _now: datetime) -> NotNow | None:
    reference = post.spec.campaign_ref
    if reference is None or around.campaign is not None:
        return None
    message = f"Campaign '{reference.name}' does not exist any more: create it again or delete this post."
    return NotNow(PostPhase.SCHEDULED, Reason.CAMPAIGN_NOT_FOUND, message)


def _not_suspended(post: Post, around: Surroundings, _now: datetime) -> NotNow | None:
    for what, suspended in (
        ("the post", post.spec.suspend),
        ("its campaign", around.campaign is not None and around.campaign.spec.suspend),
        ("its channel", around.channel is not None and around.channel.spec.suspend),
    ):
        if suspended:
            message = f"Not sent while {what} is suspended: set spec.suspend to false to go on."
            return NotNow(PostPhase.SCHEDULED, Reason.SUSPENDED, message)
    return None


def _due(post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    begins = _begins_at(post, around.campaign)
    if begins is not None and now < begins:
        return NotNow(PostPhase.SCHEDULED, Reason.SCHEDULED, f"Goes out at {format_instant(begins)}.", until=begins)
    return None


def _begins_at(post: Post, campaign: Campaign | None) -> datetime | None:
    """When the post is due, and its campaign has begun."""
    due = due_at(post)
    if campaign is None or not campaign.spec.window.start:
        return due
    start = instant_with_room(campaign.spec.window.start)
    return start if due is None else max(due, start)


def connected(post: Post, around: Surroundings, _now: datetime) -> NotNow | None:
    name = post.spec.channel_ref.name
    if around.channel is None:
        message = f"Channel '{name}' does not exist in this namespace: create it or correct spec.channelRef."
        return NotNow(PostPhase.SCHEDULED, Reason.CHANNEL_NOT_FOUND, message)
    ready = next((c for c in around.channel.status.conditions if c.type == ConditionType.READY), None)
    if ready is None or ready.status is not ConditionStatus.TRUE:
        why = f": {ready.message}" if ready is not None and ready.message else "."
        return NotNow(PostPhase.SCHEDULED, Reason.CHANNEL_NOT_READY, f"Channel '{name}' is not ready{why}")
    return None


def not_paused(_post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    """What the platform asked of one publisher holds for all of them."""
    delivery = around.channel.status.delivery if around.channel else None
    if delivery is None or delivery.paused_until is None:
        return None
    until = parse_instant(delivery.paused_until)
    if now >= until:
        return None
    why = f": {delivery.message}" if delivery.message else "."
    message = f"The channel rests until {format_instant(until)}{why}"
    return NotNow(PostPhase.SCHEDULED, Reason.RETRYING, message, until=until)


def _no_blackout(_post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    until = blackout_until(around.campaign, around.channel, now)
    if until is None:
        return None
    message = f"A blackout day: nothing goes out before {format_instant(until)}."
    return NotNow(PostPhase.SCHEDULED, Reason.SCHEDULED, message, until=until)


def blackout_until(campaign: Campaign | None, channel: Channel | None, now: datetime) -> datetime | None:
    """When the blackout day of ``now`` is over; raises ``ValueError`` on a day or zone that does not exist."""
    found = []
    if campaign is not None:
        found.append(blackout(campaign.spec.cadence.blackout_days, campaign.spec.cadence.time_zone))
    if channel is not None and channel.spec.blackout is not None:
        found.append(blackout(channel.spec.blackout.days, channel.spec.blackout.time_zone))
    ends = [end for each in found if each is not None and (end := each.until(now)) is not None]
    return max(ends, default=None)


def _awake(_post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    quiet = around.channel.spec.quiet_hours if around.channel else None
    until = quiet_until(quiet, now) if quiet else None
    if until is None:
        return None
    return NotNow(
        PostPhase.SCHEDULED, Reason.SCHEDULED, f"Quiet hours of the channel until {format_instant(until)}.", until=until
    )


def _within_quota(_post: Post, around: Surroundings, now: datetime) -> NotNow | None:
    limit = around.channel.spec.limits.max_posts_per_day if around.channel else None
    if limit is None:
        return None
    recent = sorted(sent for sent in around.sent if now - _DAY < sent <= now)
    if len(recent) < limit:
        return None
    until = recent[-limit] + _DAY
    message = f"The channel had its {limit} posts of 24 hours; goes on at {format_instant(until)}."
    return NotNow(PostPhase.SCHEDULED, Reason.SCHEDULED, message, until=until)


def quiet_until(quiet: QuietHours, now: datetime) -> datetime | None:
    """When the quiet hours that hold ``now`` end, ``None`` outside of them; raises ``ValueError`` on a wrong zone.

    Equal start and end mean no quiet hours.
    """
    try:
        zone = ZoneInfo(quiet.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time zone '{quiet.time_zone}' of the channel's quiet hours does not exist") from None
    local = now.astimezone(zone)
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock = local.time()
    overnight = end < start
    inside = (clock >= start or clock < end) if overnight else start <= clock < end
    if not inside:
        return None
    day = local.date() + _DAY if overnight and clock >= start else local.date()
    until = datetime.combine(day, end, tzinfo=zone).astimezone(now.tzinfo)
    # In the hour that the clocks repeat, the end may read as one that is past already: its second coming is meant.
    return until if until > now else datetime.combine(day, end, tzinfo=zone).replace(fold=1).astimezone(now.tzinfo)
