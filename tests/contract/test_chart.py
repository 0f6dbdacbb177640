"""The chart: what it renders, what it refuses, and whether a real API server takes it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from podwright_core.stages import StageName
from podwright_crds.kinds import KINDS
from podwright_crds.names import PUBLISHER_SERVICE_ACCOUNT, STORAGE_SECRET
from podwright_operator.engine.shard import Shard
from podwright_operator.settings import Settings, StageJobSettings
from tests.contract.conftest import CHART, SYSTEM, TENANT
from tests.control_plane import ControlPlane, KubectlError, binaries

Manifest = dict[str, Any]
POD_KINDS = {"Deployment"}

STORAGE = {
    "endpoint": "http://minio.minio.svc:9000",
    "accessKey": "key",
    "secretKey": "0123456789",
    "publicUrl": "https://cdn.example.org/podcasts/",
}
VALUES: dict[str, Manifest] = {
    "defaults": {},
    "one tenant": {"tenants": [TENANT], "storage": STORAGE},
    "two tenants, watched alone": {"tenants": [TENANT, "default"], "watchNamespaces": [TENANT, "default"]},
    "three shards": {"operator": {"shards": 3, "replicas": 2}},
    "no facade": {"facade": {"enabled": False}},
    "accounts": {
        "tenants": [TENANT],
        "facade": {
            "database": {"existingSecret": "database"},
            "keys": {"existingSecret": "keys"},
            "backup": {"existingSecret": "backups", "keepDays": 7},
            "autoscaling": {"enabled": True},
            "mail": {"host": "smtp.example.org", "sender": "podwright@example.org", "existingSecret": "smtp"},
            "accounts": {"registration": "open", "publicUrl": "https://console.example.org"},
            "corsOrigins": ["https://console.example.org"],
            "webhooks": {"allow": ["hooks.corp.example", "10.1.0.0/16"], "deny": ["34.0.0.0/8"]},
            "oidc": [
                {
                    "name": "corp",
                    "issuer": "https://id.example.org",
                    "clientId": "podwright",
                    "existingSecret": "corp-client",
                    "allowedDomains": ["example.org"],
                },
                {"name": "public", "title": "Public", "issuer": "https://public.example.org", "clientId": "p"},
            ],
        },
    },
    "no definitions": {"crds": {"install": False}},
    "other names": {"fullnameOverride": "pw", "nameOverride": "shows"},
    "everything placed": {
        "image": {"repository": "registry.example.org:5000/podwright", "digest": "sha256:" + "0" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "operator": {
            "replicas": 2,
            "workers": 8,
            "apiConnections": 16,
            "apiRate": 50.5,
            "resyncSeconds": 600,
            "nodeSelector": {"pool": "small"},
            "tolerations": [{"key": "small", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {}},
            "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
            "podAnnotations": {"team": "platform"},
            "podLabels": {"team": "platform"},
        },
        "facade": {"replicas": 2, "token": {"existingSecret": "mine", "key": "api"}, "service": {"port": 8080}},
        "stages": {
            "pod": {"nodeSelector": {"pool": "jobs"}},
            "labels": {"kueue.x-k8s.io/queue-name": "podcasts"},
            "keepSeconds": 1_000_000,
        },
        "inference": {
            "image": {"repository": "inference", "tag": "gpu", "pullPolicy": "Always"},
            "volumes": [{"name": "cache", "emptyDir": {}}],
            "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
            "env": [{"name": "HF_HOME", "value": "/cache"}],
            "nodeSelector": {"gpu": "yes"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {}},
            "priorityClassName": "models",
            "drainSeconds": 1_000,
            "imagePullSecrets": [{"name": "registry"}],
        },
        "metrics": {"annotations": False},
    },
}

NONSENSE: dict[str, tuple[Manifest, str]] = {
    "unknown value": ({"replicaCount": 3}, "replicaCount"),
    "unknown value below": ({"operator": {"replicaCount": 2}}, "replicaCount"),
    "pull policy": ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    "digest": ({"image": {"digest": "latest"}}, "digest"),
    "tag in the repository": ({"image": {"repository": "podwright:1"}}, "repository"),
    "tenant": ({"tenants": ["Not A Namespace"]}, "tenants"),
    "tenant twice": ({"tenants": ["a", "a"]}, "tenants"),
    "endpoint": ({"storage": {"endpoint": "minio:9000"}}, "endpoint"),
    "endpoint without keys": ({"storage": {"endpoint": "http://minio:9000"}}, "accessKey"),
    "replicas": ({"facade": {"replicas": "two"}}, "replicas"),
    "service type": ({"facade": {"service": {"type": "Ingress"}}}, "type"),
    "shards": ({"operator": {"shards": 0}}, "shards"),
    "workers": ({"operator": {"workers": 0}}, "workers"),
    "rate": ({"operator": {"apiRate": -1}}, "apiRate"),
    "mail without a sender": ({"facade": {"mail": {"host": "smtp.example.org"}}}, "sender"),
    "registration": ({"facade": {"accounts": {"registration": "everybody"}}}, "registration"),
    "backups": ({"facade": {"backup": {"keepHours": 0}}}, "keepHours"),
    "autoscaling": ({"facade": {"autoscaling": {"cpu": "80%"}}}, "cpu"),
    "origin": ({"facade": {"corsOrigins": ["*"]}}, "corsOrigins"),
    "provider without an issuer": ({"facade": {"oidc": [{"name": "corp", "clientId": "p"}]}}, "issuer"),
    "provider in the clear": (
        {"facade": {"oidc": [{"name": "corp", "clientId": "p", "issuer": "http://id.example.org"}]}},
        "issuer",
    ),
    "webhooks": ({"facade": {"webhooks": {"allow": "everything"}}}, "allow"),
    "log level": ({"operator": {"logLevel": "LOUD"}}, "logLevel"),
    "volumes": ({"inference": {"volumes": "none"}}, "volumes"),
}


@pytest.fixture
def values_file(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    path = tmp_path / "values.json"
    path.write_text(json.dumps(request.param))
    return str(path)


def render(control_plane: ControlPlane, values_file: str, release: str = "podwright") -> list[Manifest]:
    text = control_plane.helm(
        "template", release, str(CHART), "-n", SYSTEM, "--kube-version", "1.35.4", "-f", values_file
    ).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def with_values(tables: dict[str, Manifest]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("values_file", list(tables.values()), ids=list(tables), indirect=True)


def test_lint(control_plane: ControlPlane) -> None:
    done = control_plane.helm("lint", "--strict", str(CHART))
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@with_values(VALUES)
def test_the_api_server_takes_all_that_is_rendered(control_plane: ControlPlane, values_file: str) -> None:
    # Another release than the one that is installed: what is new is tried, not a change.
    documents = render(control_plane, values_file, release="another")
    for document in documents:
        document["metadata"].setdefault("namespace", SYSTEM)
    done = control_plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}),
    )  # fmt: skip
    # The namespaces warn about every pod that is not restricted.
    assert done.stderr == ""


@with_values(VALUES)
def test_every_pod_is_restricted_and_probed(control_plane: ControlPlane, values_file: str) -> None:
    pods = [d["spec"]["template"]["spec"] for d in render(control_plane, values_file) if d["kind"] in POD_KINDS]
    assert pods
    for pod in pods:
        assert pod["enableServiceLinks"] is False, "PODWRIGHT_API_PORT would be the Service's address"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] >= 10000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"livenessProbe", "readinessProbe", "startupProbe"} <= container.keys()
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


@with_values({"defaults": {}})
def test_no_role_has_a_wildcard_or_may_list_secrets(control_plane: ControlPlane, values_file: str) -> None:
    roles = [d for d in render(control_plane, values_file) if d["kind"] in {"Role", "ClusterRole"}]
    assert len(roles) >= 6
    for name, rule in ((role["metadata"]["name"], rule) for role in roles for rule in role["rules"]):
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert "escalate" not in rule["verbs"]
        if "impersonate" in rule["verbs"]:
            # One account, in the Role of one namespace.
            assert (name, rule["resources"]) == ("podwright-api-acts", ["serviceaccounts"])
            assert rule["resourceNames"] == ["podwright-workspace"]
        if "secrets" in rule["resources"]:
            # Publishers keep the tokens that they renew, and are bound in single namespaces only; the facade creates
            # channels' credentials, which it has no right to read.
            may = [["get", "create", "patch"]] if name == "podwright-publisher" else [["get"], ["create"]]
            assert rule["verbs"] in may


@with_values({"everything placed": VALUES["everything placed"]})
def test_values_arrive(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    config = next(d["data"] for d in documents if d["kind"] == "ConfigMap")
    inference = VALUES["everything placed"]["inference"]
    placed = {field: value for field, value in inference.items() if field not in ("image", "drainSeconds")}
    assert json.loads(config["PODWRIGHT_INFERENCE_POD"]) == placed
    settings = Settings.from_environment(config)
    assert settings.inference.drain_seconds == 1_000
    assert (settings.workers, settings.api_connections, settings.api_rate) == (8, 16, 50.5)
    assert settings.resync == timedelta(minutes=10)
    assert settings.stage_jobs.keep_finished == timedelta(seconds=1_000_000)
    assert config["PODWRIGHT_INFERENCE_IMAGE"] == "inference:gpu"
    assert config["PODWRIGHT_INFERENCE_IMAGE_PULL_POLICY"] == "Always"
    assert config["PODWRIGHT_IMAGE"] == f"registry.example.org:5000/podwright@sha256:{'0' * 64}"
    assert json.loads(config["PODWRIGHT_STAGE_POD"]) == {"nodeSelector": {"pool": "jobs"}}
    assert not [d for d in documents if d["kind"] == "Secret"], "the token is the user's own"
    for deployment in (d for d in documents if d["kind"] == "Deployment"):
        assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == config["PODWRIGHT_IMAGE"]


@with_values({"defaults": {}})
def test_what_is_not_placed_starts_no_model_anew(control_plane: ControlPlane, values_file: str) -> None:
    """Pods that read otherwise, be it by an empty field, are another cluster to KubeRay."""
    config = next(d["data"] for d in render(control_plane, values_file) if d["kind"] == "ConfigMap")
    assert json.loads(config["PODWRIGHT_INFERENCE_POD"]).keys() == {
        "volumes", "volumeMounts", "env", "nodeSelector", "tolerations",
    }  # fmt: skip
    settings = Settings.from_environment(config)
    defaults = Settings()
    for name in ("workers", "api_connections", "api_rate", "resync"):
        assert getattr(settings, name) == getattr(defaults, name)


@with_values({"kept": {"operator": dict.fromkeys(("workers", "apiConnections", "apiRate", "resyncSeconds"))}})
def test_values_kept_from_a_release_that_had_fewer_are_enough(control_plane: ControlPlane, values_file: str) -> None:
    """`helm upgrade --reuse-values` takes the defaults of the chart that is installed, not of the new one."""
    config = next(d["data"] for d in render(control_plane, values_file) if d["kind"] == "ConfigMap")
    settings, defaults = Settings.from_environment(config), Settings()
    for name in ("workers", "api_connections", "api_rate", "resync"):
        assert getattr(settings, name) == getattr(defaults, name)


@with_values({"keys": {"facade": {"database": {"existingSecret": "database"}}}})
def test_keys_are_not_made_where_none_can_be_kept(control_plane: ControlPlane, values_file: str) -> None:
    with pytest.raises(KubectlError, match=r"facade\.keys\.existingSecret"):
        render(control_plane, values_file)


@with_values({"defaults": {}})
def test_two_releases_share_no_name(control_plane: ControlPlane, values_file: str) -> None:
    def roles(release: str) -> set[str]:
        documents = render(control_plane, values_file, release)
        names = {d["metadata"]["name"] for d in documents if d["kind"] in {"ClusterRole", "ClusterRoleBinding"}}
        config = next(d["data"] for d in documents if d["kind"] == "ConfigMap")
        bound = [rule["resourceNames"] for d in documents for rule in d.get("rules", ()) if "bind" in rule["verbs"]]
        assert bound == [[config["PODWRIGHT_PUBLISHER_ROLE"]]]
        assert config["PODWRIGHT_PUBLISHER_ROLE"] in names
        return names

    first, second = roles("podwright"), roles("shows")
    assert StageJobSettings().publisher_role in first
    assert not first & second


@with_values({"accounts": VALUES["accounts"]})
def test_backups_and_replicas_by_load(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    (backup,) = (d["spec"] for d in documents if d["kind"] == "CronJob")
    assert (backup["schedule"], backup["concurrencyPolicy"]) == ("17 * * * *", "Forbid")
    pod = backup["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"] + container["args"] == ["podwright", "backup", "--keep-hours=48", "--keep-days=7"]
    assert container["envFrom"] == [{"secretRef": {"name": "backups"}}]
    assert pod["automountServiceAccountToken"] is False
    (scaler,) = (d["spec"] for d in documents if d["kind"] == "HorizontalPodAutoscaler")
    of_facade = next(
        d for d in documents if d["kind"] == "Deployment" and d["metadata"]["name"] == scaler["scaleTargetRef"]["name"]
    )
    assert "replicas" not in of_facade["spec"]
    assert scaler["minReplicas"] == 2


@with_values({"three shards": VALUES["three shards"]})
def test_each_shard_is_a_deployment_with_a_lease(control_plane: ControlPlane, values_file: str) -> None:
    documents = render(control_plane, values_file)
    shards = {d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == "Deployment" if _is_operator(d)}
    assert list(shards) == [f"podwright-operator-{number}" for number in range(3)]
    selectors = [json.dumps(spec["selector"]["matchLabels"], sort_keys=True) for spec in shards.values()]
    assert len(set(selectors)) == 3
    leases = set()
    for number, spec in enumerate(shards.values()):
        assert spec["replicas"] == 2
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        variables = {v["name"]: v.get("value") for v in spec["template"]["spec"]["containers"][0]["env"]}
        assert (variables["PODWRIGHT_SHARD"], variables["PODWRIGHT_SHARDS"]) == (str(number), "3")
        leases.add(Shard(number, 3).lease("podwright-operator"))
    readers = [d for d in documents if d["kind"] == "Role" and "leases" in d["rules"][0]["resources"]]
    assert len(readers) == 2, "the operators and helm test"
    for role in readers:
        assert {name for rule in role["rules"] for name in rule.get("resourceNames", ())} == leases
    (tester,) = (d for d in documents if d["kind"] == "Pod")
    variables = {v["name"]: v["value"] for v in tester["spec"]["containers"][0]["env"]}
    assert (variables["NAMESPACE"], set(variables["LEASES"].split(","))) == (SYSTEM, leases)


def _is_operator(document: Manifest) -> bool:
    return bool(document["metadata"]["labels"]["app.kubernetes.io/component"] == "operator")


@with_values({"one tenant": VALUES["one tenant"]})
def test_a_tenant_gets_the_storage_secret(control_plane: ControlPlane, values_file: str) -> None:
    secret = next(d for d in render(control_plane, values_file) if d["metadata"]["name"] == STORAGE_SECRET)
    assert secret["metadata"]["namespace"] == TENANT
    assert secret["stringData"] == {
        "PODWRIGHT_S3_ENDPOINT": STORAGE["endpoint"],
        "PODWRIGHT_S3_ACCESS_KEY": STORAGE["accessKey"],
        "PODWRIGHT_S3_SECRET_KEY": STORAGE["secretKey"],
        "PODWRIGHT_S3_REGION": "us-east-1",
        "PODWRIGHT_S3_BUCKET": "podwright",
        "PODWRIGHT_S3_PUBLIC_BUCKET": "podwright-public",
        "PODWRIGHT_S3_PUBLIC_URL": "https://cdn.example.org/podcasts",
    }


@pytest.mark.parametrize(
    ("values_file", "named"), list(NONSENSE.values()), ids=list(NONSENSE), indirect=["values_file"]
)
def test_nonsense_is_refused(control_plane: ControlPlane, values_file: str, named: str) -> None:
    with pytest.raises(KubectlError, match=named):
        render(control_plane, values_file)


def test_every_value_is_in_the_schema_and_described() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(leaves(values, schema)) == set()


def test_each_stage_has_its_resources() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["stages"]["properties"]["resources"]
    assert schema["properties"].keys() == set(StageName)


def leaves(values: Manifest, schema: Manifest, path: str = "") -> Iterator[str]:
    """Values that the schema does not know, and what it knows without a value or a description."""
    for name in values.keys() ^ (schema["properties"].keys() - {"global"}):
        yield f"{path}.{name}"
    for name in values.keys() & schema["properties"].keys():
        part = schema["properties"][name]
        if not part.get("description"):
            yield f"{path}.{name}"
        if isinstance(values[name], dict) and "properties" in part and values[name]:
            yield from leaves(values[name], {**part, "properties": known(part, values[name])}, f"{path}.{name}")


def known(part: Manifest, values: Manifest) -> Manifest:
    """The part's properties; of Kubernetes' own resource requirements those that are used."""
    if "claims" in part["properties"]:
        return {name: schema for name, schema in part["properties"].items() if name in values}
    return dict(part["properties"])


OPERATOR = f"system:serviceaccount:{SYSTEM}:podwright-operator"
FACADE = f"system:serviceaccount:{SYSTEM}:podwright-api"
WORKSPACE = f"system:serviceaccount:{TENANT}:podwright-workspace"
MAY = [
    (OPERATOR, "watch", "episodes.podwright.dev", TENANT),
    (OPERATOR, "patch", "episodes.podwright.dev/status", "default"),
    (OPERATOR, "create", "jobs.batch", TENANT),
    (OPERATOR, "get", "secrets", TENANT),
    (OPERATOR, "get", "pods/log", TENANT),
    (OPERATOR, "create", "leases.coordination.k8s.io", SYSTEM),
    (OPERATOR, "list", "leases.coordination.k8s.io", SYSTEM),
    (OPERATOR, "update", "leases.coordination.k8s.io/podwright-operator", SYSTEM),
    (FACADE, "impersonate", "serviceaccounts/podwright-workspace", TENANT),
    (WORKSPACE, "get", f"secrets/{STORAGE_SECRET}", TENANT),
    (WORKSPACE, "create", "episodes.podwright.dev", TENANT),
]
MAY_NOT = [
    (OPERATOR, "watch", "customresourcedefinitions.apiextensions.k8s.io", TENANT),
    (OPERATOR, "list", "secrets", TENANT),
    (OPERATOR, "create", "pods", TENANT),
    (OPERATOR, "update", "leases.coordination.k8s.io/another", SYSTEM),
    (OPERATOR, "create", "leases.coordination.k8s.io", TENANT),
    (OPERATOR, "create", "clusterrolebindings.rbac.authorization.k8s.io", TENANT),
    (OPERATOR, "create", "episodes.podwright.dev", TENANT),
    (OPERATOR, "delete", "episodes.podwright.dev", TENANT),
    (FACADE, "impersonate", "serviceaccounts/podwright-workspace", "default"),
    (FACADE, "impersonate", "serviceaccounts/default", TENANT),
    (FACADE, "list", "episodes.podwright.dev", TENANT),
    (FACADE, "get", f"secrets/{STORAGE_SECRET}", TENANT),
    (WORKSPACE, "get", "secrets/receiver-credentials", TENANT),
    (WORKSPACE, "get", "secrets", TENANT),
    (WORKSPACE, "list", "episodes.podwright.dev", "default"),
    (WORKSPACE, "patch", "posts.podwright.dev/status", TENANT),
]


@pytest.mark.parametrize(
    ("who", "verb", "what", "namespace", "allowed"),
    [(*rule, True) for rule in MAY] + [(*rule, False) for rule in MAY_NOT],
)
def test_rights(control_plane: ControlPlane, who: str, verb: str, what: str, namespace: str, allowed: bool) -> None:
    resource, _, rest = what.partition("/")
    subresource = ["--subresource", rest] if rest in {"status", "log"} else []
    target = resource if subresource or not rest else what
    done = control_plane.kubectl("auth", "can-i", verb, target, *subresource, "-n", namespace, "--as", who, check=False)
    assert done.stdout.strip() == ("yes" if allowed else "no"), done.stderr


def test_the_operator_binds_the_publisher_role_and_no_other(control_plane: ControlPlane) -> None:
    def bind(role: str) -> str:
        return control_plane.kubectl(
            "create", "rolebinding", f"try-{role}", "-n", TENANT, "--clusterrole", role,
            "--serviceaccount", f"{TENANT}:{PUBLISHER_SERVICE_ACCOUNT}", "--as", OPERATOR, check=False,
        ).stderr  # fmt: skip

    assert bind("podwright-publisher") == ""
    assert "attempting to grant RBAC permissions not currently held" in bind("cluster-admin")


def test_the_operator_may_own_what_it_makes(control_plane: ControlPlane) -> None:
    """With owner references that block the owner's deletion, and the admission plugin that checks the right to."""
    episode = {
        "apiVersion": "podwright.dev/v1alpha1",
        "kind": "Episode",
        "metadata": {"name": "owner"},
        "spec": {"podcastRef": {"name": "workshop"}, "title": "Owner", "media": {"url": "s3://podwright/a.mp3"}},
    }
    control_plane.kubectl("apply", "-n", TENANT, "-f", "-", stdin=json.dumps(episode))
    owner = control_plane.get("episode", "owner", "-n", TENANT)
    reference = {k: owner[k] for k in ("apiVersion", "kind")} | {k: owner["metadata"][k] for k in ("name", "uid")}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "owned",
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}},
    }
    control_plane.kubectl("create", "-n", TENANT, "--as", OPERATOR, "-f", "-", stdin=json.dumps(job))


def test_upgrade_and_uninstall(tmp_path: Path) -> None:
    """An upgrade keeps the token; an uninstall keeps the definitions and everyone's objects, and can be undone."""
    with ControlPlane.start(tmp_path / "control-plane", binaries(), controller_manager=True) as cluster:
        install = ("upgrade", "--install", "podwright", str(CHART), "-n", SYSTEM, "--create-namespace")
        cluster.helm(*install)
        token = cluster.get("secret", "podwright-api-token", "-n", SYSTEM)["data"]["token"]
        cluster.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
        post = next(iter((Path(__file__).parent / "manifests" / "good").glob("post.yaml")))
        cluster.kubectl("apply", "-f", str(post))

        cluster.helm(*install, "--set", "operator.replicas=2")
        assert cluster.get("deployment", "podwright-operator", "-n", SYSTEM)["spec"]["strategy"]["rollingUpdate"]
        cluster.helm(*install, "--reset-values")
        assert cluster.get("deployment", "podwright-operator", "-n", SYSTEM)["spec"]["strategy"] == {"type": "Recreate"}
        assert cluster.get("secret", "podwright-api-token", "-n", SYSTEM)["data"]["token"] == token

        assert_people_get_what_their_role_says(cluster)
        cluster.helm("uninstall", "podwright", "-n", SYSTEM)
        left = cluster.get("all,clusterroles,clusterrolebindings,secrets,configmaps,crds", "-A", "-l",
                           "app.kubernetes.io/instance=podwright")["items"]  # fmt: skip
        assert {item["kind"] for item in left} == {"CustomResourceDefinition"}
        assert {item["metadata"]["name"] for item in left} == {f"{kind.PLURAL}.podwright.dev" for kind in KINDS}
        assert cluster.get("posts")["items"]

        cluster.helm(*install)
        assert cluster.get("posts")["items"]


def assert_people_get_what_their_role_says(cluster: ControlPlane) -> None:
    """The controller manager adds the chart's roles up to the cluster's own ones."""
    for role in ("view", "edit", "admin"):
        cluster.kubectl("create", "rolebinding", role, "--clusterrole", role, "--user", role)
    everything = {kind.PLURAL for kind in KINDS}
    accounts_and_models = {"channels", "modelendpoints"}
    expected = {
        ("view", "list"): everything,
        ("view", "create"): set(),
        ("edit", "create"): everything - accounts_and_models,
        ("admin", "delete"): everything,
    }
    for (person, verb), kinds in expected.items():
        allowed = {
            kind
            for kind in everything
            if cluster.kubectl("auth", "can-i", verb, f"{kind}.podwright.dev", "--as", person, check=False).returncode
            == 0
        }
        assert allowed == kinds, f"{person} may {verb}"
