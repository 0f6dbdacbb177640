"""Alerts and dashboard: whether Prometheus understands them, when they fire, and whether what they read exists."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from podwright_api.metrics import Metrics
from podwright_operator.engine import metrics as operator_metrics
from tests.contract.conftest import CHART, SYSTEM
from tests.control_plane import ControlPlane
from tests.prometheus import programs, promtool

RULES = CHART / "rules" / "podwright.yaml"
DASHBOARD = CHART / "dashboards" / "podwright.json"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
#: What starts like a metric and is none: the pods' label podwright.dev/shard, as Prometheus writes it.
_NAME = re.compile(r"\b(?!podwright_dev_)(?:podwright|process)_[a-z0-9_]+\b")

#: The label by which Prometheus knows an operator's share of the namespaces: the pod's label podwright.dev/shard.
SHARD = "podwright_dev_shard"


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def queries() -> Iterator[tuple[str, str]]:
    """Titles and expressions of the dashboard's panels."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$namespace", ".*")


def sample_names() -> set[str]:
    """Every name under which the operator and the facade expose a sample."""
    assert operator_metrics.LEADER is not None  # declares them
    registries = (REGISTRY, Metrics()._registry)
    found = {sample.name for registry in registries for family in registry.collect() for sample in family.samples}
    for registry in registries:
        for family in registry.collect():
            # Those with labels have no sample until they are used.
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
            found |= {f"{family.name}{suffix}" for suffix in suffixes}
    return found


def test_all_that_is_read_exists() -> None:
    read = {name for rule in alerts().values() for name in _NAME.findall(rule["expr"])}
    read |= {name for _, expression in queries() for name in _NAME.findall(expression)}
    assert len(read) > 20
    assert read - {SHARD} <= sample_names()


def test_all_that_is_measured_is_looked_at() -> None:
    read = " ".join([rule["expr"] for rule in alerts().values()] + [expression for _, expression in queries()])
    declared = [family.name for family in REGISTRY.collect() if family.name.startswith("podwright_")]
    assert len(declared) > 15
    assert [name for name in declared if name not in read] == []


def test_names_follow_the_conventions() -> None:
    """https://prometheus.io/docs/practices/naming: base units, and no label that grows with the objects."""
    for family in REGISTRY.collect():
        if not family.name.startswith("podwright_"):
            continue
        assert family.documentation.endswith("."), family.name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|total)$", family.name)
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= {"kind", "type", "stage", "outcome", "channel", "verb", "code", "result", "state", "le"}


def test_promtool_takes_the_rules_and_every_query_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [{"record": f"panel_{n}", "expr": expression} for n, (_, expression) in enumerate(queries())]
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES, path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_its_runbook() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in OPERATIONS.read_text().splitlines()
        if line.startswith("#")
    }
    for name, rule in alerts().items():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        assert anchor == name.lower()
        assert anchor in headings, f"{name} has no section in docs/operations.md"
        assert rule["labels"]["severity"] in {"critical", "warning"}


@dataclass(frozen=True)
class Case:
    """Series by minute, and whether the alert fires at a minute."""

    alert: str
    series: dict[str, str]
    minute: int
    summary: str | None = None
    labels: dict[str, str] | None = None

    @property
    def fires(self) -> bool:
        return self.summary is not None


OPERATOR = 'namespace="test",job="operator"'
WEBHOOK = f'{OPERATOR},channel="webhook"'
CASES = [
    Case("PodwrightOperatorDown", {}, 6, "No operator is scraped.", {}),
    Case("PodwrightOperatorDown", {f"podwright_leader{{{OPERATOR}}}": "1x10"}, 6),
    Case(
        "PodwrightNotLeading",
        {f'podwright_leader{{{OPERATOR},pod="{pod}"}}': "0x10" for pod in "ab"},
        3,
        "No operator of test works.",
    ),
    Case(
        "PodwrightNotLeading",
        {f'podwright_leader{{{OPERATOR},pod="a"}}': "0x10", f'podwright_leader{{{OPERATOR},pod="b"}}': "1x10"},
        10,
    ),
    Case(
        "PodwrightNotLeading",  # one shard of two
        {
            f'podwright_leader{{{OPERATOR},podwright_dev_shard="0"}}': "1x10",
            f'podwright_leader{{{OPERATOR},podwright_dev_shard="1"}}': "0x10",
        },
        3,
        "No operator of test works.",
        {"podwright_dev_shard": "1"},
    ),
    Case("PodwrightNotLeading", {f"podwright_leader{{{OPERATOR}}}": "0 1x10"}, 10),  # a handover
    Case("PodwrightQueueOld", {f"podwright_queue_age_seconds{{{OPERATOR}}}": "90x10"}, 6,
         "Objects wait 1m 30s for the operator."),
    Case("PodwrightQueueOld", {f"podwright_queue_age_seconds{{{OPERATOR}}}": "90x3 0x10"}, 8),
    Case(
        "PodwrightReconcileErrors",
        {
            f'podwright_reconciles_total{{{OPERATOR},kind="Episode",result="ok"}}': "0+75x60",
            f'podwright_reconciles_total{{{OPERATOR},kind="Episode",result="error"}}': "0+25x60",
        },
        40,
        "25% of the looks at Episode objects fail.",
        {"kind": "Episode"},
    ),
    Case(
        "PodwrightReconcileErrors",
        {
            f'podwright_reconciles_total{{{OPERATOR},kind="Episode",result="ok"}}': "0+90x60",
            f'podwright_reconciles_total{{{OPERATOR},kind="Episode",result="error"}}': "0+10x60",
        },
        40,
    ),
    Case(
        "PodwrightApiErrors",
        {
            f'podwright_api_requests_total{{{OPERATOR},verb="apply",code="200"}}': "0+50x60",
            f'podwright_api_requests_total{{{OPERATOR},verb="apply",code="429"}}': "0+25x60",
            f'podwright_api_requests_total{{{OPERATOR},verb="apply",code="none"}}': "0+25x60",
        },
        30,
        "The API server refuses 50% of the operator's requests.",
    ),
    Case(
        "PodwrightApiErrors",
        {
            f'podwright_api_requests_total{{{OPERATOR},verb="apply",code="200"}}': "0+50x60",
            f'podwright_api_requests_total{{{OPERATOR},verb="apply",code="409"}}': "0+50x60",
        },
        30,
    ),
    Case("PodwrightWatchStale", {f"podwright_watch_stale{{{OPERATOR}}}": "1x10"}, 2,
         "Watches of the operator lose events."),
    Case("PodwrightWatchStale", {f"podwright_lost_watch_events_total{{{OPERATOR}}}": "0x5 3x20"}, 10,
         "Watches of the operator lose events."),
    Case("PodwrightWatchStale", {f"podwright_lost_watch_events_total{{{OPERATOR}}}": "3x80"}, 60),
    Case("PodwrightNamespaceRefused", {f"podwright_namespaces_refused{{{OPERATOR}}}": "2x20"}, 16,
         "The operator may not read 2 of the namespaces that it is to serve."),
    Case(
        "PodwrightNamespaceRefused",  # two shards, the first with two replicas
        {
            f'podwright_namespaces_refused{{{OPERATOR},podwright_dev_shard="0",pod="a"}}': "1x20",
            f'podwright_namespaces_refused{{{OPERATOR},podwright_dev_shard="0",pod="b"}}': "1x20",
            f'podwright_namespaces_refused{{{OPERATOR},podwright_dev_shard="1",pod="c"}}': "2x20",
        },
        16,
        "The operator may not read 3 of the namespaces that it is to serve.",
    ),
    Case("PodwrightNamespaceRefused", {f"podwright_namespaces_refused{{{OPERATOR}}}": "1x10 0x20"}, 20),
    Case(
        "PodwrightStageFailures",
        {
            f'podwright_stage_runs_total{{{OPERATOR},stage="write",outcome="failed"}}': "0x5 1 2 3 4x100",
            f'podwright_stage_runs_total{{{OPERATOR},stage="write",outcome="done"}}': "0+0.1x120",
        },
        60,
        "Stage write failed 4 times within an hour.",
        {"stage": "write"},
    ),
    Case(
        "PodwrightStageFailures",  # few of many
        {
            f'podwright_stage_runs_total{{{OPERATOR},stage="write",outcome="failed"}}': "0x5 1 2 3 4x100",
            f'podwright_stage_runs_total{{{OPERATOR},stage="write",outcome="done"}}': "0+10x120",
        },
        60,
    ),
    Case(
        "PodwrightEndpointNotReady",
        {
            f'podwright_resources{{{OPERATOR},kind="ModelEndpoint",state="stalled"}}': "1x60",
            f'podwright_resources{{{OPERATOR},kind="ModelEndpoint",state="working"}}': "1x60",
            f'podwright_resources{{{OPERATOR},kind="ModelEndpoint",state="ready"}}': "3x60",
        },
        31,
        "2 ModelEndpoints are not ready.",
    ),
    Case(
        "PodwrightEndpointNotReady",  # it starts, and is suspended another time
        {
            f'podwright_resources{{{OPERATOR},kind="ModelEndpoint",state="working"}}': "1x20 0x60",
            f'podwright_resources{{{OPERATOR},kind="ModelEndpoint",state="suspended"}}': "0x20 1x60",
        },
        60,
    ),
    Case("PodwrightPostOverdue", {f"podwright_post_overdue_seconds{{{OPERATOR}}}": "0+60x60"}, 30,
         "An approved post is due since 30m 0s and not out."),
    Case("PodwrightPostOverdue", {f"podwright_post_overdue_seconds{{{OPERATOR}}}": "0+60x10 0x60"}, 30),
    Case(
        "PodwrightPostsLate",
        {
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="300"}}': "0+8x120",
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="900"}}': "0+10x120",
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="+Inf"}}': "0+10x120",
        },
        60,
        "Posts on webhook channels go out late.",
        {"channel": "webhook"},
    ),
    Case(
        "PodwrightPostsLate",
        {
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="300"}}': "0+10x120",
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="900"}}': "0+10x120",
            f'podwright_publication_lateness_seconds_bucket{{{WEBHOOK},le="+Inf"}}': "0+10x120",
        },
        60,
    ),
    Case("PodwrightPostMissed", {f'podwright_publications_total{{{WEBHOOK},outcome="missed"}}': "0x5 1x60"}, 10,
         "A post on a webhook channel was not sent in time.", {"channel": "webhook"}),
    Case("PodwrightPostMissed", {f'podwright_publications_total{{{WEBHOOK},outcome="published"}}': "0+1x60"}, 10),
    Case("PodwrightPostHeld", {f'podwright_publications_total{{{WEBHOOK},outcome="held"}}': "0x5 1x60"}, 10,
         "Nobody knows whether a post on a webhook channel arrived.", {"channel": "webhook"}),
    Case("PodwrightPostHeld", {f'podwright_publications_total{{{WEBHOOK},outcome="held"}}': "1x90"}, 80),
    Case("PodwrightPostFailed", {f'podwright_publications_total{{{WEBHOOK},outcome="failed"}}': "0x5 1x60"}, 10,
         "A platform refused a post on a webhook channel.", {"channel": "webhook"}),
    Case("PodwrightPostFailed", {f'podwright_publications_total{{{WEBHOOK},outcome="rejected"}}': "0x5 1x60"}, 10),
]  # fmt: skip


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    assert {(case.alert, case.fires) for case in CASES} == {
        (name, fires) for name in alerts() for fires in (True, False)
    }


def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    rules = alerts()
    tests = []
    for case in CASES:
        rule = rules[case.alert]
        labels = {"namespace": "test", "job": "operator", **(case.labels or {})} if case.labels != {} else {}
        expected = {
            "exp_labels": {**rule["labels"], **labels},
            "exp_annotations": {**rule["annotations"], "summary": case.summary},
        }
        if case.fires and "{{" in rule["annotations"]["description"]:
            expected["exp_annotations"]["description"] = described(rule, case)
        tests.append(
            {
                "name": f"{case.alert} {'fires' if case.fires else 'is quiet'}",
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
                "alert_rule_test": [
                    {
                        "eval_time": f"{case.minute}m",
                        "alertname": case.alert,
                        "exp_alerts": [expected] if case.fires else [],
                    }
                ],
            }
        )
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def described(rule: dict[str, Any], case: Case) -> str:
    """The description of the one alert that quotes its value."""
    assert case.alert == "PodwrightPostsLate"
    return str(rule["annotations"]["description"]).replace("{{ $value | humanizeDuration }}", "10m 0s")


WANTED = {"metrics": {name: {"enabled": True} for name in ("serviceMonitor", "podMonitor", "rules", "dashboard")}}


@pytest.fixture
def monitored(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """With the definitions of the Prometheus Operator."""
    folder = programs() / "crds"
    files = [
        str(folder / f"monitoring.coreos.com_{kind}.yaml")
        for kind in ("servicemonitors", "podmonitors", "prometheusrules")
    ]
    arguments = [word for file in files for word in ("-f", file)]
    control_plane.kubectl("apply", "--server-side", *arguments)
    control_plane.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
    yield control_plane
    control_plane.kubectl("delete", *arguments)


def rendered(control_plane: ControlPlane, *arguments: str, values: Any = None) -> list[dict[str, Any]]:
    folder = control_plane.folder / "values.json"
    folder.write_text(json.dumps(values or {}))
    text = control_plane.helm(
        "template", "podwright", str(CHART), "-n", SYSTEM, "--kube-version", "1.35.4", "-f", str(folder), *arguments
    ).stdout
    return [document for document in yaml.safe_load_all(text) if document]


KINDS = {"ServiceMonitor": 2, "PodMonitor": 1, "PrometheusRule": 1}


def test_the_api_server_takes_the_monitoring_objects(monitored: ControlPlane) -> None:
    documents = rendered(monitored, values=WANTED)
    chosen = [d for d in documents if d["kind"] in KINDS or d["metadata"]["name"].endswith("-dashboard")]
    assert len(chosen) == sum(KINDS.values()) + 1
    for document in chosen:
        document["metadata"].setdefault("namespace", SYSTEM)
    done = monitored.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": chosen}),
    )  # fmt: skip
    assert done.stderr == ""
    rule = next(document for document in chosen if document["kind"] == "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    dashboard = next(document for document in chosen if document["kind"] == "ConfigMap")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["podwright.json"]) == json.loads(DASHBOARD.read_text())


def test_monitors_select_the_services_and_their_ports(control_plane: ControlPlane) -> None:
    documents = rendered(control_plane, values=WANTED)
    services = [document for document in documents if document["kind"] == "Service"]
    for monitor in (document for document in documents if document["kind"] == "ServiceMonitor"):
        selector = monitor["spec"]["selector"]["matchLabels"].items()
        (service,) = [found for found in services if selector <= found["metadata"]["labels"].items()]
        (endpoint,) = monitor["spec"]["endpoints"]
        (port,) = [port for port in service["spec"]["ports"] if port["name"] == endpoint["port"]]
        (pods,) = [
            document["spec"]["template"]
            for document in documents
            if document["kind"] == "Deployment"
            and service["spec"]["selector"].items() <= document["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert port["targetPort"] in {port["name"] for port in pods["spec"]["containers"][0]["ports"]}


@pytest.mark.parametrize(
    ("values", "arguments", "expected"),
    [
        ({}, [], {}),
        ({}, ["--api-versions", "monitoring.coreos.com/v1"], KINDS),
        ({"metrics": {"serviceMonitor": {"enabled": False}}}, ["--api-versions", "monitoring.coreos.com/v1"],
         {"PodMonitor": 1, "PrometheusRule": 1}),
        ({"facade": {"enabled": False}, "metrics": {"serviceMonitor": {"enabled": True}}}, [], {"ServiceMonitor": 1}),
    ],
)  # fmt: skip
def test_made_where_the_cluster_knows_them(
    control_plane: ControlPlane, values: Any, arguments: list[str], expected: dict[str, int]
) -> None:
    kinds = [document["kind"] for document in rendered(control_plane, *arguments, values=values)]
    assert {kind: kinds.count(kind) for kind in KINDS if kind in kinds} == expected


def test_traces_are_off_unless_an_address_is_given(control_plane: ControlPlane) -> None:
    def variables(values: Any) -> dict[str, str]:
        documents = rendered(control_plane, values=values)
        data = next(document["data"] for document in documents if document["metadata"]["name"] == "podwright-operator"
                    and document["kind"] == "ConfigMap")  # fmt: skip
        return {name: value for name, value in data.items() if name.startswith("OTEL_")}

    assert variables({}) == {}
    assert variables({"tracing": {"endpoint": "http://collector:4318", "sampleRatio": 0.25}}) == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        "OTEL_TRACES_SAMPLER": "traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.25",
    }
