"""What a Channel's status says, from its Secret or its Podcast, and when it gets a publishing run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from podwright_core.channel_limits import max_characters
from podwright_core.schedule import ScheduleError, blackout, time_zone_named
from podwright_core.times import format_instant
from podwright_crds import names
from podwright_crds.channel import Channel, ChannelSpec, ChannelStatus, ChannelType, Delivery
from podwright_crds.channel_settings import EmailSettings, MastodonSettings, WebhookSettings
from podwright_crds.podcast import Podcast
from podwright_crds.resource import ConditionStatus, ConditionType, Reason
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import (
    Child,
    ChildMode,
    ExtraCondition,
    Outcome,
    OutcomeKind,
    Plan,
    ready,
    stalled,
    suspended,
    waiting,
)
from podwright_operator.kinds.channel.runs import ChannelWork, next_run, run_children
from podwright_operator.kinds.publish_job import publish_job_spec, publisher_identity
from podwright_operator.settings import StageJobSettings
from podwright_publish.capabilities import COUNTED
from podwright_publish.credentials import (
    KEYS,
    NEEDED_KEYS,
    WARN_BEFORE,
    can_renew,
    credentials_digest,
    credentials_problem,
    expired,
    expires_at,
)

#: Nothing wakes a Channel when its Secret changes.
_WHILE_BROKEN: Final = timedelta(seconds=10)
_WHILE_WELL: Final = timedelta(minutes=1)

#: Kubernetes' limit for names of CronJobs.
_CRON_JOB_NAME: Final = 52
#: A run that was missed for longer than this is left to the next one.
_START_WITHIN_S: Final = 600

#: How to make a value for a key that is missing.
_MAKE: Final[Mapping[str, str]] = {"signingSecret": "whsec_$(openssl rand -base64 32)"}
#: Types that can do without a Secret.
_WITHOUT: Final = frozenset({ChannelType.FEED, ChannelType.EMAIL})


@dataclass(frozen=True)
class ChannelObserved:
    #: The decoded Secret; None where it does not exist.
    credentials: Mapping[str, str] | None = None
    podcast: Podcast | None = None
    work: ChannelWork = field(default_factory=ChannelWork)


def desired(channel: Channel, observed: ChannelObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """Decide: a pure function."""
    outcome = _outcome(channel, observed, now)
    well = outcome.kind is OutcomeKind.READY
    start = next_run(channel, observed.work, now) if well else None
    digest = credentials_digest(observed.credentials) if observed.credentials else None
    return Plan(
        outcome=outcome,
        status=ChannelStatus(
            max_characters=max_characters(channel.spec.type.value, channel.spec.limits.max_characters),
            credentials_digest=digest,
            checked_at=_checked_at(channel, digest, now) if well else channel.status.checked_at,
            delivery=_delivery(channel, digest),
        ),
        children=(
            *(run_children(channel, observed.work, settings) if start is not None and start <= now else ()),
            *_collecting(channel, settings, idle=not well),
            *_renewing(channel, observed.credentials, settings),
        ),
        keep=frozenset((kube.JOB, run.name) for run in observed.work.runs),
        conditions=() if outcome.kind is OutcomeKind.SUSPENDED else (_connected(outcome),),
        requeue_after=_look_again(start, now) if well else _WHILE_BROKEN,
        guarded=True,  # publishers write status.delivery
    )


def _look_again(start: datetime | None, now: datetime) -> timedelta:
    """At the latest when the next run starts."""
    return _WHILE_WELL if start is None or start <= now else min(_WHILE_WELL, start - now)


def _collecting(channel: Channel, settings: StageJobSettings, *, idle: bool) -> tuple[Child, ...]:
    """What reads the numbers of published posts, where the platform tells them and somebody wants them."""
    metrics = channel.spec.metrics
    if metrics is None or channel.spec.type not in COUNTED:
        return ()
    return _at(metrics.cron, channel, "metrics", settings, idle=idle)


def _renewing(channel: Channel, credentials: Mapping[str, str] | None, settings: StageJobSettings) -> tuple[Child, ...]:
    """What renews tokens that would end while nothing is sent: daily, each channel at a time of its own."""
    kind = channel.spec.type
    if credentials is None or not (KEYS[kind].ends_unused and can_renew(kind, credentials)):
        return ()
    minute = int(kube.digest(channel.metadata.uid), 16) % (24 * 60)
    return _at(f"{minute % 60} {minute // 60} * * *", channel, "renew", settings)


def _at(cron: str, channel: Channel, what: str, settings: StageJobSettings, *, idle: bool = False) -> tuple[Child, ...]:
    """A CronJob, in UTC, that runs the publisher's command ``what`` for the channel."""
    spec: Raw = {
        "schedule": cron,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _START_WITHIN_S,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "suspend": idle,
        "jobTemplate": {"spec": publish_job_spec(channel, what, settings)},
    }
    name = names.child_name(channel.metadata.name, what, limit=_CRON_JOB_NAME)
    return (
        *publisher_identity(channel.metadata.namespace, settings),
        Child(kube.CRON_JOB, {"metadata": {"name": name}, "spec": spec}, ChildMode.APPLY),
    )


def _delivery(channel: Channel, digest: str | None) -> Delivery | None:
    """As publishers left it; credentials that were replaced are not refused any more."""
    before = channel.status.delivery
    if before is None or before.refused is None or before.refused.digest == digest:
        return before
    return before.model_copy(update={"refused": None})


def _outcome(channel: Channel, observed: ChannelObserved, now: datetime) -> Outcome:
    if channel.spec.suspend:
        return suspended("Suspended: nothing is sent to this channel until spec.suspend is false.")
    if channel.spec.quiet_hours:
        try:
            time_zone_named(channel.spec.quiet_hours.time_zone)
        except ScheduleError as error:
            return stalled(Reason.INVALID_SCHEDULE, f"Correct spec.quietHours: {error}.")
    if channel.spec.blackout:
        try:
            blackout(channel.spec.blackout.days, channel.spec.blackout.time_zone)
        except ScheduleError as error:
            return stalled(Reason.INVALID_SCHEDULE, f"Correct spec.blackout: {error}.")
    if channel.spec.type is ChannelType.FEED:
        return _feed_outcome(channel, observed.podcast)
    if channel.spec.type is ChannelType.WEBHOOK and channel.spec.webhook is None:
        return stalled(Reason.CHANNEL_REJECTED, "Set spec.webhook.url to the address that receives the posts.")
    return _credentials_outcome(channel, observed.credentials, now)


def _feed_outcome(channel: Channel, podcast: Podcast | None) -> Outcome:
    if channel.spec.feed is None:
        return stalled(Reason.CHANNEL_REJECTED, "Set spec.feed.podcastRef to the Podcast whose feed this is.")
    name = channel.spec.feed.podcast_ref.name
    if podcast is None:
        return waiting(
            Reason.PODCAST_NOT_FOUND, f"Waiting for Podcast '{name}', which does not exist in this namespace."
        )
    if not podcast.spec.feed.enabled:
        return stalled(Reason.CHANNEL_REJECTED, f"Podcast '{name}' has no feed: set its spec.feed.enabled to true.")
    return ready(f"Posts count as published when their episode stands in the feed of '{podcast.spec.title}'.")


def _credentials_outcome(channel: Channel, credentials: Mapping[str, str] | None, now: datetime) -> Outcome:
    if channel.spec.credentials_ref is None:
        if channel.spec.type in _WITHOUT:
            return ready(f"Posts go to {_where(channel.spec)} without a login.")
        keys = ", ".join(NEEDED_KEYS[channel.spec.type])
        return stalled(Reason.INVALID_CREDENTIALS, f"Set spec.credentialsRef to a Secret with the key {keys}.")
    name, namespace = channel.spec.credentials_ref.name, channel.metadata.namespace
    if credentials is None:
        return waiting(
            Reason.CREDENTIALS_NOT_FOUND,
            f"Secret '{name}' does not exist in this namespace. Create it: {_create(channel, name, namespace)}",
        )
    if problem := credentials_problem(channel.spec.type, credentials):
        return stalled(
            Reason.INVALID_CREDENTIALS,
            f"Secret '{name}': {problem}. Replace it: kubectl delete secret {name} -n {namespace} && "
            f"{_create(channel, name, namespace)}",
        )
    return _life_outcome(channel, name, credentials, now)


def _life_outcome(channel: Channel, name: str, credentials: Mapping[str, str], now: datetime) -> Outcome:
    """Of credentials that are complete: whether they still count."""
    # The command stands at the end: `podwright explain` takes it from there.
    cure = (
        "Posts wait, and go out once there are new ones, unless spec.maxLateness is over by then. "
        f"docs/channels/{channel.spec.type}.md says how to get them. Replace them: kubectl delete secret {name} "
        f"-n {channel.metadata.namespace} && {_create(channel, name, channel.metadata.namespace)}"
    )
    if since := expired(channel.spec.type, credentials, now):
        return stalled(Reason.INVALID_CREDENTIALS, f"The credentials ended at {format_instant(since)}. {cure}")
    refused = channel.status.delivery.refused if channel.status.delivery else None
    if refused is not None and refused.digest == credentials_digest(credentials):
        return stalled(Reason.INVALID_CREDENTIALS, f"The platform refuses the credentials ({refused.message}). {cure}")
    return ready(
        f"The credentials in Secret '{name}' are complete; posts go to {_where(channel.spec)}."
        + _ending(channel.spec.type, credentials, now)
    )


def _ending(kind: ChannelType, credentials: Mapping[str, str], now: datetime) -> str:
    end = expires_at(credentials)
    if end is None or can_renew(kind, credentials) or end - now > WARN_BEFORE:
        return ""
    return f" They end at {format_instant(end)} and nothing renews them: replace them before."


def _where(spec: ChannelSpec) -> str:
    """Where posts go, for people."""
    match spec:
        case ChannelSpec(webhook=WebhookSettings(url=url)) | ChannelSpec(mastodon=MastodonSettings(url=url)):
            return url
        case ChannelSpec(email=EmailSettings(recipient=recipient, host=host)):
            return f"{recipient} by {host}"
        case _:
            return spec.type.value


def _create(channel: Channel, name: str, namespace: str) -> str:
    literals = " ".join(f'--from-literal={key}="{_MAKE.get(key, "…")}"' for key in NEEDED_KEYS[channel.spec.type])
    return f"kubectl create secret generic {name} -n {namespace} {literals}"


def _checked_at(channel: Channel, digest: str | None, now: datetime) -> str:
    """When these credentials were first found well: a time that moved with each look would be written each time."""
    before = channel.status
    known = before.checked_at if before.credentials_digest == digest else None
    return known or format_instant(now.replace(microsecond=0))


def _connected(outcome: Outcome) -> ExtraCondition:
    status = ConditionStatus.TRUE if outcome.kind is OutcomeKind.READY else ConditionStatus.FALSE
    return ExtraCondition(ConditionType.CONNECTED, status, outcome.reason, outcome.message)
