"""When a Channel gets a publishing Job: one pod for all that comes due on it, whatever the number of posts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from podwright_crds import names
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.post import Post
from podwright_crds.resource import Condition, ConditionStatus, ConditionType, Reason
from podwright_operator.engine import kube
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.kinds.job_state import JobPhase, JobSeen
from podwright_operator.kinds.publish_job import publish_job_spec, publisher_identity
from podwright_operator.settings import StageJobSettings
from podwright_publish.due import Surroundings
from podwright_publish.runs import LEAD, wanted_at

#: A run that ended well saw everything that was there until then; what it left over is tried again after a breath.
_AGAIN_AFTER: Final = timedelta(seconds=10)
_AGAIN_AFTER_FAILURE: Final = timedelta(minutes=2)


@dataclass(frozen=True)
class Run:
    """A publishing Job of the channel."""

    name: str
    #: When it ended; None while it runs.
    ended: datetime | None = None
    failed: bool = False


@dataclass(frozen=True)
class ChannelWork:
    """What is to be published on a channel, and who is at it."""

    runs: Sequence[Run] = ()
    #: Those that something can still become of; not looked at while a run is there.
    posts: Sequence[Post] = ()
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    sent: Sequence[datetime] = ()


def runs_seen(jobs: Iterable[JobSeen]) -> tuple[Run, ...]:
    return tuple(
        Run(job.name, (job.finished or job.created) if job.is_over else None, failed=job.phase is JobPhase.FAILED)
        for job in jobs
    )


def next_run(channel: Channel, work: ChannelWork, now: datetime) -> datetime | None:
    """When the next run of a channel that is Ready has to start; None: one is there, or the clock brings nothing.

    A run looks after whatever comes due while it is there, so at most one is there.
    """
    if any(run.ended is None for run in work.runs):
        return None
    ready = _as_ready(channel, now)
    wanted = [moment for post in work.posts if (moment := wanted_at(post, _around(post, ready, work), now)) is not None]
    if not wanted:
        return None
    again = [run.ended + (_AGAIN_AFTER_FAILURE if run.failed else _AGAIN_AFTER) for run in work.runs if run.ended]
    return max(min(wanted) - LEAD, *again) if again else min(wanted) - LEAD


def run_children(channel: Channel, work: ChannelWork, settings: StageJobSettings) -> tuple[Child, ...]:
    """The Job of a new run, and what its pod runs as."""
    # The name changes with the runs that were there, so a look before the new Job is seen asks for the same one.
    material = [channel.metadata.uid, sorted(run.name for run in work.runs)]
    name = names.child_name(channel.metadata.name, "publish", kube.digest(material)[:8])
    body = {"metadata": {"name": name}, "spec": publish_job_spec(channel, "channel", settings)}
    job = Child(kube.JOB, body, ChildMode.REPLACE, identity=name)
    return (*publisher_identity(channel.metadata.namespace, settings), job)


def _around(post: Post, channel: Channel, work: ChannelWork) -> Surroundings:
    campaign = work.campaigns.get(post.spec.campaign_ref.name) if post.spec.campaign_ref else None
    return Surroundings(channel, campaign, work.sent)


def _as_ready(channel: Channel, now: datetime) -> Channel:
    """The channel as this look finds it: what its status says is from the look before."""
    ready = Condition(
        type=ConditionType.READY,
        status=ConditionStatus.TRUE,
        reason=Reason.READY,
        message="",
        last_transition_time=now,
    )
    return channel.model_copy(update={"status": channel.status.model_copy(update={"conditions": [ready]})})
