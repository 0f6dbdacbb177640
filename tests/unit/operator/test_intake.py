"""The engine begins with a complete view, and a listing tells what was deleted while a watch was away."""

from datetime import timedelta
from typing import Any, cast

from podwright_operator.engine.audit import Audit, Listed
from podwright_operator.engine.cluster import Cluster
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kube import JOB, Raw
from podwright_operator.engine.pulse import Pulse
from podwright_operator.kinds.episode.observe import EpisodeKind
from podwright_operator.settings import StageJobSettings
from podwright_operator.shell.watches import Intake


def taking(*namespaces: str) -> tuple[Intake, Engine]:
    engine = Engine([EpisodeKind(StageJobSettings(), cast("Any", None))], cast("Cluster", None))
    audit = Audit(engine, cast("Any", None), namespaces, timedelta(minutes=5))
    return Intake(engine, audit, Pulse(engine, cast("Any", None), audit, namespaces), namespaces), engine


def job(name: str, version: int, namespace: str = "a") -> Raw:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}}


def test_starts_when_everything_is_listed() -> None:
    intake, engine = taking("a", "b")
    for stream in intake.streams:
        assert not engine.started
        intake.complete(*stream, Listed(frozenset(), 1))
    assert engine.started


def test_a_listing_drops_what_is_gone_from_its_namespace_alone() -> None:
    intake, engine = taking("a", "b")
    for raw in (job("gone", 5), job("stays", 5), job("newer", 12), job("elsewhere", 5, "b")):
        intake.seen(JOB, raw["metadata"]["namespace"], raw, deleted=False, listed=False)
    listed = Listed({"uid-stays"}, 10)
    intake.complete(JOB, "a", listed)
    assert {entry.key.name for entry in engine.store.entries(JOB)} == {"stays", "newer", "elsewhere"}
