"""The command line on the whole product: it tells the story, names what is missing, and its cures cure."""

import json
import os
import shlex
import subprocess
import sys

import pytest
import yaml

from podwright_crds.names import child_name
from tests.e2e import manifests
from tests.e2e.installation import Installation
from tests.e2e.kube import stage

pytestmark = pytest.mark.usefixtures("published")

CAMPAIGN = "cli-manual"
POST = child_name(CAMPAIGN, "speech", "receiver")


def podwright(
    installed: Installation, *arguments: str, stdin: str | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """As a person with the cluster's kubeconfig runs it."""
    command = [sys.executable, "-m", "podwright_cli.main", *arguments, "-n", installed.kube.namespace]
    environment = os.environ | {"KUBECONFIG": str(installed.kube.kubeconfig)}
    done = subprocess.run(
        command, input=stdin, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_status_tells_the_whole_story(installed: Installation) -> None:
    told = podwright(installed, "status").stdout
    assert "modelendpoint/whisper" in told
    assert "podcast/workshop" in told
    lines = json.loads(podwright(installed, "status", "-o", "json").stdout)
    found = {f"{line['kind']}/{line['name']}": line for line in lines}
    for name in ("Episode/speech", "Episode/two-voices"):
        assert (found[name]["depth"], found[name]["health"], found[name]["state"]) == (1, "ready", "Done")
    posts = [line for name, line in found.items() if name.startswith("Post/launch-")]
    assert len(posts) == 4
    assert {(post["depth"], post["state"]) for post in posts} == {(1, "Published")}
    only = json.loads(podwright(installed, "status", "campaign/launch", "-o", "json").stdout)
    assert {line["kind"] for line in only} == {"Campaign", "Post"}


def test_explain_names_what_is_missing_and_its_command_mends_it(installed: Installation) -> None:
    name = "cli-blocked"
    blocked = manifests.episode(name, f"s3://{installed.bucket}/podcasts/samples/speech.mp3")
    blocked["spec"]["transcription"] = {"endpointRef": {"name": "nobody"}}
    installed.kube.apply(blocked)
    installed.kube.wait_reason("episode", name, ["EndpointNotFound"])
    sentences = json.loads(podwright(installed, "explain", f"episode/{name}", "-o", "json").stdout)
    told = [sentence["text"] for sentence in sentences]
    assert f"ModelEndpoint nobody does not exist in namespace {installed.kube.namespace}." in told
    kubectl, *cure = shlex.split(sentences[-1]["command"])
    assert kubectl == "kubectl"
    installed.kube.run(*cure)
    installed.kube.wait("episode", name, lambda o: stage(o, "transcribe").get("phase") == "Done", what="transcribed")
    installed.kube.delete("episode", name)


def test_approve_releases_the_posts_of_a_manual_campaign(installed: Installation) -> None:
    manual = manifests.campaign(CAMPAIGN, episodes=["speech"], channels=["receiver"], approval="Manual")
    planned = json.loads(podwright(installed, "plan", "-f", "-", "-o", "json", stdin=yaml.safe_dump(manual)).stdout)
    assert [(line["episode"], line["channel"], line["state"]) for line in planned] == [
        ("speech", "receiver", "planned")
    ]
    assert installed.kube.find("post", POST) is None

    installed.kube.apply(manual)
    try:
        installed.kube.wait_reason("post", POST, ["ApprovalNeeded"])
        explained = json.loads(podwright(installed, "explain", f"post/{POST}", "-o", "json").stdout)
        approve = f"podwright approve post/{POST} -n {installed.kube.namespace}"
        assert explained[-1]["command"] == approve
        assert f"approve campaign/{CAMPAIGN}" in podwright(installed, "status").stdout

        podwright(installed, "approve", f"campaign/{CAMPAIGN}", "--by", "ada", "--note", "read aloud")
        post = installed.kube.wait("post", POST, lambda o: o["status"].get("phase") == "Published", 300, "Published")
        approval = post["spec"]["approval"]
        assert (approval["state"], approval["by"], approval["note"]) == ("Approved", "ada", "read aloud")
        assert approval["at"]
        sent = [got for got in installed.received() if got["id"] == post["status"]["attempts"][-1]["id"]]
        assert [got["deliveries"] for got in sent] == [1]

        again = podwright(installed, "approve", f"post/{POST}").stdout
        assert "approved already, by ada" in again
        refused = podwright(installed, "reject", f"post/{POST}", check=False)
        assert refused.returncode == 1
        assert "is published" in refused.stderr
    finally:
        installed.kube.delete("campaign", CAMPAIGN)
        installed.kube.delete("post", POST)


def test_errors_are_sentences(installed: Installation) -> None:
    missing = podwright(installed, "explain", "episode/not-there", check=False)
    assert missing.returncode == 1
    assert "There is no Episode not-there in namespace" in missing.stderr
    assert podwright(installed, "explain", "nothing/x", check=False).returncode == 2
