"""What a ModelEndpoint's decision is made from."""

from dataclasses import dataclass
from datetime import datetime

from podwright_operator.kinds.ports import ProbeResult


@dataclass(frozen=True)
class Application:
    """One Serve application as the RayService tells."""

    status: str
    message: str

    @property
    def failed(self) -> bool:
        return self.status in {"DEPLOY_FAILED", "UNHEALTHY"}


@dataclass(frozen=True)
class RaySeen:
    """The endpoint's RayService."""

    name: str
    generation: int
    observed_generation: int
    deleting: bool
    ready: bool
    #: Since when, and reason and message of its Ready condition.
    since: str
    reason: str
    message: str
    endpoints: int
    applications: tuple[Application, ...]
    #: The value of the retry annotation that it answers.
    retry: str
    #: Digest of the cluster that it was made with.
    cluster_digest: str
    #: The Serve configuration that it asks for.
    serve_config: str = ""
    #: Whether a new cluster starts beside the one that serves; ``applications`` are the new one's then.
    upgrading: bool = False
    #: Since when KubeRay has reported on the newest spec, as far as this process has seen it.
    reported_since: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Ready only means that there are endpoints: the applications must run too."""
        return (
            self.ready
            and not self.deleting
            and bool(self.applications)
            and all(application.status == "RUNNING" for application in self.applications)
        )

    @property
    def is_reported(self) -> bool:
        """Whether KubeRay has taken notice of the newest spec; what it says of applications may still be older."""
        return self.observed_generation >= self.generation


@dataclass(frozen=True)
class RayPodSeen:
    """A pod of the RayService's cluster."""

    name: str
    created: datetime
    #: Why it does not run, in a sentence; empty where nothing is wrong.
    problem: str
    #: What the init container that brings the weights said last, where its last try failed.
    weights_failure: str = ""
    #: Whether a person must correct something, as the container's exit code says.
    weights_rejected: bool = False
    #: When the try that is under way began.
    weights_retry_since: datetime | None = None


@dataclass(frozen=True)
class EndpointObserved:
    kuberay: bool = True
    storage: bool = True
    ray: RaySeen | None = None
    pods: tuple[RayPodSeen, ...] = ()
    #: The last probe of an endpoint whose applications run.
    probe: ProbeResult | None = None
