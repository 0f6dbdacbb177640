"""The Kubernetes API as the commands use it; every expected failure comes as a ``CliError``."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from kubernetes import client, config
from pydantic import ValidationError

from podwright_cli.errors import CliError, ConflictError, ForbiddenError, NotFoundError
from podwright_cli.refs import kind_named
from podwright_crds.names import CLI_FIELD_MANAGER, GROUP, VERSION
from podwright_crds.resource import Resource
from podwright_desk.refs import Ref

#: To connect, and for one answer, in seconds.
TIMEOUTS = (5, 30)
_PAGE = 500
#: How long a followed log may be silent, in seconds.
_LONGEST_LOG = 24 * 3600
_IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

R = TypeVar("R", bound=Resource)
Object = dict[str, Any]


class Cluster:
    """One namespace of one cluster, as a person with a kubeconfig sees it."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._resources = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)

    @classmethod
    def connect(cls, kubeconfig: str | None, context: str | None, namespace: str | None) -> "Cluster":
        """By kubeconfig as kubectl finds it, else by the pod's service account; sends nothing yet."""
        settings = client.Configuration()
        try:
            own = _load(settings, kubeconfig, context)
        except (config.ConfigException, OSError) as error:
            raise CliError(
                f"There is no cluster to ask: {error} Set KUBECONFIG or --kubeconfig; for the demo: "
                "export KUBECONFIG=$(make -s kubeconfig)"
            ) from error
        settings.retries = 1
        return cls(client.ApiClient(settings), namespace or own)

    def all(self, kind: type[R], fields: Mapping[str, str] | None = None) -> list[R]:
        """All of a kind; ``fields`` are field selectors by path (``spec.podcastRef.name``)."""
        selector = ",".join(f"{path}={value}" for path, value in (fields or {}).items())
        found: list[R] = []
        cursor = None
        while True:
            with self._failures(f"{kind.PLURAL} in namespace {self.namespace}"):
                body: Any = self._resources.list_namespaced_custom_object(
                    GROUP,
                    VERSION,
                    self.namespace,
                    kind.PLURAL,
                    field_selector=selector or None,
                    limit=_PAGE,
                    _continue=cursor,
                    _request_timeout=TIMEOUTS,
                )
            found.extend(readable(kind, item) for item in body["items"])
            cursor = body["metadata"].get("continue")
            if not cursor:
                return found

    def get(self, ref: Ref) -> Resource:
        with self._failures(f"{ref.spoken} in namespace {self.namespace}"):
            body = self._resources.get_namespaced_custom_object(
                GROUP, VERSION, self.namespace, ref.kind.PLURAL, ref.name, _request_timeout=TIMEOUTS
            )
        return readable(ref.kind, body)

    def find(self, ref: Ref) -> Resource | None:
        try:
            return self.get(ref)
        except NotFoundError:
            return None

    def create(self, body: Object) -> None:
        """Create an object of Podwright's; ``ConflictError`` where one of its name is there."""
        ref = Ref(kind_named(body["kind"]), body["metadata"]["name"])
        with self._failures(ref.spoken):
            self._resources.create_namespaced_custom_object(
                GROUP,
                VERSION,
                self.namespace,
                ref.kind.PLURAL,
                body,
                field_manager=CLI_FIELD_MANAGER,
                field_validation="Strict",
                _request_timeout=TIMEOUTS,
            )

    def patch(self, ref: Ref, body: Object) -> None:
        """A merge patch; with a resource version in it, only over that version (``ConflictError``)."""
        with self._failures(f"{ref.spoken} in namespace {self.namespace}"):
            self._resources.patch_namespaced_custom_object(
                GROUP,
                VERSION,
                self.namespace,
                ref.kind.PLURAL,
                ref.name,
                body,
                field_manager=CLI_FIELD_MANAGER,
                field_validation="Strict",
                _content_type="application/merge-patch+json",
                _request_timeout=TIMEOUTS,
            )

    def pods(self, labels: Mapping[str, str]) -> list[Object]:
        """Pods by label, the oldest first."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        with self._failures(f"pods in namespace {self.namespace}"):
            answer: Any = self._core.list_namespaced_pod(
                self.namespace, label_selector=selector, _request_timeout=TIMEOUTS, _preload_content=False
            )
            _check(answer)
            items: list[Object] = json.loads(answer.data)["items"]
        return sorted(items, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def log(self, pod: str, container: str, *, follow: bool) -> Iterator[bytes]:
        """What a container wrote, as it comes."""
        with self._failures(f"the log of pod {pod}"):
            answer: Any = self._core.read_namespaced_pod_log(
                pod,
                self.namespace,
                container=container,
                follow=follow,
                _preload_content=False,
                _request_timeout=(TIMEOUTS[0], _LONGEST_LOG if follow else TIMEOUTS[1]),
            )
            _check(answer)
            yield from answer.stream()

    def whoami(self) -> str:
        """The name under which the API server knows the person."""
        with self._failures("your own name"):
            review = client.AuthenticationV1Api(self._api).create_self_subject_review(
                client.V1SelfSubjectReview(), _request_timeout=TIMEOUTS
            )
        info = review.status.user_info if review.status else None
        return (info.username if info else None) or "unknown"

    @contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        try:
            yield
        except client.ApiException as error:
            raise failure_of(error.status or 0, error.body, what) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            where = self._api.configuration.host
            raise CliError(
                f"The cluster at {where} does not answer. Is it up, and is this the right context? ({_short(error)})"
            ) from error


def readable(kind: type[R], body: Any) -> R:
    """The object as this version knows its kind; raises ``CliError`` where another version has written it otherwise."""
    try:
        return kind.read(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CliError(
            f"This podwright cannot read {kind.KIND} {body['metadata']['name']} ({where}: {first['msg']}). The cluster "
            "has another version: install that one here."
        ) from error


def _check(answer: Any) -> None:
    """Raw answers are not checked by the client."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise client.ApiException(status=answer.status, reason=answer.reason, body=answer.data)


def failure_of(status: int, body: str | bytes | None, what: str) -> CliError:
    """What an API server's refusal means to a person; ``what`` names what was asked for."""
    said = _said(body)
    match status:
        case HTTPStatus.NOT_FOUND if not said.get("details"):
            return CliError("This cluster does not know Podwright's kinds: install the chart (charts/podwright).")
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"There is no {what}.")
        case HTTPStatus.UNAUTHORIZED:
            return CliError("The cluster does not know you: renew the credentials of your kubeconfig.")
        case HTTPStatus.FORBIDDEN:
            return ForbiddenError(
                f"You may not do this: {said.get('message', what)}. The roles podwright-view and podwright-edit "
                "allow it."
            )
        case HTTPStatus.CONFLICT:
            return ConflictError(f"The object was changed by somebody else meanwhile ({what}): run this again.")
    return CliError(f"The cluster refused {what}: {said.get('message') or f'HTTP {status}'}")


def _load(settings: client.Configuration, kubeconfig: str | None, context: str | None) -> str:
    """Fill in how to reach the cluster; returns the namespace to use by default."""
    file = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ
    if in_pod and not kubeconfig and not any(Path(part).exists() for part in file.split(os.pathsep) if part):
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        return _IN_CLUSTER_NAMESPACE.read_text().strip() if _IN_CLUSTER_NAMESPACE.exists() else "default"
    config.load_kube_config(file, context, client_configuration=settings, persist_config=False)  # type: ignore[no-untyped-call]
    contexts, active = config.list_kube_config_contexts(file)  # type: ignore[no-untyped-call]
    chosen = next((found for found in contexts if found["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")


def _said(body: str | bytes | None) -> Object:
    try:
        said = json.loads(body or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _short(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).split(">: ", maxsplit=1)[-1].rstrip(".")[:200]
