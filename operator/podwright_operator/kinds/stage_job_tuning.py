"""A show's own wishes for its stage Jobs, laid over the operator's settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podwright_crds.podcast import Podcast
from podwright_operator.engine.kube import Raw
from podwright_operator.settings import StageJobSettings

#: Fields of ``spec.stageJobs`` that are fields of a PodSpec.
_POD_FIELDS = ("nodeSelector", "tolerations", "affinity", "priorityClassName", "serviceAccountName")


def tuned(settings: StageJobSettings, podcast: Podcast | None) -> StageJobSettings:
    """The settings of the Jobs of a show; what the show does not say stays as the settings have it."""
    if podcast is None:
        return settings
    wanted = podcast.spec.stage_jobs
    wire = wanted.to_wire()
    return replace(
        settings,
        pod={**settings.pod, **{name: wire[name] for name in _POD_FIELDS if wire.get(name)}},
        resources={
            stage: laid_over(settings.resources.get(stage, {}), resources)
            for stage, resources in wire["resources"].items()
        },
        queue=wanted.queue_name or settings.queue,
        start_suspended=settings.start_suspended if wanted.start_suspended is None else wanted.start_suspended,
    )


def laid_over(resources: Mapping[str, Any], wanted: Mapping[str, Any]) -> Raw:
    """Requests and limits with those of ``wanted`` in place of the ones of the same name."""
    return {kind: {**resources.get(kind, {}), **wanted.get(kind, {})} for kind in ("requests", "limits")}
