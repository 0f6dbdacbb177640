"""What the operator writes into a status goes out to a webhook, through a real API server and the facade's watch."""

import time
from uuid import uuid4

from standardwebhooks.webhooks import Webhook as Verifier

from tests.integration.accounts.outbox import PATIENCE_SECONDS, Receiver, receiver
from tests.integration.api.conftest import Facade, episode, podcast, post

AT = "2026-11-29T10:00:00Z"


def wait_for(target: Receiver, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(target.got) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_status_goes_out_signed_and_once(facade: Facade) -> None:
    unique = uuid4().hex[:8]
    show, about, name = f"show-{unique}", f"episode-{unique}", f"post-{unique}"
    condition = {"type": "Stalled", "status": "True", "reason": "PublishFailed", "message": "The platform said no."}
    failed = [{**condition, "type": "Ready", "status": "False", "lastTransitionTime": AT}]
    failed.append({**condition, "lastTransitionTime": AT})
    with receiver() as target, facade.client() as client:
        wanted = {"url": target.url, "events": ["post.failed", "post.published"]}
        made = client.post("/webhooks", json=wanted)
        assert made.status_code == 201, made.text
        webhook = made.json()["data"]
        facade.apply(podcast(show), episode(about, show), post(name, "news", "launch", about))
        facade.set_status("post", name, {"phase": "Failed", "conditions": failed})
        wait_for(target, 1)
        first = Verifier(webhook["secret"]).verify(target.got[0].body, target.got[0].headers)
        assert first["type"] == "post.failed"
        told = first["data"]
        assert (told["id"], told["podcast"], told["message"]) == (name, show, "The platform said no.")
        # A change that is no transition says nothing; the next one does.
        facade.set_status("post", name, {"nextAttemptAt": AT})
        facade.set_status("post", name, {"phase": "Published", "publishedAt": AT})
        wait_for(target, 2)
        assert target.types() == ["post.failed", "post.published"]
        assert client.delete(f"/webhooks/{webhook['id']}").status_code == 204
