"""One run of the operator, from an applied episode to its published post, as those see it who watch: a real
Prometheus, a collector of traces, readers of logs and Events.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from podwright_core.stages import StageUsage
from podwright_crds import names
from podwright_telemetry.trace_context import TraceContext, span_of
from tests.control_plane import ControlPlane
from tests.integration.operator.bucket import secret
from tests.integration.operator.cluster import Kubelet, Operator, Tenant, until
from tests.integration.operator.test_publishing import campaign, channel, credentials, publish, write_texts
from tests.integration.publish.receivers import SECRET, receiver
from tests.otlp import Received, Span
from tests.otlp import receiver as collector
from tests.prometheus import Prometheus

CHART = Path(__file__).parents[3] / "charts" / "podwright"
POST = "launch-one-news"
S3_SECRET = "podwright-secret"
#: A pipeline's own trace, which the second episode is applied in.
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Run:
    """What is left of the run: everything is as it was at its end."""

    tenant: Tenant
    operator: Operator
    prometheus: Prometheus
    traces: Received
    uids: dict[str, str]
    job: Any

    def samples(self, expression: str) -> list[dict[str, Any]]:
        """Of a query, once it has some."""
        return list(until(lambda: self.prometheus.query(expression), expression, 20))

    def value(self, expression: str, at_least: float = 1) -> float:
        """Of a query, once Prometheus has scraped so much."""
        until(lambda: self.prometheus.value(expression) >= at_least, expression, 20)
        return self.prometheus.value(expression)


def give_show(tenant: Tenant, storage: str) -> None:
    """A bucket, endpoints that answer, and a show."""
    values = {
        "PODWRIGHT_S3_ENDPOINT": f"http://{storage}",
        "PODWRIGHT_S3_ACCESS_KEY": "podwright",
        "PODWRIGHT_S3_SECRET_KEY": S3_SECRET,
        "PODWRIGHT_S3_BUCKET": "podwright",
        "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org",
    }
    secret(tenant, names.STORAGE_SECRET, values)
    for name, task in (("ears", "transcription"), ("pen", "generation")):
        tenant.endpoint(name, task)
        tenant.serve(name)
        tenant.wait_reason("ModelEndpoint", name, "Ready")
    tenant.podcast(website="https://show.example.org/")


@pytest.fixture(scope="module")
def run(
    operated: ControlPlane, api: client.ApiClient, storage: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("observed")
    tenant = Tenant(api, "observed")
    tenant.core.create_namespace({"metadata": {"name": tenant.namespace}})
    with collector() as traces, receiver(folder / "received") as where:
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        operator = Operator(operated, folder, {"PODWRIGHT_WATCH_NAMESPACES": tenant.namespace, **tracing})
        operator.start()
        try:
            rules = CHART / "rules" / "podwright.yaml"
            with Prometheus.start(folder / "prometheus", {"operator": operator.metrics_port}, rules) as prometheus:
                kubelet = Kubelet(tenant)
                give_show(tenant, storage)
                credentials(tenant)
                channel(tenant, where.url)
                campaign(tenant)
                tenant.episode("one")
                first = until(lambda: tenant.jobs("one", "ingest"), "the ingest Job")[0]
                write_texts(tenant, kubelet, storage, "one")
                tenant.wait_reason("Episode", "one", "Ready")
                post = until(lambda: tenant.exists("Post", POST) and tenant.get("Post", POST), "the post")
                due = post["metadata"]["creationTimestamp"]
                tenant.patch("Post", POST, {"spec": {"publishAt": due}})
                with pytest.MonkeyPatch.context() as environment:
                    for name, value in tracing.items():
                        environment.setenv(name, value)
                    publish(tenant, operated, "campaign", "launch")
                tenant.wait_reason("Post", POST, "Ready")
                media = {"url": "s3://podwright/uploads/two.wav"}
                spec = {"podcastRef": {"name": "show"}, "title": "two", "media": media}
                tenant.create("Episode", "two", spec, annotations={names.ANNOTATION_TRACE: GIVEN})
                used = StageUsage(cpu_seconds=1.5, endpoint_seconds=2, gpu_seconds=4, prompt_tokens=9)
                told = "two.wav does not exist"
                kubelet.run_stage(
                    "two", "ingest", outcome="rejected", message=told, digest=None, exit_code=64, usage=used
                )
                tenant.wait_reason("Episode", "two", "MediaRejected")
                operator.settled_writes()
                uids = {
                    f"{kind}/{name}": tenant.get(kind, name)["metadata"]["uid"]
                    for kind, name in (("Episode", "one"), ("Episode", "two"), ("Post", POST))
                }
                yield Run(tenant, operator, prometheus, traces, uids, first)
        finally:
            operator.stop()
            print(operator.log()[-8000:])


def test_prometheus_sees_what_happened(run: Run) -> None:
    assert run.value('podwright_stage_runs_total{stage="ingest", outcome="rejected"}') == 1
    for stage in ("ingest", "transcribe", "analyze", "write"):
        assert run.value(f'podwright_stage_runs_total{{stage="{stage}", outcome="done"}}') == 1
    assert run.prometheus.value("sum(podwright_stage_runs_total{outcome=~'failed|cached'})") == 0
    assert run.value('podwright_stage_seconds_count{stage="transcribe"}') == 1
    assert run.value('podwright_stage_cpu_seconds_total{stage="ingest"}') == 1.5
    assert run.value('podwright_stage_gpu_seconds_total{stage="ingest"}') == 4
    assert run.value('podwright_stage_tokens_total{kind="prompt",stage="ingest"}') == 9
    assert run.value('podwright_publications_total{channel="webhook", outcome="published"}') == 1
    assert run.value('podwright_publication_lateness_seconds_count{channel="webhook"}') == 1
    assert run.value('podwright_resources{kind="Episode", state="ready"}') == 1
    assert run.value('podwright_resources{kind="Episode", state="stalled"}') == 1
    assert run.value("podwright_leader") == 1
    assert run.value('sum(podwright_reconciles_total{kind="Episode", result="ok"})', 5) >= 5
    assert run.value('sum(podwright_api_requests_total{verb="apply", type="jobs"}) or '
                     'sum(podwright_api_requests_total{verb="create", type="jobs"})', 5) >= 5  # fmt: skip
    ages = run.prometheus.query('time() - podwright_watch_last_event_timestamp_seconds{type=~"episodes|jobs|pods"}')
    assert {sample["metric"]["type"] for sample in ages} == {"episodes", "jobs", "pods"}
    assert all(0 <= float(sample["value"][1]) < 600 for sample in ages)


#: Panels that show nothing here: no facade runs, and nothing has gone wrong.
EMPTY = re.compile(r"facade|result!=|lost_watch")


def test_every_panel_of_the_dashboard_shows_something(run: Run) -> None:
    panels = json.loads((CHART / "dashboards" / "podwright.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(expressions) > 25
    for expression in expressions:
        asked = expression.replace("$namespace", ".*")
        if EMPTY.search(expression):
            run.prometheus.query(asked)
        else:
            # A rate needs two scrapes with an increase between them, which a short run may not have had.
            loose = re.sub(r"(?:rate|increase)\((\w+\{[^}]*\})\[\w+\]\)", r"\1", asked)
            assert run.samples(loose), expression


def test_no_alert_of_a_run_in_which_all_is_well(run: Run) -> None:
    assert run.prometheus.targets() == {"operator": "up"}
    assert math.isnan(run.prometheus.value('ALERTS{alertstate="firing"}'))


def test_label_sets_do_not_grow_with_objects(run: Run) -> None:
    """Whatever names objects have, none is in a label."""
    known = {"one", "two", "news", "launch", "show", "ears", "pen", POST, run.tenant.namespace, *run.uids.values()}
    text = run.operator.metrics()
    values = set(re.findall(r'"([^"]*)"', "\n".join(line for line in text.splitlines() if not line.startswith("#"))))
    assert not values & known


def lines_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.operator.log().splitlines()]


def test_logs_are_json_and_say_what_they_are_about(run: Run) -> None:
    lines = lines_of(run)
    about = [line for line in lines if "reconcileId" in line]
    assert {line["logger"] for line in about} >= {"podwright_operator.engine.reconciler"}
    for line in about:
        assert {"kind", "namespace", "name", "message", "level", "time"} <= line.keys()
        assert line["namespace"] == run.tenant.namespace
        assert re.fullmatch("[0-9a-f]{16}", line["reconcileId"])
        assert line["traceId"], "the log leads to the trace"
    rejected = next(line for line in about if line["message"].startswith("MediaRejected"))
    assert (rejected["kind"], rejected["name"], rejected["level"]) == ("Episode", "two", "warning")
    looks = {(line["kind"], line["name"]) for line in about if line["reconcileId"] == rejected["reconcileId"]}
    assert looks == {("Episode", "two")}


def test_no_secret_shows_in_logs_metrics_or_traces(run: Run) -> None:
    everything = run.operator.log() + run.operator.metrics() + repr(run.traces.spans)
    assert S3_SECRET not in everything
    assert SECRET not in everything


def test_events_are_what_a_person_cares_about(run: Run) -> None:
    """What became Ready, and what came to need a person; once each."""
    found = run.tenant.custom.list_namespaced_custom_object("events.k8s.io", "v1", run.tenant.namespace, "events")
    ours = [event for event in found["items"] if event.get("reportingController") == names.FIELD_MANAGER]
    told = [(event["type"], event["regarding"]["kind"], event["regarding"]["name"], event["reason"]) for event in ours]
    assert sorted(told) == sorted(
        [
            ("Normal", "ModelEndpoint", "ears", "Ready"),
            ("Normal", "ModelEndpoint", "pen", "Ready"),
            ("Normal", "Podcast", "show", "Ready"),
            ("Normal", "Channel", "news", "Ready"),
            ("Normal", "Episode", "one", "Ready"),
            ("Normal", "Campaign", "launch", "Ready"),
            ("Normal", "Post", POST, "Ready"),
            ("Warning", "Episode", "two", "MediaRejected"),
        ]
    )


def trace_of(run: Run, uid: str, names_wanted: set[str], given: str | None = None) -> list[Span]:
    trace = span_of(uid, given).trace_id
    until(lambda: {span.name for span in run.traces.of(trace)} >= names_wanted, f"{names_wanted}", 20)
    return run.traces.of(trace)


STAGE_SPANS = {"stage ingest", "stage transcribe", "stage analyze", "stage write"}


def test_a_trace_leads_from_the_apply_to_the_published_post(run: Run) -> None:
    wanted = {"apply Episode", "reconcile Episode", *STAGE_SPANS, "apply Post", "publish", "post published"}
    spans = trace_of(run, run.uids["Episode/one"], wanted)
    (root,) = [span for span in spans if span.name == "apply Episode"]
    assert (root.parent, root.span) == ("", span_of(run.uids["Episode/one"]).span_id)
    (of_post,) = [span for span in spans if span.name == "apply Post"]
    assert of_post.span == span_of(run.uids[f"Post/{POST}"]).span_id
    # The operator may have written the post's status meanwhile: then the publisher looks again.
    (sent,) = [span for span in spans if span.name == "publish" and span.attributes["podwright.answer"] != "overtaken"]
    assert (sent.parent, sent.service, sent.failed) == (of_post.span, "podwright-publish", False)
    assert sent.attributes["podwright.answer"] == "Confirmed"
    stages = [span for span in spans if span.name in STAGE_SPANS]
    assert len(stages) == 4
    for span in stages:
        assert span.parent == root.span
        assert (span.service, span.failed) == ("podwright-operator", False)
        assert span.end >= span.start
    assert all(span.parent == root.span for span in spans if span.name == "reconcile Episode")


def test_jobs_carry_their_span(run: Run) -> None:
    (span,) = [
        span
        for span in trace_of(run, run.uids["Episode/one"], STAGE_SPANS)
        if span.name == "stage ingest"
    ]  # fmt: skip
    carried = TraceContext(span.trace, span.span).traceparent
    variables = {item.name: item.value for item in run.job.spec.template.spec.containers[0].env}
    assert variables["TRACEPARENT"] == run.job.metadata.annotations[names.ANNOTATION_TRACE] == carried
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == run.traces.url
    cron_job = run.tenant.batch.read_namespaced_cron_job("launch-publish", run.tenant.namespace)
    container = cron_job.spec.job_template.spec.template.spec.containers[0]
    assert {item.name: item.value for item in container.env}["OTEL_EXPORTER_OTLP_ENDPOINT"] == run.traces.url


def test_a_given_trace_goes_on_and_a_failure_shows(run: Run) -> None:
    given = TraceContext.parse(GIVEN)
    assert given is not None
    spans = trace_of(run, run.uids["Episode/two"], {"apply Episode", "stage ingest"}, GIVEN)
    (root,) = [span for span in spans if span.name == "apply Episode"]
    assert (root.trace, root.parent) == (given.trace_id, given.span_id)
    (failed,) = [span for span in spans if span.name == "stage ingest"]
    assert (failed.failed, failed.message) == (True, "two.wav does not exist")
    assert failed.attributes["podwright.gpu_seconds"] == 4
