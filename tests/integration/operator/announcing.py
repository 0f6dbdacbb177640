"""What the tests of publication do: a tenant's bucket, its channels and campaigns, and the pods that publish."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from kubernetes import client
from minio import Minio
from minio.error import S3Error

from podwright_core.stages import StageName, results_prefix
from podwright_crds import names
from tests.control_plane import ControlPlane
from tests.integration.operator.cluster import Kubelet, Tenant, request_of, until
from tests.integration.publish.receivers import SECRET

S3_SECRET = "podwright-secret"


def bucket(address: str) -> Minio:
    return Minio(endpoint=address, access_key="podwright", secret_key=S3_SECRET, secure=False)


def made(address: str) -> bool:
    try:
        bucket(address).make_bucket(bucket_name="podwright")
    except (S3Error, OSError):
        return False
    except Exception as error:
        if "refused" in str(error):
            return False
        raise
    return True


def give_storage(tenant: Tenant, storage: str) -> None:
    """The tenant's Secret for the bucket at this address."""
    values = {
        "PODWRIGHT_S3_ENDPOINT": f"http://{storage}",
        "PODWRIGHT_S3_ACCESS_KEY": "podwright",
        "PODWRIGHT_S3_SECRET_KEY": S3_SECRET,
        "PODWRIGHT_S3_REGION": "us-east-1",
        "PODWRIGHT_S3_BUCKET": "podwright",
        "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org",
    }
    secret(tenant, names.STORAGE_SECRET, values)


def give_show(tenant: Tenant) -> None:
    """Endpoints that answer, and a show."""
    for name, task in (("ears", "transcription"), ("pen", "generation")):
        tenant.endpoint(name, task)
        tenant.serve(name)
        tenant.wait_reason("ModelEndpoint", name, "Ready")
    tenant.podcast(website="https://show.example.org/")


def credentials(tenant: Tenant, value: str = SECRET) -> None:
    secret(tenant, "news-secret", {"signingSecret": value})


def secret(tenant: Tenant, name: str, values: dict[str, str]) -> None:
    body = client.V1Secret(metadata=client.V1ObjectMeta(name=name), string_data=values)
    tenant.core.create_namespaced_secret(tenant.namespace, body)


def channel(tenant: Tenant, url: str) -> None:
    spec = {"type": "webhook", "webhook": {"url": url, "timeoutSeconds": 2}, "credentialsRef": {"name": "news-secret"}}
    tenant.create("Channel", "news", spec)


def campaign(tenant: Tenant, name: str = "launch", zone: str = "Europe/Vienna", **spec: Any) -> None:
    body = {
        "episodes": {"podcastRef": {"name": "show"}},
        "channelRefs": [{"name": "news"}],
        "cadence": {"cron": "0 9 * * *", "timeZone": zone},
        "approval": "Automatic",
    }
    tenant.create("Campaign", name, {**body, **spec})


def write_texts(tenant: Tenant, kubelet: Kubelet, address: str, episode: str) -> None:
    """Run the episode's stages, with a text for the channel in the bucket."""
    for stage in ("ingest", "transcribe", "analyze"):
        kubelet.run_stage(episode, stage)
    job = until(lambda: tenant.jobs(episode, "write"), "the write Job")[0]
    key = f"{results_prefix(tenant.namespace, StageName.WRITE, request_of(job).key)}/texts.json"
    content = json.dumps({"title": episode, "posts": {"news": {"text": f"“Listen,” said {episode}."}}}).encode()
    bucket(address).put_object(bucket_name="podwright", object_name=key, data=BytesIO(content), length=len(content))
    kubelet.run_stage(episode, "write")


def publish(
    tenant: Tenant, control_plane: ControlPlane, *arguments: str, variables: Mapping[str, str] | None = None
) -> None:
    """What the pod of a publishing Job does."""
    environment = {
        **os.environ,
        **(variables or {}),
        "KUBECONFIG": str(control_plane.kubeconfig),
        "PODWRIGHT_NAMESPACE": tenant.namespace,
    }
    command = [sys.executable, "-m", "podwright_publish.main", "--for-seconds", "0", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def posts(tenant: Tenant) -> list[dict[str, Any]]:
    found: Any = tenant.custom.list_namespaced_custom_object(names.GROUP, names.VERSION, tenant.namespace, "posts")
    return list(found["items"])
