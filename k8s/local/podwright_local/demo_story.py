"""The demo as a person follows it: a line whenever something moves, and at the end what came out and where to look."""

import base64
import json
import secrets
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import yaml
from minio import Minio

from podwright_local import demo_admin, storage
from podwright_local.commands import CommandError, LocalError
from podwright_local.demo import Demo
from podwright_local.kubectl import restricted_namespace
from podwright_local.paths import REPOSITORY
from podwright_local.social import kept_once

Object = dict[str, Any]

SAMPLES = REPOSITORY / "k8s" / "samples"
#: For clusters with servers of their own to publish to.
SOCIAL_SAMPLES = SAMPLES / "social-servers"
#: The demo's own resources; what a person adds beside them does not hold it up.
SAMPLE_EPISODES = ("speech", "two-voices")
SAMPLE_CAMPAIGNS = ("launch", "social")
KINDS = ("modelendpoints", "podcasts", "episodes", "channels", "campaigns", "posts")
TIMEOUT_SECONDS = 1200.0
#: Stalled may pass while things arrive out of order; after this long the demo gives up on it.
STALLED_SECONDS = 180.0
#: So long the API server may be away meanwhile.
AWAY_SECONDS = 60.0
WIDTH = 100


def tell(demo: Demo) -> None:
    """Apply the samples, follow them to their published posts, and show what came out."""
    apply_samples(demo)
    with demo.progress.step("the samples, from recording to published post") as detail:
        follow(demo, detail)
    show(demo)


def apply_samples(demo: Demo) -> None:
    """The sample recordings into the bucket, then the manifests of `k8s/samples`. Idempotent."""
    with demo.progress.step("sample recordings in the bucket"), demo.target.store() as store:
        for recording in sorted((SAMPLES / "media").glob("*.mp3")):
            store.fput_object(storage.BUCKET, f"{demo.tenant}/samples/{recording.name}", str(recording))
    with demo.progress.step("kubectl apply -k k8s/samples"):
        demo.kubectl.apply([restricted_namespace(demo.tenant)])
        _receiver_credentials(demo)
        if servers := demo.target.social_servers():
            servers.ensure_accounts(demo.tenant)
        demo.kubectl.run("apply", "-f", "-", stdin=sample_manifests(demo))


def sample_manifests(demo: Demo) -> str:
    """`k8s/samples` as YAML, with the services image that this cluster has, and with what its own servers get."""
    image = demo.target.values()["image"]
    folders = [SAMPLES, SOCIAL_SAMPLES] if demo.target.social_servers() else [SAMPLES]
    objects = [item for each in folders for item in yaml.safe_load_all(demo.kubectl.run("kustomize", str(each)))]
    for item in objects:
        for container in item["spec"]["template"]["spec"]["containers"] if item["kind"] == "Deployment" else ():
            container["image"] = f"{image['repository']}:{image['tag']}"
    return yaml.safe_dump_all(objects, sort_keys=False)


def _receiver_credentials(demo: Demo) -> None:
    """The secret that the demo's receiver and its channel share; made once."""
    if demo.kubectl.get("secret", "receiver-credentials", "-n", demo.tenant) is None:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        literal = f"--from-literal=signingSecret={secret}"
        demo.kubectl.run("create", "secret", "generic", "receiver-credentials", literal, "-n", demo.tenant)


@dataclass(frozen=True)
class State:
    """What one line of the story shows of one object."""

    what: str
    text: str
    ready: bool
    stalled: bool
    reason: str


def follow(demo: Demo, detail: Callable[[str], None]) -> None:
    """Tell what moves until the samples' episodes are Ready and each of their posts is published.

    Raises:
        LocalError: something stalled for three minutes, or twenty minutes were not enough.
        CommandError: the API server has not answered for a minute.
    """
    started = answered = time.monotonic()
    told: dict[str, str] = {}
    stalled_since: dict[str, float] = {}
    while True:
        now = time.monotonic()
        try:
            found = json.loads(demo.kubectl.run("get", ",".join(KINDS), "-n", demo.tenant, "-o", "json"))["items"]
        except CommandError:  # a machine that is busy with models makes the API server slow
            if now - answered > AWAY_SECONDS:
                raise
            time.sleep(1)
            continue
        answered = now
        states = list(map(state_of, samples_only(found)))
        for state in states:
            if told.get(state.what) != state.text:
                told[state.what] = state.text
                demo.progress.say(f"  {state.what:<30} {state.text}")
        if complete(states):
            return
        detail(f"{sum(state.ready for state in states)} of {len(states)} there")
        stalled = {state.what: state for state in states if state.stalled}
        stalled_since = {what: stalled_since.get(what, now) for what in stalled}
        for what, since in stalled_since.items():
            if now - since > STALLED_SECONDS:
                raise LocalError(f"{what} needs a person: {stalled[what].text}")
        if now - started > TIMEOUT_SECONDS:
            waiting = "\n".join(f"    {state.what}: {state.text}" for state in states if not state.ready)
            raise LocalError(
                f"not finished after {TIMEOUT_SECONDS / 60:.0f} minutes; still waiting:\n{waiting}\nThe work goes on, "
                f"and `make demo` looks on. More: {demo.kubectl.command('-n', demo.tenant, 'get', 'pods,events')}"
            )
        time.sleep(1)


def samples_only(found: Iterable[Object]) -> Iterator[Object]:
    """Without the episodes, campaigns and posts that a person has added to the demo since."""
    for item in found:
        name = item["metadata"]["name"]
        if item["kind"] == "Episode":
            ours = name in SAMPLE_EPISODES
        elif item["kind"] == "Campaign":
            ours = name in SAMPLE_CAMPAIGNS
        elif item["kind"] == "Post":
            ours = item["spec"].get("campaignRef", {}).get("name") in SAMPLE_CAMPAIGNS
        else:
            ours = True
        if ours:
            yield item


def state_of(item: Object) -> State:
    """The line for one resource, from its conditions."""
    status = item.get("status", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    ready = conditions.get("Ready", {})
    current = status.get("observedGeneration") == item["metadata"]["generation"]
    reason = ready.get("reason", "Waiting")
    text = f"{reason}: {ready.get('message', 'not looked at yet')}"
    return State(
        what=f"{item['kind'].lower()}/{item['metadata']['name']}",
        text=textwrap.shorten(text, 160, placeholder=" …"),
        ready=current and ready.get("status") == "True",
        stalled=conditions.get("Stalled", {}).get("status") == "True",
        reason=reason,
    )


def complete(states: Iterable[State]) -> bool:
    """Whether everything is Ready and at least one post is among it."""
    states = list(states)
    return any(state.what.startswith("post/") for state in states) and all(state.ready for state in states)


def show(demo: Demo) -> None:
    """What came out, as its reader sees it, and where to look."""
    kubectl, say = demo.kubectl, demo.progress.say
    episode = kubectl.get("episode", SAMPLE_EPISODES[0], "-n", demo.tenant) or {}
    podcast = kubectl.get("podcast", episode["spec"]["podcastRef"]["name"], "-n", demo.tenant) or {}
    posts = json.loads(kubectl.run("get", "posts", "-n", demo.tenant, "-o", "json"))["items"]
    with demo.target.store() as store:
        transcript = _read(store, episode["status"]["artifacts"]["transcriptTxt"])
    say("")
    say(f"Episode '{episode['spec']['title']}', transcribed:")
    for line in textwrap.wrap(textwrap.shorten(transcript, 400, placeholder=" …"), WIDTH):
        say(f"    {line}")
    for post in samples_only(posts):
        text = textwrap.wrap(post["spec"]["text"], WIDTH - 4)
        say(f"Post for '{post['spec']['channelRef']['name']}', {post['status'].get('publishedAt', '')}:")
        for line in text:
            say(f"    {line}")
    received = receiver_posts(demo)
    say(f"The receiver verified and kept {len(received)} signed posts, each delivered:")
    for kept in received:
        say(f"    {kept['id']}  {kept['deliveries']} x")
    pages = _social(demo, list(samples_only(posts)))
    say("")
    account = demo.target.storage_account()
    for title, where in (
        *_forwards(demo),
        ("feed", podcast["status"].get("feedUrl", "").replace(account.public, account.outside)),
        *pages,
        ("kubectl", kubectl.command("-n", demo.tenant, "get", "episodes,posts")),
        ("facade", f"{_service(demo, 'podwright-api', demo.system_namespace)}/docs"),
        ("token", _token_command(demo)),
        *_sign_in(demo),
        ("stop", "make down"),
    ):
        say(f"  {title:<9} {where}")


def _forwards(demo: Demo) -> list[tuple[str, str]]:
    """What must run for this machine to reach the cluster's Services, where it takes that."""
    forwards = demo.target.forwards()
    if forwards:
        demo.progress.say("This machine reaches store and facade while these two commands run:")
    return [("forward", demo.kubectl.command(*forward.arguments)) for forward in forwards]


def _social(demo: Demo, posts: list[Object]) -> list[tuple[str, str]]:
    """Tell what the cluster's own servers keep of the posts; returns where to look.

    Raises:
        LocalError: a post is not there exactly once.
    """
    servers = demo.target.social_servers()
    if servers is None:
        demo.progress.say("No servers of Mastodon's and Bluesky's kind here: CLUSTER=local brings them.")
        return []
    for channel, found in (
        ("mastodon", servers.mastodon_posts(demo.tenant)),
        ("bluesky", servers.bluesky_posts()),
    ):
        ours = [post for post in posts if post["spec"]["channelRef"]["name"] == channel]
        demo.progress.say(f"The server of channel '{channel}' keeps each of {len(ours)} posts once:")
        for post in ours:
            if not kept_once(post["status"]["platformId"], found):
                raise LocalError(f"post {post['metadata']['name']} is not there exactly once: {found}")
            demo.progress.say(f"    {servers.page_of(channel, post['status'])}")
    return servers.pages()


def _sign_in(demo: Demo) -> list[tuple[str, str]]:
    """How to sign in to the facade as the demo's admin, where it has a database."""
    if demo.target.database() is None:
        return []
    name = "podwright-api-token"
    kept = demo.kubectl.get("secret", name, "-n", demo.system_namespace) or {}
    token = base64.b64decode(kept["data"]["token"]).decode()
    facade = _service(demo, "podwright-api", demo.system_namespace)
    password = demo_admin.ensure(demo.kubectl, demo.system_namespace, facade, token, demo.tenant)
    return [("sign in", f"{demo_admin.EMAIL} with {password}: docs/api.md shows how")] if password else []


def receiver_posts(demo: Demo) -> list[Object]:
    """What the demo's receiver keeps, read through the API server, so that it works on every cluster."""
    path = f"/api/v1/namespaces/{demo.tenant}/services/http:receiver:8080/proxy/posts"
    kept: list[Object] = json.loads(demo.kubectl.run("get", "--raw", path))["posts"]
    return kept


def _read(store: Minio, address: str) -> str:
    url = urlsplit(address)
    answer = store.get_object(url.netloc, url.path.lstrip("/"))
    try:
        return answer.read().decode()
    finally:
        answer.close()
        answer.release_conn()


def _service(demo: Demo, name: str, system: str) -> str:
    """URL of a Service from this machine."""
    for forward in demo.target.forwards():
        if forward.service == name:
            return forward.url
    service = demo.kubectl.get("service", name, "-n", system)
    if service is None:
        return f"(no Service {name} in {system})"
    return f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"


def _token_command(demo: Demo) -> str:
    secret = ("get", "secret", "podwright-api-token", "-o", "jsonpath={.data.token}")
    return f"{demo.kubectl.command('-n', demo.system_namespace, *secret)} | base64 -d"
