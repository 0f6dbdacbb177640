"""A quiet watch is well; one that does not bring what has changed is deaf, until it brings something."""

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from podwright_operator.engine.audit import Audit
from podwright_operator.engine.cluster import Cluster, ClusterError, ConflictError
from podwright_operator.engine.engine import Engine
from podwright_operator.engine.kind import Kind
from podwright_operator.engine.kube import JOB, POD, KubeType
from podwright_operator.engine.pulse import Pulse
from podwright_operator.kinds.episode.observe import EpisodeKind
from podwright_operator.settings import StageJobSettings
from podwright_operator.shell import http
from podwright_operator.shell.http import Health
from podwright_operator.shell.watches import Intake
from tests.unit.operator.builders import NAMESPACE


@dataclass
class Server:
    """The version of each type's last change, as an API server answers."""

    versions: dict[KubeType, int] = field(default_factory=dict)
    #: Changes before this one are forgotten.
    oldest: int = 0
    error: ClusterError | None = None
    asked: list[tuple[KubeType, str, int]] = field(default_factory=list)

    async def changed_since(self, type_: KubeType, namespace: str, version: int) -> bool:
        if self.error:
            raise self.error
        self.asked.append((type_, namespace, version))
        if version < self.oldest:
            raise ConflictError("too old resource version (HTTP 410)")
        return self.versions.get(type_, 0) > version


def pulse(server: Server, namespaces: tuple[str, ...] = ()) -> Pulse:
    kind: Kind[Any, Any] = EpisodeKind(StageJobSettings(), cast("Any", None))
    engine = Engine([kind], cast("Cluster", None), clock=lambda: datetime.now(UTC))
    audit = Audit(engine, cast("Any", None), namespaces, timedelta(seconds=60))
    return Pulse(engine, server, audit, namespaces, timedelta(0), timedelta(milliseconds=20))


def stale(watched: Pulse) -> float | None:
    """What a scrape tells of the watches."""
    intake = Intake(watched.engine, watched.audit, watched, watched.namespaces)
    http._measure(Health(watched.engine, watched.audit, watched, intake), datetime.now(UTC))
    return REGISTRY.get_sample_value("podwright_watch_stale")


async def test_quiet_watches_of_a_quiet_cluster_are_well() -> None:
    server = Server({JOB: 100})
    watched = pulse(server)
    watched.heard(JOB, NAMESPACE, 100)
    for _ in range(3):
        await watched.check()
    assert watched.problem is None
    assert server.asked == [(JOB, "", 100)] * 3  # the others have not begun


async def test_a_watch_that_does_not_bring_a_change_is_deaf_until_it_brings_one() -> None:
    server = Server({JOB: 130, POD: 50})
    watched = pulse(server)
    renewed: list[KubeType] = []
    watched.renew = lambda type_, _: renewed.append(type_)
    watched.heard(JOB, NAMESPACE, 120)
    watched.heard(POD, NAMESPACE, 50)
    await watched.check()
    assert watched.problem == "watches bring no events: jobs.batch"
    assert stale(watched) == 1
    assert watched.audit._asked.is_set()
    await watched.check()
    assert watched.problem
    assert renewed == [JOB, JOB]
    watched.heard(JOB, NAMESPACE, 130)
    assert watched.problem is None
    await watched.check()
    assert watched.problem is None


async def test_a_type_that_comes_to_be_served_is_asked_about_from_then_on() -> None:
    server = Server({JOB: 130})
    watched = pulse(server)
    watched.heard(JOB, "", sys.maxsize)  # as a listing of nothing tells
    await watched.check()
    assert not server.asked
    watched.heard(JOB, "", 120)
    await watched.check()
    assert server.asked == [(JOB, "", 120)]


async def test_an_event_on_its_way_is_waited_for() -> None:
    server = Server({JOB: 130})
    watched = pulse(server)
    watched.heard(JOB, NAMESPACE, 120)
    checking = asyncio.create_task(watched.check())
    await asyncio.sleep(0.005)
    watched.heard(JOB, NAMESPACE, 130)
    await checking
    assert watched.problem is None


async def test_namespaces_are_watched_one_by_one() -> None:
    server = Server()
    watched = pulse(server, ("one", "two"))
    watched.heard(JOB, "one", 120)
    watched.heard(JOB, "two", 120)
    server.versions[JOB] = 130
    checking = asyncio.create_task(watched.check())
    await asyncio.sleep(0.005)
    watched.heard(JOB, "one", 130)
    await checking
    assert watched.problem == "watches bring no events: jobs.batch two"


@pytest.mark.parametrize("what", ["away", "forgetful"])
async def test_an_api_server_that_cannot_tell_says_nothing_about_watches(what: str) -> None:
    server = Server({JOB: 130})
    watched = pulse(server)
    watched.heard(JOB, NAMESPACE, 50)
    if what == "away":
        server.error = ClusterError("connection refused")
    else:
        server.oldest = 90
    for _ in range(3):
        await watched.check()
    assert watched.problem is None
