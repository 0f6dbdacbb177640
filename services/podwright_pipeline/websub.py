"""Telling WebSub hubs that a feed has changed.

How a publisher tells its hub is left open by the recommendation (https://www.w3.org/TR/websub/#publishing); hubs take
``hub.mode=publish`` with ``hub.url``, as PubSubHubbub 0.4 has it.
"""

import logging

import httpx

logger = logging.getLogger(__name__)

_TIMEOUT_S = 10.0
_TRIES = 3


def notify(hub: str, topic: str) -> None:
    """Tells a hub; what goes wrong is logged, since the feed is there and hubs look by themselves, too."""
    with httpx.Client(timeout=_TIMEOUT_S, transport=httpx.HTTPTransport(retries=_TRIES)) as client:
        try:
            answer = client.post(hub, data={"hub.mode": "publish", "hub.url": topic})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            logger.warning("the hub %s could not be told of %s: %s", hub, topic, error)
            return
    if answer.is_success:
        logger.info("told the hub %s of %s", hub, topic)
    else:
        logger.warning("the hub %s refused %s: HTTP %d %s", hub, topic, answer.status_code, answer.text[:200])
