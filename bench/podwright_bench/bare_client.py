"""The limit: a client that decides nothing and makes the operator's writes, with the same bodies."""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.simulated_kubelet import request_of
from podwright_bench.tenants import Place, collection, in_parallel
from podwright_core.stages import EPISODE_STAGES
from podwright_crds import names
from podwright_crds.episode import Episode
from podwright_operator.engine.children import complete
from podwright_operator.engine.engine import utc_now
from podwright_operator.engine.notes import event_body, transitions
from podwright_operator.kinds.stage_job import stage_job
from podwright_operator.settings import StageJobSettings

Raw = dict[str, Any]

#: As many at once as the operator's workers.
WORKERS: Final = 32


@dataclass(frozen=True)
class Writes:
    """What the operator wrote for one Episode, as texts in which names are exchanged."""

    sample: Place
    uid: str
    #: The Jobs of the stages, in order.
    jobs: tuple[str, ...]
    #: Status patches, in order.
    statuses: tuple[str, ...]
    events: tuple[str, ...]

    def of(self, text: str, place: Place, uid: str) -> bytes:
        """The text for another Episode; names and UIDs are equally long."""
        text = text.replace(self.uid, uid).replace(self.sample.name, place.name)
        return text.replace(self.sample.namespace, place.namespace).encode()


def writes_of(sample: Place, episode: Raw, jobs: list[Raw], statuses: int, events: int) -> Writes:
    """From an Episode that became Ready and its Jobs; ``statuses`` and ``events`` count what it took."""
    model = Episode.read(episode)
    settings = StageJobSettings()
    requests = [request_of(job["spec"]["template"]["spec"]) for job in jobs]
    ordered = sorted(requests, key=lambda request: EPISODE_STAGES.index(request.stage))
    bodies = tuple(json.dumps(complete(stage_job(model, request, 0, settings), model)) for request in ordered)
    note = transitions((), model.status.conditions)[0]
    return Writes(
        sample=sample,
        uid=episode["metadata"]["uid"],
        jobs=bodies,
        statuses=tuple(json.dumps(_status_patch(episode["status"], n / max(1, statuses - 1))) for n in range(statuses)),
        events=tuple(json.dumps(event_body(model.KIND, model.metadata, note, utc_now())) for _ in range(events)),
    )


def _status_patch(status: Raw, part: float) -> Raw:
    """What the operator's merge patches carry: lists go whole, and one stage after the other gets its results."""
    done = round(part * len(status["stages"]))
    stages = [
        stage if number < done else {"name": stage["name"], "phase": "Waiting", "since": stage["since"]}
        for number, stage in enumerate(status["stages"])
    ]
    changed: Raw = {"stages": stages, "conditions": status["conditions"], "progress": f"{part:.0%}".replace("%", " %")}
    return {"status": changed if done < len(stages) else {**status, **changed}}


async def write_all(api: ApiClient, writes: Writes, places: list[Place]) -> float:
    """Create the Episodes and make the writes of each, one after the other; returns when the last was answered."""

    async def one(place: Place) -> None:
        made = await api.create(collection(place.namespace, "episodes"), place.body())
        uid = made["metadata"]["uid"]
        manager = f"?fieldManager={names.FIELD_MANAGER}"
        jobs = f"/apis/batch/v1/namespaces/{place.namespace}/jobs{manager}"
        status = f"{collection(place.namespace, 'episodes')}/{place.name}/status{manager}"
        share = -(-len(writes.statuses) // len(writes.jobs))
        for number, job in enumerate(writes.jobs):
            await api.create(jobs, writes.of(job, place, uid))
            for patch in writes.statuses[number * share : (number + 1) * share]:
                await api.patch(status, writes.of(patch, place, uid))
        for event in writes.events:
            events = f"/apis/events.k8s.io/v1/namespaces/{place.namespace}/events"
            await api.create(events, writes.of(event, place, uid))

    await in_parallel(WORKERS, (one(place) for place in places))
    return time.monotonic()
