"""`make demo` up to the installed chart with models in the bucket; what the demo then shows is `demo_story`'s."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from podwright_local import storage
from podwright_local.commands import run_logged
from podwright_local.files import write_whole
from podwright_local.kubectl import Kubectl, Manifest, restricted_namespace
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.progress import Progress
from podwright_local.targets import Database, Target

CHART = REPOSITORY / "charts" / "podwright"
RELEASE = "podwright"
SYSTEM = "podwright-system"
TENANTS = ("podcasts",)
DATABASE_SECRET = "podwright-database"  # noqa: S105  (the name of a Secret)
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Demo:
    """A cluster with Podwright installed; what `demo_story.tell` gets."""

    kubectl: Kubectl
    progress: Progress
    target: Target
    tenant: str = TENANTS[0]
    system_namespace: str = SYSTEM


def database_secret(database: Database) -> Manifest:
    """The addresses of PostgreSQL, as the chart's facade reads them."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": DATABASE_SECRET, "namespace": SYSTEM},
        "stringData": {"url": database.url, "migrationUrl": database.migration_url},
    }


def chart_values(target: Target, tenants: Sequence[str]) -> Manifest:
    """The values of the chart for this cluster."""
    store = target.storage_account()
    stores = sorted({urlsplit(url).hostname or "" for url in (store.endpoint, store.public)})
    return {
        **target.values(),
        "tenants": list(tenants),
        "storage": {
            "endpoint": store.endpoint,
            "accessKey": store.access_key,
            "secretKey": store.secret_key,
            "region": store.region,
            "bucket": storage.BUCKET,
            "publicBucket": storage.PUBLIC_BUCKET,
            "publicUrl": f"{store.public}/{storage.PUBLIC_BUCKET}",
        },
        "facade": {
            "presignEndpoint": store.outside,
            "database": {"existingSecret": DATABASE_SECRET if target.database() else ""},
        },
        # The public bucket has a private address here.
        "stages": {"fetch": {"allow": stores}},
    }


def install(target: Target, cache: Cache, progress: Progress, tenants: Sequence[str] = TENANTS) -> Demo:
    """Namespaces, models and the chart on a cluster that is up. Idempotent."""
    kubectl = target.kubectl
    with progress.step(f"namespaces {', '.join([SYSTEM, *tenants])}"):
        kubectl.apply([restricted_namespace(name) for name in (SYSTEM, *tenants)])
        kubectl.apply([item for name in tenants for item in target.tenant_objects(name)])
        if database := target.database():
            kubectl.apply([database_secret(database)])
    upload_models(target, progress)
    log = cache.logs / "helm.log"
    with progress.step("installing the chart", log):
        values = _write_values(cache, kubectl, chart_values(target, tenants))
        where = ["--namespace", SYSTEM, *kubectl.options]
        run_logged([target.helm, "upgrade", "--install", RELEASE, CHART, *where, "--values", values], log)
    for name in deployments(kubectl):
        with progress.step(f"waiting for {name}"):
            kubectl.rollout(SYSTEM, name, READY_SECONDS)
    return Demo(kubectl, progress, target, tenants[0])


def deployments(kubectl: Kubectl) -> list[str]:
    """What the chart runs."""
    found = json.loads(kubectl.run("get", "deployments", "-n", SYSTEM, "-o", "json"))["items"]
    return [item["metadata"]["name"] for item in found]


def upload_models(target: Target, progress: Progress) -> None:
    """The models' folders to `s3://BUCKET/models/`, unless they are there."""
    with progress.step("models in the bucket") as detail, target.store() as store:
        sent = 0
        for folder in sorted(path for path in target.model_folder().iterdir() if path.is_dir()):
            sent += storage.upload_folder(store, folder, f"models/{folder.name}")
        detail(f"{sent} files sent" if sent else "they were there")


def _write_values(cache: Cache, kubectl: Kubectl, values: Manifest) -> Path:
    folder = kubectl.kubeconfig.parent if kubectl.kubeconfig else cache.clusters
    file = folder / "values.json"
    write_whole(file, json.dumps(values, indent=1), mode=0o600)
    return file
