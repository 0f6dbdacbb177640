"""A real bucket for the operator's tests, and a tenant that uses it."""

import subprocess
from collections.abc import Iterator

import pytest
from kubernetes import client
from minio import Minio
from minio.error import S3Error

from podwright_crds import names
from tests.control_plane import binaries, free_ports
from tests.integration.operator.cluster import Operator, Tenant, until
from tests.tied import tied


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MinIO with the bucket ``podwright``."""
    folder = tmp_path_factory.mktemp("minio")
    port, console = free_ports(2)
    address = f"127.0.0.1:{port}"
    environment = {"MINIO_ROOT_USER": "podwright", "MINIO_ROOT_PASSWORD": "podwright-secret", "HOME": str(folder)}
    command = [str(binaries() / "minio"), "server", str(folder / "data"), "--address", address]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            tied([*command, "--console-address", f"127.0.0.1:{console}"]), env=environment, stdout=log, stderr=log
        )
    try:
        until(lambda: made(address), "MinIO", 60)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def bucket(address: str) -> Minio:
    return Minio(endpoint=address, access_key="podwright", secret_key="podwright-secret", secure=False)


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


@pytest.fixture
def announcing(tenant: Tenant, operator: Operator, storage: str) -> Tenant:  # noqa: ARG001  (it has to run)
    """A tenant with storage, endpoints that answer, a show and an episode that is not transcribed yet."""
    secret(tenant, names.STORAGE_SECRET, storage_settings(storage))
    for name, task in (("ears", "transcription"), ("pen", "generation")):
        tenant.endpoint(name, task)
        tenant.serve(name)
        tenant.wait_reason("ModelEndpoint", name, "Ready")
    tenant.podcast(website="https://show.example.org/")
    return tenant


def storage_settings(address: str) -> dict[str, str]:
    """What a tenant's storage Secret says of the MinIO at this address."""
    return {
        "PODWRIGHT_S3_ENDPOINT": f"http://{address}",
        "PODWRIGHT_S3_ACCESS_KEY": "podwright",
        "PODWRIGHT_S3_SECRET_KEY": "podwright-secret",
        "PODWRIGHT_S3_REGION": "us-east-1",
        "PODWRIGHT_S3_BUCKET": "podwright",
        "PODWRIGHT_S3_PUBLIC_URL": "https://media.example.org",
    }


def secret(tenant: Tenant, name: str, values: dict[str, str]) -> None:
    body = client.V1Secret(metadata=client.V1ObjectMeta(name=name), string_data=values)
    tenant.core.create_namespaced_secret(tenant.namespace, body)
