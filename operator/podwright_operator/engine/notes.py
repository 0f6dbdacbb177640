"""Kubernetes Events: what a person looking at ``kubectl describe`` cares about, and nothing else."""

import os
from collections.abc import Sequence
from datetime import datetime

from podwright_crds import names
from podwright_crds.resource import Condition, ConditionStatus, ConditionType, Metadata
from podwright_operator.engine.kube import Raw
from podwright_operator.engine.plan import Note, NoteType

#: Longest message of an Event.
_MESSAGE_LIMIT = 1024


def transitions(before: Sequence[Condition], after: Sequence[Condition]) -> list[Note]:
    """Notes for an object that became Ready, and for one that came to need a person."""
    was = {condition.type: condition for condition in before}
    notes = []
    for condition in after:
        old = was.get(condition.type)
        became = condition.status is ConditionStatus.TRUE and (
            old is None or old.status is not ConditionStatus.TRUE or old.reason != condition.reason
        )
        if became and condition.type == ConditionType.READY:
            notes.append(Note(condition.reason, condition.message))
        elif became and condition.type == ConditionType.STALLED:
            notes.append(Note(condition.reason, condition.message, NoteType.WARNING))
    return notes


def event_body(kind: str, metadata: Metadata, note: Note, now: datetime) -> Raw:
    """Of an own kind's object."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata.name[:200]}-", "namespace": metadata.namespace},
        "eventTime": stamp,
        "type": note.type.value,
        "reason": note.reason,
        "action": "Reconcile",
        "note": note.message[:_MESSAGE_LIMIT],
        "reportingController": names.FIELD_MANAGER,
        "reportingInstance": os.environ.get("HOSTNAME", names.FIELD_MANAGER)[:128],
        "regarding": {
            "apiVersion": names.API_VERSION,
            "kind": kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
    }
