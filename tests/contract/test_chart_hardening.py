"""What the chart does for safety and availability: policies, spread, disruption budgets, extra volumes, `helm test`."""

import ipaddress
import json
import runpy
import time
from pathlib import Path
from typing import Any

import pytest

from podwright_core.egress import Egress
from tests.contract.conftest import CHART, SYSTEM, TENANT
from tests.contract.test_chart import STORAGE, Manifest, render, with_values
from tests.control_plane import ControlPlane

HARDENED: Manifest = {
    "tenants": [TENANT],
    "storage": STORAGE,
    "networkPolicy": {
        "enabled": True,
        "facadeFrom": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}],
        "extraEgress": {"publisher": [{"ports": [{"port": 8080}]}]},
    },
    "stages": {
        "fetch": {"allow": ["10.1.0.0/16", "10.2.0.1", "*.corp.example", "fd00::/64"], "deny": ["34.0.0.0/8"]},
        "resources": {"ingest": {"limits": {"memory": "4Gi"}}},
        "queueName": "podcasts",
        "startSuspended": True,
    },
    "operator": {
        "replicas": 2,
        "priorityClassName": "system-cluster-critical",
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
    },
    "facade": {
        "replicas": 3,
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
    },
}
REFUSED: dict[str, tuple[Manifest, str]] = {
    "url as host": ({"stages": {"fetch": {"allow": ["https://media.example"]}}}, "allow"),
    "host as network": ({"stages": {"fetch": {"deny": ["media.example"]}}}, "deny"),
    "stage": ({"stages": {"resources": {"publish": {}}}}, "publish"),
    "queue": ({"stages": {"queueName": "A Queue"}}, "queueName"),
    "port": ({"networkPolicy": {"apiServerPorts": [0]}}, "apiServerPorts"),
}


@pytest.fixture
def values_file(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    path = tmp_path / "values.json"
    path.write_text(json.dumps(request.param))
    return str(path)


def of_kind(documents: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


@with_values({"hardened": HARDENED, "without tenants": {"networkPolicy": {"enabled": True}}})
def test_the_api_server_takes_it(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file, release="hardened")
    for document in documents:
        document["metadata"].setdefault("namespace", SYSTEM)
    done = control_plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}),
    )  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize(("values_file", "named"), list(REFUSED.values()), ids=list(REFUSED), indirect=["values_file"])
def test_nonsense_is_refused(control_plane: ControlPlane, values_file: str, named: str) -> None:
    done = control_plane.helm(
        "template", "podwright", str(CHART), "--kube-version", "1.35.4", "-f", values_file, check=False
    )
    assert done.returncode
    assert named in done.stderr


@with_values({"defaults": {}})
def test_policies_are_opt_in(control_plane: ControlPlane, values_file: str) -> None:
    assert not of_kind(render(control_plane, values_file), "NetworkPolicy")


@with_values({"hardened": HARDENED})
def test_every_pod_has_its_policy(control_plane: ControlPlane, values_file: str) -> None:
    """Labels as the operator puts them on pods, and the one policy that selects each."""
    documents = render(control_plane, values_file)
    policies = of_kind(documents, "NetworkPolicy")
    managed = {"app.kubernetes.io/managed-by": "podwright"}
    pods = {
        "podwright-stages": {**managed, "podwright.dev/kind": "episode", "podwright.dev/stage": "ingest"},
        "podwright-publisher": {**managed, "podwright.dev/kind": "campaign"},
        "podwright-models": {**managed, "podwright.dev/kind": "modelendpoint"},
        **{name: d["spec"]["template"]["metadata"]["labels"] for name, d in of_kind(documents, "Deployment").items()},
    }
    for name, labels in pods.items():
        assert [p for p, policy in policies.items() if selects(policy["spec"]["podSelector"], labels)] == [name]
        assert policies[name]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert {policies[name]["metadata"].get("namespace") for name in list(pods)[:3]} == {TENANT}


def selects(selector: Manifest, labels: Manifest) -> bool:
    def holds(rule: Manifest) -> bool:
        match rule["operator"]:
            case "Exists":
                return rule["key"] in labels
            case "DoesNotExist":
                return rule["key"] not in labels
            case _:
                return labels.get(rule["key"]) in rule["values"]

    return all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items()) and all(
        holds(rule) for rule in selector.get("matchExpressions", ())
    )


@with_values({"hardened": HARDENED})
def test_policy_and_guard_say_the_same_of_an_address(control_plane: ControlPlane, values_file: str) -> None:
    """The network's rule for the web and the rule in the Jobs themselves (``Egress``), address by address."""
    policies = of_kind(render(control_plane, values_file), "NetworkPolicy")
    peers, published = (blocks(policies[f"podwright-{name}"]) for name in ("stages", "publisher"))
    assert published == peers
    egress = Egress(tuple(HARDENED["stages"]["fetch"]["allow"]), tuple(HARDENED["stages"]["fetch"]["deny"]))
    for text in (
        "93.184.215.14", "10.0.0.1", "10.1.2.3", "10.2.0.1", "10.2.0.2", "127.0.0.1", "169.254.169.254", "172.20.0.1",
        "192.168.0.1", "100.64.0.1", "168.63.129.16", "224.0.0.1", "255.255.255.255", "34.1.2.3", "35.1.2.3",
        "2606:2800::1", "::1", "fd00::1", "fd01::1", "fe80::1", "ff02::1",
    ):  # fmt: skip
        address = ipaddress.ip_address(text)
        assert any(covers(block, address) for block in peers) == egress.permits("media.example", address), text


def blocks(policy: Manifest) -> list[Manifest]:
    """Where a policy lets out to, by address."""
    return [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in web(rule)]


@with_values({"without people": HARDENED, "with people": {**HARDENED, "facade": {
    "database": {"existingSecret": "database"}, "keys": {"existingSecret": "keys"},
    "webhooks": {"allow": ["10.3.0.0/16", "hooks.corp.example"]},
    "mail": {"host": "smtp.example.org", "port": 465, "sender": "podwright@example.org"},
}}})  # fmt: skip
def test_the_facade_gets_to_where_it_is_allowed(control_plane: ControlPlane, values_file: str) -> None:
    """For shows to import, consent to servers that tenants name, events and letters."""
    policy = of_kind(render(control_plane, values_file), "NetworkPolicy")["podwright-api"]
    people = "smtp.example.org" in Path(values_file).read_text()
    rules = [rule for rule in policy["spec"]["egress"] if any("except" in to["ipBlock"] for to in web(rule))]
    assert [[port["port"] for port in rule["ports"]] for rule in rules] == [[80, 443], *([[465]] if people else [])]
    assert [block["cidr"] for block in blocks(policy) if "except" not in block] == [
        "10.1.0.0/16", "10.2.0.1/32", "fd00::/64", *(["10.3.0.0/16"] if people else []),
    ]  # fmt: skip


def web(rule: Manifest) -> list[Manifest]:
    return [peer for peer in rule.get("to", ()) if "ipBlock" in peer]


def covers(block: Manifest, address: Any) -> bool:
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(hole) for hole in block.get("except", ())
    )


def store(endpoint: str, **policy: Any) -> Manifest:
    keys = {"accessKey": "key", "secretKey": "secret"}
    return {
        "tenants": [TENANT],
        "storage": {"endpoint": endpoint, **keys},
        "networkPolicy": {"enabled": True, "apiServerTo": [{"ipBlock": {"cidr": "10.9.0.1/32"}}], **policy},
    }


@with_values(
    {
        "a Service": store("http://minio.storage.svc.cluster.local:9000"),
        "on the web": store("https://s3.eu-central-1.amazonaws.com"),
        "an address": store("https://10.1.2.3:9000"),
        "said": store("https://s3.corp.example", storageTo=[{"ipBlock": {"cidr": "10.4.0.0/16"}}]),
        "nowhere yet": {**store(""), "storage": {}},
    }
)
def test_the_way_to_the_store_leads_nowhere_else(control_plane: ControlPlane, values_file: str) -> None:
    """A port that is open to every address would open it in private networks too."""
    documents = render(control_plane, values_file)
    endpoint = next((d["stringData"]["PODWRIGHT_S3_ENDPOINT"] for d in documents if "stringData" in d), "")
    private = {"https://10.1.2.3:9000": "10.1.2.3", "https://s3.corp.example": "10.4.5.6"}.get(endpoint)
    for name, policy in of_kind(documents, "NetworkPolicy").items():
        rules = policy["spec"]["egress"]
        assert all(rule.get("to") for rule in rules if not is_dns(rule)), name
        peers = [peer for rule in rules for peer in rule.get("to", ())]
        blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
        for text in ("10.1.2.3", "10.4.5.6", "192.168.0.1", "169.254.169.254"):
            assert any(covers(block, ipaddress.ip_address(text)) for block in blocks) == (text == private), (name, text)
        inside = [peer["namespaceSelector"] for peer in peers if "podSelector" not in peer and "ipBlock" not in peer]
        expected = [{"matchLabels": {"kubernetes.io/metadata.name": "storage"}}] if ".svc." in endpoint else []
        assert inside == expected, name


@with_values({"beside": store("http://minio:9000"), "short": store("http://minio.storage:9000")})
def test_short_names_of_a_service_are_known(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    endpoint = next(d["stringData"]["PODWRIGHT_S3_ENDPOINT"] for d in documents if "stringData" in d)
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "storage"}}}
    expected = named if "storage" in endpoint else {"podSelector": {}}
    for policy in of_kind(documents, "NetworkPolicy").values():
        rules = [
            rule for rule in policy["spec"]["egress"] if {"port": 9000, "protocol": "TCP"} in rule.get("ports", ())
        ]
        assert [expected in rule["to"] for rule in rules] == [True]


TRACED = {**store("http://minio.storage.svc:9000"), "tracing": {"endpoint": "http://collector.traces.svc:4318"}}


@with_values({"traced": TRACED, "not traced": store("http://minio.storage.svc:9000")})
def test_spans_get_to_the_collector(control_plane: ControlPlane, values_file: str) -> None:
    """From all that make them; models make none."""
    documents = render(control_plane, values_file)
    collector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traces"}}}
    way = {"to": [collector], "ports": [{"port": 4318, "protocol": "TCP"}]}
    policies = of_kind(documents, "NetworkPolicy")
    open_in = {name for name, policy in policies.items() if way in policy["spec"]["egress"]}
    traced = "OTEL_EXPORTER_OTLP_ENDPOINT" in of_kind(documents, "ConfigMap")["podwright-operator"]["data"]
    assert open_in == (policies.keys() - {"podwright-models"} if traced else set())


def is_dns(rule: Manifest) -> bool:
    return {port["port"] for port in rule.get("ports", ())} == {53, 1053}


@with_values({"hardened": HARDENED})
def test_the_dashboard_of_ray_is_for_kuberay_alone(control_plane: ControlPlane, values_file: str) -> None:
    spec = of_kind(render(control_plane, values_file), "NetworkPolicy")["podwright-models"]["spec"]

    def open_to(peer: Manifest) -> list[int | str]:
        return [port["port"] for rule in spec["ingress"] if peer in rule["from"] for port in rule["ports"]]

    assert open_to({"podSelector": {}}) == [8000]
    assert open_to({"namespaceSelector": {}}) == ["metrics"], "Prometheus's, by the PodMonitor"


@with_values({"hardened": HARDENED})
def test_replicas_are_spread_and_kept(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    for name, deployment in of_kind(documents, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        labels = deployment["spec"]["selector"]["matchLabels"]
        (spread,) = pod["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"] == labels
        assert spread["topologyKey"] == (
            "topology.kubernetes.io/zone" if name.endswith("operator") else "kubernetes.io/hostname"
        )
        budget = of_kind(documents, "PodDisruptionBudget")[name]["spec"]
        assert budget["selector"]["matchLabels"] == labels
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow", "where something cannot be listed, none is ready"
        assert {"name": "ca", "configMap": {"name": "ca"}} in pod["volumes"]
        assert {"name": "ca", "mountPath": "/etc/ca"} in pod["containers"][0]["volumeMounts"]


@with_values({"one replica": {}})
def test_one_replica_may_be_evicted(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    assert not of_kind(documents, "PodDisruptionBudget")
    for deployment in of_kind(documents, "Deployment").values():
        assert "topologySpreadConstraints" not in deployment["spec"]["template"]["spec"]


@with_values({"hardened": HARDENED})
def test_settings_of_stage_jobs_reach_the_operator(control_plane: ControlPlane, values_file: str) -> None:
    config = of_kind(render(control_plane, values_file), "ConfigMap")["podwright-operator"]["data"]
    assert config["PODWRIGHT_FETCH_ALLOW"] == "10.1.0.0/16,10.2.0.1,*.corp.example,fd00::/64"
    assert config["PODWRIGHT_FETCH_DENY"] == "34.0.0.0/8"
    assert json.loads(config["PODWRIGHT_STAGE_RESOURCES"]) == {"ingest": {"limits": {"memory": "4Gi"}}}
    assert (config["PODWRIGHT_STAGE_QUEUE"], config["PODWRIGHT_STAGE_START_SUSPENDED"]) == ("podcasts", "true")


@with_values({"defaults": {}, "no facade": {"facade": {"enabled": False}}})
def test_helm_test_is_a_hook_that_checks_what_is_installed(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    hooks = [d for d in documents if d["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"]
    assert {d["kind"] for d in hooks} == {"ServiceAccount", "Role", "RoleBinding", "Pod"}
    pod = next(d for d in hooks if d["kind"] == "Pod")["spec"]
    checked = {variable["name"] for variable in pod["containers"][0]["env"]}
    assert ("FACADE" in checked) == ("podwright-api" in of_kind(documents, "Deployment"))
    compile(pod["containers"][0]["command"][2], "works.py", "exec")


@with_values({"hardened": HARDENED})
def test_helm_test_reaches_a_facade_that_is_not_for_everyone(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    (rule,) = of_kind(documents, "NetworkPolicy")["podwright-api"]["spec"]["ingress"]
    labels = of_kind(documents, "Pod")["podwright-test"]["metadata"]["labels"]
    named, tester = rule["from"]
    assert [named] == HARDENED["networkPolicy"]["facadeFrom"]
    assert selects(tester["podSelector"], labels)


def test_helm_test_says_what_does_not_work(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a Lease that was never made, or a facade that is not reached, the error alone names neither."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setenv("LEASES", "podwright-operator-0-of-2,podwright-operator-1-of-2")
    monkeypatch.setenv("NAMESPACE", SYSTEM)
    monkeypatch.setenv("FACADE", "http://127.0.0.1:1")
    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(str(CHART / "files" / "works.py"), run_name="__main__")
    told = [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["Lease podwright-operator-0-of-2", "Lease podwright-operator-1-of-2", "facade"]
