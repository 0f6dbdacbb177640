"""What a stage takes: CPU time of its process, and what endpoints did for it."""

import resource

from podwright_core.stages import EndpointUse, StageUsage
from podwright_writing.meter import Meter


def usage(meter: Meter, endpoint: EndpointUse | None) -> StageUsage:
    """What this process has taken so far; of the programs that it ran, those that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = meter.busy.seconds
    prompt_tokens, answer_tokens = meter.tokens
    return StageUsage(
        cpu_seconds=round(sum(each.ru_utime + each.ru_stime for each in spent), 3),
        endpoint_seconds=round(seconds, 3),
        gpu_seconds=round(seconds * endpoint.gpus, 3) if endpoint is not None else 0,
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
    )
