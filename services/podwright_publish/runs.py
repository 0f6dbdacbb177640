"""When a channel needs a publishing run, and what such a run takes up. Pure: operator and publisher share it.

A run is one pod for all of a channel: its single posts, and those of campaigns that their CronJob did not get to.
"""

from datetime import datetime, timedelta
from typing import Final

from podwright_core.times import parse_instant
from podwright_crds.post import Post
from podwright_publish.capabilities import capabilities_around
from podwright_publish.due import Surroundings, due_or_none
from podwright_publish.protocol import Settled, Wait, is_released, next_step

#: A run starts so long before a post is due: by then its pod is there.
LEAD: Final = timedelta(seconds=30)
#: How long a post of a campaign is left to the campaign's CronJob: late approvals, retries and missed runs do not wait
#: for the next slot.
CATCH_UP_AFTER: Final = timedelta(minutes=2)


def taken_up_from(post: Post) -> datetime | None:
    """From when on the channel's runs may work on a post; None: whenever there is something to do."""
    if post.spec.campaign_ref is None or is_released(post):
        return None
    again = parse_instant(post.status.next_attempt_at) if post.status.next_attempt_at else None
    return max((moment + CATCH_UP_AFTER for moment in (due_or_none(post), again) if moment is not None), default=None)


def wanted_at(post: Post, around: Surroundings, now: datetime) -> datetime | None:
    """When a run has something to do for a post; None where the clock alone will not bring it."""
    step = next_step(post, around, capabilities_around(around.channel, post), now)
    if isinstance(step, Settled):
        return None
    moment = step.until if isinstance(step, Wait) else now
    begin = taken_up_from(post)
    return moment if moment is None or begin is None else max(moment, begin)
