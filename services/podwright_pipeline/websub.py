"""Telling WebSub hubs that a feed has changed.

How a publisher tells its hub is left open by the recommendation (https://www.w3.org/TR/websub/#publishing); hubs take
``hub.mode=publish`` with ``hub.url``, as PubSubHubbub 0.4 has it.
"""

import logging

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from podwright_core.egress import Egress
from podwright_transport.guarded import GuardedTransport, NotPermittedError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10.0
_TRIES = 3


def notify(hub: str, topic: str, egress: Egress) -> None:
    """Tells a hub that ``egress`` permits; what goes wrong is logged, since hubs look by themselves, too.

    A tenant names the hubs: of what one answers, the status alone is read.
    """
    try:
        status = _told(hub, topic, egress)
    except NotPermittedError as error:
        logger.warning("the hub %s is not told of %s: %s (chart value stages.fetch.allow)", hub, topic, error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("the hub %s could not be told of %s: %s", hub, topic, error)
    else:
        told = logging.INFO if httpx.codes.is_success(status) else logging.WARNING
        logger.log(told, "the hub %s answered to the news of %s: HTTP %d", hub, topic, status)


@retry(
    retry=retry_if_exception_type((httpx.ConnectError, httpx.ConnectTimeout)),
    stop=stop_after_attempt(_TRIES),
    wait=wait_random_exponential(multiplier=0.5, max=_TIMEOUT_S),
    reraise=True,
)
def _told(hub: str, topic: str, egress: Egress) -> int:
    with (
        httpx.Client(timeout=_TIMEOUT_S, transport=GuardedTransport(egress)) as client,
        client.stream("POST", hub, data={"hub.mode": "publish", "hub.url": topic}) as answer,
    ):
        return answer.status_code
