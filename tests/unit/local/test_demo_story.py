"""How the demo is followed: what moves, what is silent for a while, what stays away."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from podwright_local import demo_story
from podwright_local.commands import CommandError, LocalError
from podwright_local.demo import Demo
from podwright_local.kubectl import Kubectl
from podwright_local.progress import Progress
from podwright_local.targets import Target

POST = {"kind": "Post", "metadata": {"name": "one", "generation": 1}, "spec": {"campaignRef": {"name": "launch"}}}
WAITING: dict[str, Any] = {
    **POST,
    "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Scheduled"}]},
}
READY = {
    **POST,
    "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]},
}


@dataclass
class Answers:
    """What the API server says, one answer after the other, the last one again and again; None: it is away."""

    answers: list[dict[str, Any] | None]
    program: str = "kubectl"
    asked: int = field(default=0)

    def run(self, *_: str) -> str:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if answer is None:
            raise CommandError(("kubectl",), 1, "TLS handshake timeout")
        return json.dumps({"items": [answer]})

    def command(self, *arguments: str) -> str:
        return " ".join((self.program, *arguments))


def follow(*answers: dict[str, Any] | None) -> Answers:
    api = Answers(list(answers))
    demo_story.follow(Demo(cast("Kubectl", api), Progress(), cast("Target", None)), lambda _: None)
    return api


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_an_api_server_that_is_away_for_a_moment_does_not_end_the_demo() -> None:
    assert follow(WAITING, None, None, READY).asked == 4


def test_one_that_stays_away_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_story, "AWAY_SECONDS", 0.0)
    with pytest.raises(CommandError, match="TLS handshake timeout"):
        follow(WAITING, None)


def test_what_takes_too_long_is_named_with_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_story, "TIMEOUT_SECONDS", 0.0)
    with pytest.raises(LocalError, match=r"post/one: Scheduled[\s\S]*`make demo` looks on"):
        follow(WAITING)
