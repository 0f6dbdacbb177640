"""What a Campaign becomes: posts, a CronJob in its time zone, and totals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from podwright_core.schedule import next_slot
from podwright_core.times import format_instant
from podwright_crds import names
from podwright_crds.campaign import Campaign, CampaignStatus, PostTotals
from podwright_crds.post import PostPhase
from podwright_crds.resource import Reason
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Child, ChildMode, Outcome, Plan, ready, stalled, suspended, waiting
from podwright_operator.kinds.campaign.new_posts import NewPosts, announcement, cadence_of, new_posts
from podwright_operator.kinds.campaign.observed import CampaignObserved, MadePost
from podwright_operator.kinds.publish_job import publish_job_spec, publisher_identity
from podwright_operator.settings import StageJobSettings

#: Kubernetes' limit for names of CronJobs.
_CRON_JOB_NAME: Final = 52
#: A run that was missed for longer than this is left to the posts' own Jobs.
_START_WITHIN_S: Final = 300
_STORAGE_RETRY: Final = timedelta(seconds=15)
_NAMES_TOLD: Final = 5


def desired(campaign: Campaign, observed: CampaignObserved, now: datetime, settings: StageJobSettings) -> Plan:
    """Decide: a pure function."""
    status = _facts(campaign, observed)
    try:
        plan = cadence_of(campaign)
    except ValueError as error:
        # The CronJob stays as it was last valid; posts that have their time go out.
        return Plan(
            outcome=stalled(Reason.INVALID_SCHEDULE, f"Correct spec.cadence or spec.window: {error}."),
            status=status,
            keep=frozenset((kube.CRON_JOB, name) for name in observed.cron_jobs),
        )
    slot = next_slot(plan, now)
    traced = bool(settings.tracing)
    made = new_posts(campaign, observed, plan, now, traced=traced) if not campaign.spec.suspend else NewPosts(())
    outcome = _outcome(campaign, observed, made, status)
    look_again = [slot - now + timedelta(seconds=1)] if slot else []
    if observed.texts_problem:
        look_again.append(_STORAGE_RETRY)
    return Plan(
        outcome=outcome,
        status=status.model_copy(update={"next_slot": format_instant(slot) if slot else None}),
        children=(
            *publisher_identity(campaign.metadata.namespace, settings),
            _cron_job(campaign, idle=not (made.children or _to_publish(observed.posts)), settings=settings),
            *made.children,
        ),
        requeue_after=min(look_again, default=None),
    )


def _cron_job(campaign: Campaign, *, idle: bool, settings: StageJobSettings) -> Child:
    """Suspended while there is nothing to publish: no pod starts at a slot only to find that out."""
    spec: Raw = {
        "schedule": campaign.spec.cadence.cron,
        "timeZone": campaign.spec.cadence.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _START_WITHIN_S,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 2,
        "suspend": campaign.spec.suspend or idle,
        "jobTemplate": {"spec": publish_job_spec(campaign, "campaign", settings)},
    }
    name = names.child_name(campaign.metadata.name, "publish", limit=_CRON_JOB_NAME)
    return Child(kube.CRON_JOB, {"metadata": {"name": name}, "spec": spec}, ChildMode.APPLY)


def _to_publish(posts: Sequence[MadePost]) -> bool:
    return any(post.phase in {None, PostPhase.SCHEDULED, PostPhase.PUBLISHING} for post in posts)


def _facts(campaign: Campaign, observed: CampaignObserved) -> CampaignStatus:
    phases = [post.phase or PostPhase.DRAFT for post in observed.posts]
    totals = PostTotals(
        total=len(phases),
        awaiting_approval=phases.count(PostPhase.DRAFT),
        scheduled=phases.count(PostPhase.SCHEDULED) + phases.count(PostPhase.PUBLISHING),
        published=phases.count(PostPhase.PUBLISHED),
        failed=sum(phases.count(phase) for phase in (PostPhase.FAILED, PostPhase.HELD, PostPhase.MISSED)),
    )
    return campaign.status.model_copy(
        update={
            "episodes": len(observed.episodes),
            "posts": totals,
            "summary": f"{totals.published}/{totals.total}",
            "announced": _announced(campaign, observed),
        }
    )


def _announced(campaign: Campaign, observed: CampaignObserved) -> list[str]:
    episodes = {episode.metadata.name: episode for episode in observed.episodes}
    sent = {
        announcement(episodes[episode], channel)
        for episode, channel in (post.pair for post in observed.posts if post.attempted)
        if episode in episodes
    }
    return sorted(sent.union(campaign.status.announced))


def _outcome(campaign: Campaign, observed: CampaignObserved, made: NewPosts, status: CampaignStatus) -> Outcome:
    if campaign.spec.suspend:
        return suspended("Suspended: no posts are made or sent until spec.suspend is false.")
    missing = [ref.name for ref in campaign.spec.channel_refs if ref.name not in observed.channels]
    if missing:
        return waiting(
            Reason.CHANNEL_NOT_FOUND,
            f"Waiting for Channel {_listed(missing)}, which does not exist in this namespace: create it or correct "
            "spec.channelRefs. Posts on the other channels go on.",
        )
    if observed.texts_problem:
        return waiting(observed.texts_problem.reason, observed.texts_problem.message)
    return _progress(observed, made, status)


def _progress(observed: CampaignObserved, made: NewPosts, status: CampaignStatus) -> Outcome:
    if not observed.episodes:
        return waiting(Reason.EPISODES_NOT_READY, "No episode matches spec.episodes yet.")
    unready = [name for episode in observed.episodes if (name := episode.metadata.name) not in observed.ready]
    if unready:
        return waiting(
            Reason.EPISODES_NOT_READY,
            f"{len(unready)} of {len(observed.episodes)} episodes are not ready: {_listed(unready)}.",
        )
    if made.without_text:
        told = _listed([f"{episode} on {channel}" for episode, channel in made.without_text])
        return waiting(Reason.EPISODES_NOT_READY, f"Waiting for the texts of {told} to be written.")
    if made.without_slot:
        told = _listed([f"{episode} on {channel}" for episode, channel in made.without_slot])
        return stalled(
            Reason.INVALID_SCHEDULE, f"spec.window ends before there is a slot for {told}: move its end or change cron."
        )
    return ready(_told(status.posts or PostTotals(), len(made.children)))


def _told(totals: PostTotals, new: int) -> str:
    parts = [
        (totals.published, "published"),
        (totals.scheduled + new, "scheduled"),
        (totals.awaiting_approval, "waiting for approval (set spec.approval.state)"),
        (totals.failed, "failed, missed or held (kubectl get posts)"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f"Posts: {told}." if told else "All episodes are announced."


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _NAMES_TOLD} more" if len(found) > _NAMES_TOLD else ""
    return ", ".join(found[:_NAMES_TOLD]) + more
