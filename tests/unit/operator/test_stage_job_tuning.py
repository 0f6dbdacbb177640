"""How stage Jobs look: the stage's needs, the operator's settings, the show's wishes, in this order."""

from dataclasses import replace
from typing import Any

import pytest

from podwright_core.egress import Egress
from podwright_core.stages import StageName, StageRequest
from podwright_crds.episode import StagePhase
from podwright_crds.resource import Reason
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import OutcomeKind
from podwright_operator.kinds.publish_job import publish_job_spec, publisher_identity
from podwright_operator.kinds.stage_job import LABEL_QUEUE, stage_job
from podwright_operator.kinds.stage_job_tuning import tuned
from podwright_operator.settings import Settings, StageJobSettings
from tests.unit.operator.builders import episode, podcast
from tests.unit.operator.simulated import World, observed

SETTINGS = StageJobSettings(
    pod={"nodeSelector": {"pool": "all"}, "imagePullSecrets": [{"name": "registry"}]},
    resources={"ingest": {"limits": {"memory": "3Gi", "nvidia.com/gpu": "1"}}},
    queue="everyone",
    egress=Egress(allow=("*.corp.example",)),
)


def job(settings: StageJobSettings = SETTINGS, stage: StageName = StageName.INGEST, **wishes: Any) -> Raw:
    request = StageRequest(stage=stage, namespace="shows")
    return stage_job(episode(), request, 0, tuned(settings, podcast(stageJobs=wishes))).object


def pod(body: Raw) -> Raw:
    found: Raw = body["spec"]["template"]["spec"]
    return found


def test_a_show_without_wishes_gets_the_settings() -> None:
    body = job()
    assert tuned(SETTINGS, None) is SETTINGS
    assert pod(body)["nodeSelector"] == {"pool": "all"}
    assert pod(body)["imagePullSecrets"] == [{"name": "registry"}]
    assert pod(body)["containers"][0]["resources"] == {
        "requests": {"cpu": "100m", "memory": "192Mi"},
        "limits": {"memory": "3Gi", "nvidia.com/gpu": "1"},
    }
    assert body["metadata"]["labels"][LABEL_QUEUE] == "everyone"
    assert LABEL_QUEUE not in body["spec"]["template"]["metadata"]["labels"], "Kueue would count its pods once more"
    assert "suspend" not in body["spec"]


def test_what_a_show_wishes_counts_before_the_settings() -> None:
    body = job(
        queueName="podcasts",
        startSuspended=True,
        nodeSelector={"pool": "media"},
        tolerations=[{"key": "media", "operator": "Exists", "effect": "NoSchedule"}],
        affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
        priorityClassName="batch",
        serviceAccountName="reader",
        resources={"ingest": {"limits": {"memory": "4Gi"}, "requests": {"cpu": "2"}}},
    )
    spec = pod(body)
    assert spec["nodeSelector"] == {"pool": "media"}
    assert spec["tolerations"] == [{"key": "media", "operator": "Exists", "effect": "NoSchedule"}]
    assert "podAntiAffinity" in spec["affinity"]
    assert (spec["priorityClassName"], spec["serviceAccountName"]) == ("batch", "reader")
    assert spec["automountServiceAccountToken"] is False, "an account gives storage rights, no token"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["containers"][0]["resources"] == {
        "requests": {"cpu": "2", "memory": "192Mi"},
        "limits": {"memory": "4Gi", "nvidia.com/gpu": "1"},
    }
    assert body["metadata"]["labels"][LABEL_QUEUE] == "podcasts"
    assert body["spec"]["suspend"] is True


ADDED: Raw = {
    "serviceAccountName": "reader",
    "automountServiceAccountToken": False,
    "terminationGracePeriodSeconds": 1,
    "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    "env": [{"name": "SSL_CERT_DIR", "value": "/etc/ca"}],
    "tolerations": [{"operator": "Exists"}],
}


@pytest.mark.parametrize("what", ["stage", "publish"])
def test_what_settings_add_takes_nothing_away(what: str) -> None:
    def made(settings: StageJobSettings) -> Raw:
        return pod(job(settings) if what == "stage" else {"spec": publish_job_spec(episode(), "post", settings)})

    plain, added = made(StageJobSettings()), made(StageJobSettings(pod=ADDED))
    assert added["volumes"] == [*plain["volumes"], *ADDED["volumes"]]
    assert added["tolerations"] == ADDED["tolerations"]
    (before,), (after,) = plain["containers"], added["containers"]
    assert after == {**before, **{name: [*before[name], *ADDED[name]] for name in ("env", "volumeMounts")}}
    assert {mount["name"] for mount in after["volumeMounts"]} == {volume["name"] for volume in added["volumes"]}
    # Rights to publish come with the publisher's own account; a stage has no token, whichever account it has.
    account = ("reader", False) if what == "stage" else ("podwright-publisher", True)
    assert (added["serviceAccountName"], added["automountServiceAccountToken"]) == account
    assert added["terminationGracePeriodSeconds"] == (1 if what == "stage" else plain["terminationGracePeriodSeconds"])


def test_the_publishers_role_is_the_releases() -> None:
    settings = Settings.from_environment({"PODWRIGHT_PUBLISHER_ROLE": "shows-publisher"}).stage_jobs
    account, binding = (child.object for child in publisher_identity("shows", settings))
    assert account["metadata"]["name"] == "podwright-publisher"
    assert (binding["metadata"]["name"], binding["roleRef"]["name"]) == ("shows-publisher", "shows-publisher")
    assert binding["subjects"][0]["name"] == "podwright-publisher"
    assert StageJobSettings().publisher_role == "podwright-publisher"


def test_wishes_change_no_running_job() -> None:
    """The identity decides whether a Job is made anew: what it computes, not how it looks."""
    request = StageRequest(stage=StageName.WRITE, namespace="shows")
    plain = stage_job(episode(), request, 0, SETTINGS)
    wished = stage_job(episode(), request, 0, tuned(SETTINGS, podcast(stageJobs={"queueName": "other"})))
    assert plain.identity == wished.identity
    assert plain.object != wished.object


@pytest.mark.parametrize("stage", list(StageName))
def test_every_stage_is_told_what_may_be_reached(stage: StageName) -> None:
    """Ingest fetches the recording, transcribe a corrected transcript, write the cover; the feed's hubs are told."""
    variables = {item["name"]: item.get("value") for item in pod(job(stage=stage))["containers"][0]["env"]}
    assert variables["PODWRIGHT_FETCH_ALLOW"] == "*.corp.example"


@pytest.mark.parametrize(("queue", "place"), [("podcasts", "in queue podcasts"), ("", "no queue is named")])
def test_a_suspended_job_waits_for_its_queue(queue: str, place: str) -> None:
    world = World(episode(), observed())
    world.settle()
    (name,) = world.jobs
    world.jobs[name] = replace(world.jobs[name], suspended=True, queue=queue)
    plan = world.settle()
    assert (plan.outcome.kind, plan.outcome.reason) == (OutcomeKind.WAITING, Reason.QUEUED)
    assert place in plan.outcome.message
    assert world.episode.status.stages[0].phase is StagePhase.WAITING
    assert [child.name for child in plan.children] == [name], "it is the queue's turn: the Job stays"
    world.jobs[name] = replace(world.jobs[name], suspended=False)
    assert world.settle().outcome.kind is OutcomeKind.PROGRESSING


def test_settings_come_from_the_chart() -> None:
    settings = Settings.from_environment(
        {
            "PODWRIGHT_STAGE_RESOURCES": '{"ingest": {"limits": {"memory": "4Gi"}}}',
            "PODWRIGHT_STAGE_QUEUE": "podcasts",
            "PODWRIGHT_STAGE_START_SUSPENDED": "true",
            "PODWRIGHT_FETCH_ALLOW": "media.corp.example,10.0.0.0/8",
        }
    ).stage_jobs
    assert settings.resources == {"ingest": {"limits": {"memory": "4Gi"}}}
    assert (settings.queue, settings.start_suspended) == ("podcasts", True)
    assert settings.egress == Egress(allow=("media.corp.example", "10.0.0.0/8"))
