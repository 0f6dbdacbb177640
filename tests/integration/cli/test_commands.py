"""Every command against a real API server; the operator's part of the statuses is written by hand."""

import json
from typing import Any

import yaml
from click.testing import CliRunner

from podwright_cli.commands import VARIABLE, cli
from podwright_crds import names
from tests.integration.cli.conftest import Namespace

SINCE = "2026-11-21T11:55:00Z"
SHOW = {"title": "Show", "owner": {"name": "A", "email": "a@example.org"}}
CADENCE = {"cron": "0 9 * * 1-5", "timeZone": "Europe/Vienna"}


def condition(status: str, reason: str, message: str) -> dict[str, Any]:
    about = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return {"observedGeneration": 1, "conditions": [{**about, "observedGeneration": 1, "lastTransitionTime": SINCE}]}


def waits(reason: str, message: str, **more: Any) -> dict[str, Any]:
    return {**condition("False", reason, message), **more}


def show(namespace: Namespace) -> None:
    """A podcast, an episode that waits for its endpoint, and a campaign with two drafts."""
    namespace.apply("Podcast", "show", condition("True", "Ready", "well"), **SHOW)
    namespace.apply(
        "Episode",
        "one",
        waits("EndpointNotFound", "Waiting for ModelEndpoint nobody.", stage="transcribe"),
        podcastRef={"name": "show"},
        title="The first",
        media={"url": "https://example.org/a.mp3"},
        transcription={"endpointRef": {"name": "nobody"}},
    )
    namespace.apply(
        "Campaign",
        "launch",
        episodes={"podcastRef": {"name": "show"}},
        channelRefs=[{"name": "feed"}],
        cadence=CADENCE,
    )
    for name in ("launch-a", "launch-b"):
        namespace.apply(
            "Post",
            name,
            waits("ApprovalNeeded", "Waits for approval.", phase="Draft"),
            channelRef={"name": "feed"},
            campaignRef={"name": "launch"},
            text="Listen.",
        )


def test_status_tells_the_story(namespace: Namespace) -> None:
    assert "There is nothing of Podwright in namespace" in namespace.tells("status")
    show(namespace)
    told = namespace.tells("status")
    for said in ("podcast/show", "  episode/one", "Waiting for ModelEndpoint nobody.", "  post/launch-a", "Draft"):
        assert said in told
    assert f"podwright approve campaign/launch -n {namespace.name}" in told
    lines = json.loads(namespace.tells("status", "episode/one", "-o", "json"))
    assert [(line["kind"], line["name"], line["reason"]) for line in lines] == [("Episode", "one", "EndpointNotFound")]


def test_explain_names_the_missing_thing(namespace: Namespace) -> None:
    show(namespace)
    told = namespace.tells("explain", "episode/one")
    assert f"ModelEndpoint nobody does not exist in namespace {namespace.name}." in told
    sentences = json.loads(namespace.tells("explain", "post/launch-a", "-o", "json"))
    assert sentences[-1]["command"] == f"podwright approve post/launch-a -n {namespace.name}"
    told = namespace.tells("explain", "campaign/launch")
    assert "The operator has not looked at it yet." in told


def test_approve_and_reject_are_idempotent(namespace: Namespace) -> None:
    show(namespace)
    told = namespace.tells("approve", "post/launch-a", "--by", "ada", "--note", "read")
    assert "post/launch-a approved by ada" in told
    approval = namespace.get("post", "launch-a")["spec"]["approval"]
    assert approval.pop("at")
    assert approval == {"state": "Approved", "by": "ada", "note": "read"}
    assert "is approved already, by ada" in namespace.tells("approve", "post/launch-a")
    told = namespace.tells("approve", "campaign/launch")
    assert "launch-a" not in told
    # The administrator's certificate says who this is.
    by = namespace.get("post", "launch-b")["spec"]["approval"]["by"]
    assert f"post/launch-b approved by {by}" in told
    assert "has no drafts among its 2 posts" in namespace.tells("approve", "campaign/launch")
    assert "It will not go out." in namespace.tells("reject", "post/launch-b")
    refused = namespace.podwright("approve", "post/launch-b")
    assert refused.exit_code == 1
    assert "only drafts are approved" in refused.output


def test_retry_annotates(namespace: Namespace) -> None:
    show(namespace)
    namespace.tells("retry", "episode/one", "campaign/launch")
    first = namespace.get("episode", "one")["metadata"]["annotations"][names.ANNOTATION_RETRY]
    namespace.tells("retry", "episode/one")
    assert namespace.get("episode", "one")["metadata"]["annotations"][names.ANNOTATION_RETRY] != first
    held = waits("OutcomeUnknown", "Held.", phase="Held")
    namespace.apply("Post", "held", held, channelRef={"name": "feed"}, text="Listen.")
    asked = namespace.podwright("retry", "post/held", stdin="n\n")
    assert asked.exit_code == 1
    assert names.ANNOTATION_RETRY not in namespace.get("post", "held")["metadata"].get("annotations", {})
    namespace.tells("retry", "post/held", "--yes")
    assert names.ANNOTATION_RETRY in namespace.get("post", "held")["metadata"]["annotations"]


def test_logs_of_a_pod_that_has_not_run(namespace: Namespace) -> None:
    show(namespace)
    none = namespace.podwright("logs", "episode/one")
    assert none.exit_code == 1
    assert "There is no pod for episode/one" in none.output
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_KIND: "episode", names.LABEL_NAME: "one"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one-ingest", "labels": {**labels, names.LABEL_STAGE: "ingest"}},
        "spec": {"containers": [{"name": "stage", "image": "none"}]},
    }
    namespace.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    patch = json.dumps({"status": {"conditions": [unscheduled]}})
    namespace.kubectl("patch", "pod", "one-ingest", "--subresource=status", "--type=merge", "-p", patch)
    assert "has not run yet: Unschedulable: no node" in namespace.tells("logs", "episode/one", "--stage", "ingest")
    assert "Pod one-ingest does not run: Unschedulable: no node" in namespace.tells("explain", "episode/one")
    assert namespace.podwright("logs", "episode/one", "--stage", "write").exit_code == 1


def test_plan_of_a_file_and_of_the_cluster(namespace: Namespace) -> None:
    show(namespace)
    told = namespace.tells("plan", "campaign/launch")
    assert "WHEN (Europe/Vienna)" in told
    assert "09:00   one       feed      planned   Channel feed does not exist yet; if the episode is ready" in told
    assert "podwright approve campaign/launch" in told
    spec = {"episodes": {"names": ["one"]}, "channelRefs": [{"name": "feed"}], "cadence": CADENCE}
    manifest = {"kind": "Campaign", "metadata": {"name": "later"}, "spec": {**spec, "approval": "Automatic"}}
    lines = json.loads(namespace.tells("plan", "-f", "-", "-o", "json", stdin=yaml.safe_dump(manifest)))
    assert [(line["episode"], line["channel"], line["state"]) for line in lines] == [("one", "feed", "planned")]
    bad = yaml.safe_dump({**manifest, "spec": {**spec, "cadence": {"cron": "61 9 * * *"}}})
    refused = namespace.podwright("plan", "-f", "-", stdin=bad)
    assert refused.exit_code == 1
    assert "Correct spec.cadence" in refused.output
    assert namespace.podwright("plan").exit_code == 2
    assert namespace.podwright("plan", "-f", "-", stdin="a: [").exit_code == 2


def test_what_is_not_there_and_what_is_forbidden(namespace: Namespace) -> None:
    missing = namespace.podwright("explain", "episode/none")
    assert missing.exit_code == 1
    assert f"There is no Episode none in namespace {namespace.name}." in missing.output
    assert namespace.podwright("status", "post/none").exit_code == 1
    assert namespace.podwright("approve", "campaign/none").exit_code == 1
    content = yaml.safe_load(namespace.kubeconfig.read_text())
    namespace.kubectl("create", "serviceaccount", "guest")
    issued = namespace.kubectl("create", "token", "guest").strip()
    content["users"] = [{"name": "guest", "user": {"token": issued}}]
    content["contexts"][0]["context"]["user"] = "guest"
    namespace.kubeconfig.write_text(yaml.safe_dump(content))
    for command in (["status"], ["explain", "episode/none"], ["logs", "episode/none"]):
        refused = namespace.podwright(*command)
        assert refused.exit_code == 1
        assert "You may not do this" in refused.output
        assert "podwright-view" in refused.output


def test_names_are_completed(namespace: Namespace) -> None:
    show(namespace)
    words = "podwright explain post/"
    asked = {VARIABLE: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2", "KUBECONFIG": str(namespace.kubeconfig)}
    told = CliRunner().invoke(cli, [], env=asked, prog_name="podwright", complete_var=VARIABLE)
    assert "post/launch-a" in told.output
