"""The demo as a person follows it: a line whenever something moves, and at the end what came out and where to look."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Kubectl = Callable[..., str]
"""Runs kubectl in the demo's namespace and gives its output."""

KINDS = ("modelendpoints", "podcasts", "episodes", "channels", "campaigns", "posts")
TIMEOUT_SECONDS = 1200
#: Stalled may pass while things arrive out of order; after this long the demo gives up on it.
STALLED_SECONDS = 120


class DemoFailedError(Exception):
    """The demo did not end well; the message says what stands in the way."""


@dataclass(frozen=True)
class State:
    """What one line of the story shows of one object."""

    what: str
    text: str
    ready: bool
    stalled: bool


def follow(kubectl: Kubectl, say: Callable[[str], None]) -> None:
    """Tell what moves until every endpoint, episode and post of the samples is there.

    Raises:
        DemoFailedError: something stalled for two minutes, or twenty minutes were not enough.
    """
    started = time.monotonic()
    told: dict[str, str] = {}
    stalled_since: dict[str, float] = {}
    while True:
        states = list(_states(json.loads(kubectl("get", ",".join(KINDS), "-o", "json"))["items"]))
        now = time.monotonic()
        for state in states:
            if told.get(state.what) != state.text:
                told[state.what] = state.text
                say(f"{state.what:<32} {state.text}")
        if _complete(states):
            return
        stalled = {state.what: state for state in states if state.stalled}
        stalled_since = {what: stalled_since.get(what, now) for what in stalled}
        for what, since in stalled_since.items():
            if now - since > STALLED_SECONDS:
                raise DemoFailedError(f"{what} is stalled: {stalled[what].text}")
        if now - started > TIMEOUT_SECONDS:
            waiting = "; ".join(f"{s.what}: {s.text}" for s in states if not s.ready)
            raise DemoFailedError(f"not finished after {TIMEOUT_SECONDS // 60} minutes. {waiting}")
        time.sleep(1)


def _complete(states: list[State]) -> bool:
    kinds = {state.what.split("/")[0] for state in states}
    return {"episode", "post", "modelendpoint"} <= kinds and all(state.ready for state in states)


def _states(items: list[Object]) -> Iterator[State]:
    for item in items:
        status = item.get("status", {})
        conditions = {c["type"]: c for c in status.get("conditions", [])}
        ready = conditions.get("Ready", {})
        current = status.get("observedGeneration") == item["metadata"]["generation"]
        text = f"{ready.get('reason', 'Waiting')}: {ready.get('message', 'not looked at yet')}"
        yield State(
            what=f"{item['kind'].lower()}/{item['metadata']['name']}",
            text=text if len(text) <= 160 else text[:159] + "…",
            ready=current and ready.get("status") == "True",
            stalled=conditions.get("Stalled", {}).get("status") == "True",
        )
