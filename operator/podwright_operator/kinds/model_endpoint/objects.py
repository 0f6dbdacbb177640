"""The RayService of a ModelEndpoint."""

import json
import math
from typing import Final

from podwright_crds import names
from podwright_crds.model_endpoint import Engine, ModelEndpoint, UpgradeStrategy
from podwright_operator.engine import kube
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Child, ChildMode
from podwright_operator.kinds.pod_spec import pod_spec
from podwright_operator.settings import InferenceSettings

#: KubeRay appends to the name what its clusters, pods and Services are told apart by.
_NAME_LIMIT: Final = 40
_USER: Final = 10001
MODELS: Final = "/models"
#: On a RayService: digest of its cluster without replica counts. With the upgrade strategy None, KubeRay ignores
#: changes of the cluster, so the operator makes the RayService anew where this differs.
ANNOTATION_CLUSTER: Final = f"{names.GROUP}/cluster-digest"
#: On pods: the model that they serve.
ANNOTATION_MODEL: Final = f"{names.GROUP}/model-revision"
#: The container that brings the weights.
WEIGHTS_CONTAINER: Final = "weights"
_IMPORT_PATHS: Final = {
    Engine.FASTER_WHISPER: "podwright_inference.whisper_app:build",
    Engine.VLLM: "podwright_inference.llm_app:build",
}
_APPLICATION: Final = "model"
_SERVE_PORT: Final = 8000
#: KubeRay's own probes of a head start a shell and two wgets each, every 5 s, which a small machine feels. A node whose
#: GCS is gone ends by itself, so its liveness is the raylet's; KubeRay would wait ten minutes for it too.
_HEAD_PROBES: Final[Raw] = {
    "livenessProbe": {
        "httpGet": {"path": "/api/local_raylet_healthz", "port": 52365},
        "initialDelaySeconds": 30,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 60,
    },
    "readinessProbe": {
        "httpGet": {"path": "/api/gcs_healthz", "port": 8265},
        "initialDelaySeconds": 10,
        "periodSeconds": 5,
        "timeoutSeconds": 5,
        "failureThreshold": 10,
    },
}
_OBJECT_STORE_BYTES: Final = 200_000_000
#: The schema's limit of replicas.
_MOST_WORKERS: Final = 1000
_SECURITY_CONTEXT: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def ray_service_name(endpoint: ModelEndpoint) -> str:
    return names.child_name(endpoint.metadata.name, limit=_NAME_LIMIT)


def service_url(endpoint: ModelEndpoint) -> str:
    return f"http://{ray_service_name(endpoint)}-serve-svc.{endpoint.metadata.namespace}.svc:{_SERVE_PORT}/v1"


def model_id(endpoint: ModelEndpoint) -> str:
    return endpoint.spec.model_id or endpoint.metadata.name


def model_revision(endpoint: ModelEndpoint) -> str:
    """Digest of everything that results depend on: weights, revision, engine and its arguments."""
    spec = endpoint.spec
    return kube.digest([spec.weights.uri, spec.weights.revision, spec.engine.value, dict(spec.engine_args)])


def upgrade_strategy(endpoint: ModelEndpoint, settings: InferenceSettings) -> str:
    return endpoint.spec.upgrade_strategy or settings.upgrade_strategy


def pod_selector(endpoint: ModelEndpoint) -> str:
    """Selects the pods that serve."""
    workers = {"ray.io/node-type": "worker"} if endpoint.spec.scaling.scales else {}
    return ",".join(f"{name}={value}" for name, value in {**kube.owner_labels(endpoint), **workers}.items())


def ray_service(endpoint: ModelEndpoint, settings: InferenceSettings) -> Child:
    """One Serve application on a Ray cluster of its own: the head alone, or with workers where it scales."""
    scales, strategy = endpoint.spec.scaling.scales, upgrade_strategy(endpoint, settings)
    cluster: Raw = {
        "rayVersion": settings.ray_version,
        "headGroupSpec": {
            "rayStartParams": _start_params(endpoint, settings, serves=not scales),
            "template": _pod(endpoint, settings, "ray-head", serves=not scales),
        },
    }
    if scales:
        cluster["enableInTreeAutoscaling"] = True
        cluster["autoscalerOptions"] = {
            "upscalingMode": "Default",
            "idleTimeoutSeconds": 120,
            "imagePullPolicy": settings.pull_policy,
            "securityContext": _SECURITY_CONTEXT,
            "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        }
        cluster["workerGroupSpecs"] = [_workers(endpoint, settings)]
    body: Raw = {
        "metadata": {
            "name": ray_service_name(endpoint),
            "annotations": {
                names.ANNOTATION_RETRY: endpoint.metadata.annotations.get(names.ANNOTATION_RETRY, ""),
                ANNOTATION_CLUSTER: _cluster_digest(cluster),
            },
        },
        "spec": {
            "upgradeStrategy": {"type": strategy},
            "rayClusterDeletionDelaySeconds": settings.drain_seconds,
            "serveConfigV2": serve_config(endpoint),
            "rayClusterConfig": cluster,
        },
    }
    return Child(kube.RAY_SERVICE, body, ChildMode.APPLY)


def _cluster_digest(cluster: Raw) -> str:
    counts = {"replicas", "minReplicas", "maxReplicas"}
    groups = [
        {key: value for key, value in group.items() if key not in counts}
        for group in cluster.get("workerGroupSpecs", ())
    ]
    return kube.digest({**cluster, "workerGroupSpecs": groups})


def serve_config(endpoint: ModelEndpoint) -> str:
    """JSON, which is YAML: KubeRay takes a string."""
    spec = endpoint.spec
    arguments = {
        "model_id": model_id(endpoint),
        "weights": _weights_folder(endpoint),
        "engine_args": dict(sorted(spec.engine_args.items())),
        "cpus": spec.resources.cpus,
        "gpus": spec.resources.gpus,
        "target_ongoing_requests": spec.scaling.target_ongoing_requests,
    }
    counts = {"min_replicas": spec.scaling.min_replicas, "max_replicas": spec.scaling.most}
    application: Raw = {
        "name": _APPLICATION,
        "route_prefix": "/",
        "import_path": _IMPORT_PATHS[spec.engine],
        "args": arguments,
    }
    if deployment := _deployment(endpoint):
        # Not among the arguments: a change of those starts every replica anew, a change of this only adds or removes.
        delays = {
            "upscale_delay_s": spec.scaling.upscale_delay_seconds,
            "downscale_delay_s": spec.scaling.downscale_delay_seconds,
        }
        target = {"target_ongoing_requests": spec.scaling.target_ongoing_requests}
        application["deployments"] = [{"name": deployment, "autoscaling_config": {**counts, **target, **delays}}]
    else:
        arguments.update(counts)
    config = {
        "proxy_location": "EveryNode" if spec.scaling.scales else "HeadOnly",
        "http_options": {"host": "0.0.0.0", "port": _SERVE_PORT},  # noqa: S104
        "applications": [application],
    }
    return json.dumps(config, sort_keys=True, indent=1)


def _deployment(endpoint: ModelEndpoint) -> str | None:
    """The application's only Serve deployment; with GPUs ``ray.serve.llm`` names those of vLLM itself."""
    if endpoint.spec.engine is Engine.FASTER_WHISPER:
        return "Whisper"
    return None if endpoint.spec.resources.gpus else "Llm"


def _start_params(endpoint: ModelEndpoint, settings: InferenceSettings, *, serves: bool) -> Raw:
    params = {"dashboard-host": "0.0.0.0", "object-store-memory": str(_OBJECT_STORE_BYTES)}  # noqa: S104
    if serves and endpoint.spec.resources.gpus:
        params["num-gpus"] = str(endpoint.spec.resources.gpus)
    cpus = max(settings.virtual_cpus, math.ceil(endpoint.spec.resources.cpus) + 2)
    # A head that serves nothing offers no CPU to replicas: they belong on the workers.
    params["num-cpus"] = str(cpus) if serves else "0"
    return params


def _workers(endpoint: ModelEndpoint, settings: InferenceSettings) -> Raw:
    """A worker holds one replica, so that Ray's autoscaler adds and removes pods as Serve adds and removes replicas."""
    spec = endpoint.spec
    params = {"object-store-memory": str(_OBJECT_STORE_BYTES), "num-cpus": str(math.ceil(spec.resources.cpus))}
    if spec.resources.gpus:
        params["num-gpus"] = str(spec.resources.gpus)
    return {
        "groupName": "replicas",
        "replicas": max(1, spec.scaling.min_replicas),
        # KubeRay does not carry changed limits to a live cluster. Serve keeps the count, and Ray's autoscaler follows.
        "minReplicas": 0,
        "maxReplicas": _MOST_WORKERS,
        "rayStartParams": params,
        "template": _pod(endpoint, settings, "ray-worker", serves=True),
    }


def _pod(endpoint: ModelEndpoint, settings: InferenceSettings, container: str, *, serves: bool) -> Raw:
    mount = {"name": "models", "mountPath": MODELS}
    resources = _resources(endpoint, settings) if serves else _HEAD_RESOURCES
    common = {
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "securityContext": _SECURITY_CONTEXT,
    }
    ray: Raw = {
        **common,
        "name": container,
        "env": _environment(endpoint),
        "resources": resources,
        "volumeMounts": [mount],
    }
    if container == "ray-head":
        ray["ports"] = [
            {"containerPort": 6379, "name": "gcs-server"},
            {"containerPort": 8265, "name": "dashboard"},
            {"containerPort": _SERVE_PORT, "name": "serve"},
        ]
        ray.update(_HEAD_PROBES)
    spec: Raw = {
        # Ray's autoscaler, beside a head that serves nothing, asks the API server for workers.
        "automountServiceAccountToken": not serves,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,  # Ray's head ignores SIGTERM
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [_models_volume(endpoint)],
    }
    if serves:
        mounts = [mount, *settings.pod.get("volumeMounts", ())]
        spec["initContainers"] = [{**common, **_weights(endpoint, settings), "volumeMounts": mounts}]
    annotations = kube.owner_annotations(endpoint)
    if upgrade_strategy(endpoint, settings) == UpgradeStrategy.NEW_CLUSTER:
        # Whatever changes the model changes its cluster: KubeRay passes the Serve configuration to the old one else.
        annotations = {**annotations, ANNOTATION_MODEL: model_revision(endpoint)}
        if asked := endpoint.metadata.annotations.get(names.ANNOTATION_RETRY):
            # A person's retry is a new cluster too, and leaves alone what serves.
            annotations[names.ANNOTATION_RETRY] = asked
    return {
        "metadata": {"labels": kube.owner_labels(endpoint), "annotations": annotations},
        "spec": pod_spec(spec, ray, settings.pod),
    }


#: A head that only coordinates.
_HEAD_RESOURCES: Final = {"requests": {"cpu": "200m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}


def _resources(endpoint: ModelEndpoint, settings: InferenceSettings) -> Raw:
    wanted = endpoint.spec.resources
    limits: Raw = {"memory": wanted.memory}
    if wanted.gpus:
        limits["nvidia.com/gpu"] = str(wanted.gpus)
    millicores = max(50, math.ceil(wanted.cpus * settings.cpu_share * 1000))
    return {"requests": {"cpu": f"{millicores}m", "memory": wanted.memory}, "limits": limits}


def _environment(endpoint: ModelEndpoint) -> list[Raw]:
    wanted = endpoint.spec.resources
    variables = {
        "HF_HUB_OFFLINE": "1",  # the weights are there before Ray starts
        "TRANSFORMERS_OFFLINE": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": str(max(1, math.floor(wanted.cpus))),
        # Idle worker processes that import torch ahead of need cost a gigabyte each.
        "RAYLLM_ENABLE_WORKER_PROCESS_SETUP_HOOK": "0",
        "RAY_num_workers_soft_limit": "0",
        "RAY_prestart_worker_first_driver": "0",
        "RAY_enable_worker_prestart": "0",
        # Ray gives way to every other process of the node by default; the models are what the others wait for.
        "RAY_worker_niceness": "0",
        # By default Serve looks ten times a second whether anything is to be scaled, also where nothing is asked.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
    }
    if not wanted.gpus:
        variables |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
    return [{"name": name, "value": value} for name, value in variables.items()]


def _weights(endpoint: ModelEndpoint, settings: InferenceSettings) -> Raw:
    """Brings the weights, or checks that the volume has them; says why it cannot in its termination message."""
    weights = endpoint.spec.weights
    revision = ["--revision", weights.revision] if weights.uri.startswith("hf://") and weights.revision else []
    return {
        "name": WEIGHTS_CONTAINER,
        "command": ["python", "-m", "podwright_inference.weights", weights.uri, _weights_folder(endpoint), *revision],
        "env": [*settings.pod.get("env", ())],
        "envFrom": [{"secretRef": {"name": names.STORAGE_SECRET}}],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _models_volume(endpoint: ModelEndpoint) -> Raw:
    uri = endpoint.spec.weights.uri
    if uri.startswith("pvc://"):
        claim = uri.removeprefix("pvc://").partition("/")[0]
        return {"name": "models", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
    return {"name": "models", "emptyDir": {}}


def _weights_folder(endpoint: ModelEndpoint) -> str:
    uri = endpoint.spec.weights.uri
    path = uri.removeprefix("pvc://").partition("/")[2].strip("/") if uri.startswith("pvc://") else ""
    return f"{MODELS}/{path}" if path else MODELS
