"""Webhooks over HTTP, as an admin sets them, and as somebody who means harm does."""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from podwright_api.outbox.retries import WAITS
from podwright_api.outbox.sender import Sender, new_secret
from podwright_core.egress import Address, Egress
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import Facade, running
from tests.integration.accounts.outbox import HERE, PATIENCE_SECONDS, Receiver, receiver, rows, until

OURS, THEIRS = "team-a", "team-b"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def target() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


@pytest.fixture
async def allowing(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> AsyncIterator[Facade]:
    """The facade, with webhooks to this machine allowed."""
    async with running(tmp_path, database, smtp, webhook_egress=HERE) as started:
        yield started
    rows(database, "DELETE FROM webhooks")


async def make(facade: Facade, url: str, **more: Any) -> Any:
    return await facade.data("POST", "/webhooks", json={"url": url, "events": ["*"]} | more)


async def queue(facade: Facade, webhook: str, *, tries: int = 0, failing_days: int | None = None) -> str:
    """A delivery (of a test event) that waits, after so many attempts; its path."""
    tested = await facade.data("POST", f"/webhooks/{webhook}/test")
    change = (
        "UPDATE webhook_deliveries SET state = 'pending', tries = %s, attempts = '[]', "
        "due_at = now() + interval '1 day' WHERE id = %s"
    )
    rows(facade.database, change, tries, tested["id"])
    since = "UPDATE webhooks SET failing_since = now() - make_interval(days => %s) WHERE id = %s"
    rows(facade.database, since, failing_days, webhook)
    return f"/webhooks/{webhook}/deliveries/{tested['id']}"


async def attempted(facade: Facade, path: str, attempts: int = 1) -> Any:
    """The delivery, made due, once so many attempts were made in all."""
    rows(facade.database, "UPDATE webhook_deliveries SET due_at = now() WHERE id = %s", path.rpartition("/")[2])
    # A change makes the facade look for what is due.
    await facade.data("PATCH", path.partition("/deliveries")[0], json={})
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = await facade.data("GET", path)
            if len(found["attempts"]) >= attempts:
                return found


async def test_the_secret_is_shown_once_signs_and_is_replaced(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url, description="mine")
    path = f"/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    shown = json.dumps([await allowing.data("GET", path), await allowing.data("GET", "/webhooks")])
    assert made["secret"] not in shown
    kept = str(rows(allowing.database, "SELECT secret FROM webhooks"))
    assert made["secret"].removeprefix("whsec_") not in kept

    tested = await allowing.data("POST", f"{path}/test")
    assert (tested["state"], tested["type"], tested["dueAt"]) == ("delivered", "webhook.test", None)
    assert tested["attempts"][0]["status"] == 204
    first = target.got[0]
    assert Verifier(made["secret"]).verify(first.body, first.headers)["type"] == "webhook.test"
    assert first.headers["webhook-id"] == tested["event"]
    assert (await allowing.data("GET", f"{path}/deliveries/{tested['id']}"))["body"] == first.body

    rotated = await allowing.data("POST", f"{path}/secret")
    await allowing.data("POST", f"{path}/test")
    for secret in (made["secret"], rotated["secret"]):
        Verifier(secret).verify(target.got[1].body, target.got[1].headers)
    rows(allowing.database, "UPDATE webhooks SET previous_until = now()")
    await allowing.data("POST", f"{path}/test")
    Verifier(rotated["secret"]).verify(target.got[2].body, target.got[2].headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(made["secret"]).verify(target.got[2].body, target.got[2].headers)


async def test_a_test_is_not_repeated(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    target.answers.append((500, {}))
    tested = await allowing.data("POST", f"/webhooks/{made['id']}/test")
    assert (tested["state"], tested["attempts"][0]["message"]) == ("dead", "HTTP 500")
    assert (await allowing.data("GET", f"/webhooks/{made['id']}"))["failingSince"] is None


async def test_a_failure_is_retried_with_the_same_id_until_it_succeeds(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    path = await queue(allowing, made["id"])
    target.answers += [(503, {}), (429, {"Retry-After": "7200"})]
    failed = await attempted(allowing, path)
    assert (failed["state"], failed["attempts"][0]["status"]) == ("pending", 503)
    waits = datetime.fromisoformat(failed["dueAt"]) - datetime.now(UTC)
    assert waits < WAITS[0] * 1.2
    assert (await allowing.data("GET", f"/webhooks/{made['id']}"))["failingSince"] is not None

    asked = await attempted(allowing, path, 2)
    waits = datetime.fromisoformat(asked["dueAt"]) - datetime.now(UTC)
    assert timedelta(minutes=110) < waits <= timedelta(hours=2)

    done = await attempted(allowing, path, 3)
    assert [attempt["status"] for attempt in done["attempts"]] == [503, 429, 204]
    assert done["state"] == "delivered"
    assert (await allowing.data("GET", f"/webhooks/{made['id']}"))["failingSince"] is None
    assert len({(got.headers["webhook-id"], got.body) for got in target.got[-3:]}) == 1


async def test_dead_letters_can_be_replayed(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    path = await queue(allowing, made["id"], tries=len(WAITS))
    target.answers.append((500, {}))
    assert (await attempted(allowing, path))["state"] == "dead"
    dead = await allowing.data("GET", f"/webhooks/{made['id']}/deliveries?state=dead")
    assert [path.endswith(delivery["id"]) for delivery in dead["items"]] == [True]
    queued = await allowing.call("POST", f"{path}/replay")
    assert (queued.status_code, queued.json()["data"]["state"]) == (202, "pending")
    assert (await attempted(allowing, path, 2))["state"] == "delivered"


@pytest.mark.parametrize("how", ["410", "days"])
async def test_an_address_that_is_gone_or_fails_for_days_is_switched_off(
    allowing: Facade, target: Receiver, how: str
) -> None:
    admin, creator = await allowing.join("admin", OURS), await allowing.join("creator", OURS, shows=["*"])
    made = await make(allowing, target.url)
    path = await queue(allowing, made["id"], failing_days=6 if how == "days" else None)
    target.answers.append((410 if how == "410" else 500, {}))
    await attempted(allowing, path)
    found = await allowing.data("GET", f"/webhooks/{made['id']}")
    assert found["state"] == "disabled"
    told = await allowing.data("GET", "/notifications", admin.token)
    assert (told["items"][0]["type"], told["items"][0]["data"]["id"]) == ("webhook.disabled", made["id"])
    assert (await allowing.data("GET", "/notifications", creator.token))["items"] == []
    letters, subject = allowing.postbox.letters, f"[{OURS}] Webhook switched off"
    await until(lambda: any(one["To"] == admin.email and one["Subject"].startswith(subject) for one in letters))
    again = await allowing.data("PATCH", f"/webhooks/{made['id']}", json={"paused": False})
    assert (again["state"], again["failingSince"]) == ("active", None)


WRONG = (
    "http://hooks.example.org/x",
    "https://127.0.0.2/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://user:password@hooks.example.org/",
    "https://hooks.example.org/#fragment",
    "ftp://hooks.example.org/",
    "https:///x",
    "https://hooks.example.org:99999/",
    "javascript:alert(1)",
    "https://hooks.example.org/\nHost: x",
)


async def test_addresses_that_are_seen_to_be_wrong_are_refused(allowing: Facade) -> None:
    made = await make(allowing, "https://hooks.example.org/x")
    for url in WRONG:
        problem = await allowing.error(422, "POST", "/webhooks", json={"url": url, "events": ["*"]})
        assert problem["details"]["fields"][0]["field"] == "url"
        await allowing.error(422, "PATCH", f"/webhooks/{made['id']}", json={"url": url})


async def test_a_name_that_leads_inside_is_not_connected_to(allowing: Facade, target: Receiver) -> None:
    port = target.url.split(":")[2].split("/")[0]
    # Of this machine's addresses 127.0.0.1 is allowed; these are names of another one.
    for host in ("0x7f.0.0.2", "127.2", "2130706434"):
        made = await make(allowing, f"https://{host}:{port}/hook")
        tested = await allowing.data("POST", f"/webhooks/{made['id']}/test")
        assert (tested["state"], tested["attempts"][0]["status"]) == ("dead", None)
        assert "leads into a private network" in tested["attempts"][0]["message"]
        assert "127.0.0.2" not in tested["attempts"][0]["message"]
    assert target.got == []


async def test_redirects_are_not_followed(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    target.answers.append((307, {"Location": target.url + "/elsewhere"}))
    tested = await allowing.data("POST", f"/webhooks/{made['id']}/test")
    assert (tested["state"], tested["attempts"][0]["status"]) == ("dead", 307)
    assert "not followed" in tested["attempts"][0]["message"]
    assert len(target.got) == 1


async def test_the_address_that_was_checked_is_the_one_connected_to(target: Receiver) -> None:
    """DNS rebinding: the name is resolved once for each attempt, and judged each time."""
    answers = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("127.0.0.2")]

    def names(_host: str, _port: int) -> list[Address]:
        return [answers.pop(0)]

    port = target.url.split(":")[2].split("/")[0]
    sender = Sender(Egress(allow=("127.0.0.1/32",)), names)
    first = await sender.send(f"http://rebinding.example:{port}/", "e", "{}", [new_secret()])
    assert first.status == 204
    assert target.got[0].headers["host"] == f"rebinding.example:{port}"
    second = await sender.send(f"http://rebinding.example:{port}/", "e", "{}", [new_secret()])
    assert second.status is None
    assert "private network" in second.message
    assert len(target.got) == 1
    await sender.close()


async def test_a_receiver_that_never_ends_is_left(target: Receiver) -> None:
    target.answers.append((200, {"Content-Length": "1000000"}))
    sender = Sender(HERE, timeout_seconds=1)
    answer = await sender.send(target.url, "e", "{}", [new_secret()])
    assert answer.milliseconds < 60_000
    await sender.close()


async def test_another_tenants_webhooks_are_not_there(allowing: Facade, target: Receiver) -> None:
    stranger = await allowing.join("admin", THEIRS)
    ours = await make(allowing, target.url)
    delivery = (await allowing.data("POST", f"/webhooks/{ours['id']}/test"))["id"]
    theirs = await allowing.data("POST", "/webhooks", stranger.token, json={"url": target.url, "events": ["*"]})
    path = f"/webhooks/{ours['id']}"
    for method, tried, body in (
        ("GET", path, None),
        ("PATCH", path, {"url": "https://evil.example.org"}),
        ("POST", f"{path}/secret", None),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{path}/deliveries/{delivery}", None),
        ("POST", f"{path}/deliveries/{delivery}/replay", None),
        # Nor through a webhook of one's own.
        ("GET", f"/webhooks/{theirs['id']}/deliveries/{delivery}", None),
        ("POST", f"/webhooks/{theirs['id']}/deliveries/{delivery}/replay", None),
        ("DELETE", path, None),
    ):
        problem = await allowing.error(404, method, tried, stranger.token, json=body)
        assert problem["code"] == "NOT_FOUND"
    page = await allowing.data("GET", f"/webhooks/{theirs['id']}/deliveries?cursor={delivery}", stranger.token)
    assert page["items"] == []
    assert [hook["id"] for hook in (await allowing.data("GET", "/webhooks", stranger.token))["items"]] == [theirs["id"]]
    assert (await allowing.data("GET", path))["url"] == target.url
    assert len(target.got) == 1


async def test_deliveries_come_in_pages(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    sent = [(await allowing.data("POST", f"/webhooks/{made['id']}/test"))["id"] for _ in range(5)]
    path, pages, cursor = f"/webhooks/{made['id']}/deliveries?limit=2", [], ""
    while True:
        page = await allowing.data("GET", path + cursor)
        pages += [delivery["id"] for delivery in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert pages == sent[::-1]
    assert (await allowing.call("DELETE", f"/webhooks/{made['id']}")).status_code == 204
    await allowing.error(404, "GET", path)


async def test_what_cannot_be_asked_for(allowing: Facade) -> None:
    for events in ([], ["nothing.happened"], ["webhook.test"], ["post.*"]):
        await allowing.error(422, "POST", "/webhooks", json={"url": "https://h.example.org", "events": events})
    await allowing.error(404, "POST", f"/webhooks/{NOBODY}/test")


async def test_metrics_tell_what_came_of_attempts(allowing: Facade, target: Receiver) -> None:
    made = await make(allowing, target.url)
    await allowing.data("POST", f"/webhooks/{made['id']}/test")
    await until(lambda: len(target.got) == 1)
    text = (await allowing.client.get("/metrics")).text
    assert 'podwright_facade_webhook_attempts_total{outcome="delivered"} 1.0' in text
