"""Podwright installed on the test cluster, and what the tests do with it from outside."""

import base64
import functools
import hashlib
import html
import json
import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minio import Minio
from minio.error import S3Error

from podwright_core.stages import StageName, results_prefix
from podwright_local import demo_story
from podwright_local.demo import Demo
from podwright_local.processes import component_pid
from tests.e2e.kube import Kube, Object

SAMPLES = Path(__file__).parents[2] / "k8s" / "samples"
CREDENTIALS = "podwright-storage"


@dataclass(frozen=True)
class Installation:
    """The chart on a running cluster; every address in it can be reached from the machine."""

    demo: Demo
    kube: Kube
    state: Path

    @property
    def system_namespace(self) -> str:
        return self.demo.system_namespace

    def apply_samples(self) -> None:
        self.kube.run("apply", "-f", "-", stdin=demo_story.sample_manifests(self.demo))

    def settle(self, seconds: float = 5) -> None:
        """Give the operator time to do what it should not do: nothing."""
        time.sleep(seconds)

    def wait_for(self, reached: Callable[[], bool], seconds: float, what: str) -> None:
        until = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > until:
                message = f"not reached in {seconds:.0f} s: {what}"
                raise AssertionError(message)
            time.sleep(0.5)

    def component_pid(self, name: str) -> int:
        """The pid of one of the cluster's processes, as the machine sees it."""
        return component_pid(self.state, name)

    # The bucket

    @functools.cached_property
    def _storage(self) -> dict[str, str]:
        data = self.kube.get("secret", CREDENTIALS)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    @functools.cached_property
    def _s3(self) -> Minio:
        endpoint = urlsplit(self._storage["PODWRIGHT_S3_ENDPOINT"])
        service, namespace, *_ = (endpoint.hostname or "").split(".")
        address = self.kube.run("get", "service", service, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}").stdout
        return Minio(
            f"{address}:{endpoint.port}",
            access_key=self._storage["PODWRIGHT_S3_ACCESS_KEY"],
            secret_key=self._storage["PODWRIGHT_S3_SECRET_KEY"],
            secure=False,
        )

    @property
    def bucket(self) -> str:
        return self._storage["PODWRIGHT_S3_BUCKET"]

    @property
    def public_url(self) -> str:
        return self._storage["PODWRIGHT_S3_PUBLIC_URL"]

    def upload(self, key: str, content: bytes) -> None:
        self._s3.put_object(self.bucket, key, BytesIO(content), len(content))

    def remove(self, key: str) -> None:
        self._s3.remove_object(self.bucket, key)

    def read(self, address: str) -> bytes:
        """What lies at an s3:// address."""
        url = urlsplit(address)
        answer = self._s3.get_object(url.netloc, url.path.lstrip("/"))
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def manifests(self, episode: Object) -> dict[str, Object]:
        """The manifests that an episode's stages have written, by stage; each tells when it was computed."""
        found = {}
        for stage in episode["status"]["stages"]:
            if key := stage.get("key"):
                prefix = results_prefix(self.kube.namespace, StageName(stage["name"]), key)
                try:
                    found[stage["name"]] = json.loads(self.read(f"s3://{self.bucket}/{prefix}/manifest.json"))
                except S3Error as error:
                    if error.code != "NoSuchKey":
                        raise
        return found

    def another_speech(self, name: str) -> bytes:
        """Speech that no other test uses, so that no stage of it is there already.

        The sample without its beginning, from a place that depends on the name: decoders find the next whole frame.
        """
        speech = (SAMPLES / "media" / "speech.mp3").read_bytes()
        offset = int(hashlib.sha256(name.encode()).hexdigest(), 16) % (len(speech) // 3)
        return (
            speech[speech.index(b"\xff\xf3", len(speech) // 8 + offset) :] if b"\xff\xf3" in speech else speech[offset:]
        )

    # The facade and the receiver

    @functools.cached_property
    def facade_url(self) -> str:
        return self.service_url("podwright-api", self.system_namespace)

    @functools.cached_property
    def facade_token(self) -> str:
        data = self.kube.run("get", "secret", "podwright-api-token", "-n", self.system_namespace, "-o", "json").stdout
        return base64.b64decode(json.loads(data)["data"]["token"]).decode()

    def received(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.service_url('receiver', self.kube.namespace)}/posts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())["posts"]
        return found

    # The servers that the samples are published on

    @property
    def social_pages(self) -> list[tuple[str, str]]:
        """What the demo prints."""
        servers = self.demo.target.social_servers()
        assert servers is not None
        return servers.pages()

    def open(self, url: str) -> str:
        """What a person sees, without markup."""
        with urllib.request.urlopen(url, timeout=30) as answer:
            text: str = answer.read().decode()
        return html.unescape(re.sub(r"<[^>]*>", "", text))

    def social_posts(self, channel: str) -> list[tuple[str, str]]:
        """Id and text of each post that a channel's server shows to everybody."""
        pages = dict(self.social_pages)
        with urllib.request.urlopen(pages["bluesky"], timeout=30) as answer:
            records = json.loads(answer.read())["records"]
        if channel == "bluesky":
            return [(record["uri"], record["value"]["text"]) for record in records]
        token = base64.b64decode(self.kube.get("secret", "mastodon-credentials")["data"]["accessToken"]).decode()
        server = urlsplit(pages["mastodon"])
        base = f"{server.scheme}://{server.netloc}/api/v1/accounts"

        def asked(path: str) -> Any:
            request = urllib.request.Request(base + path, headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read())

        statuses = asked(f"/{asked('/verify_credentials')['id']}/statuses?limit=40")
        return [(s["id"], html.unescape(re.sub(r"<[^>]*>", " ", s["content"]))) for s in statuses]

    def service_url(self, name: str, namespace: str) -> str:
        service = json.loads(self.kube.run("get", "service", name, "-n", namespace, "-o", "json").stdout)
        return f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"
