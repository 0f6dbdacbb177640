"""Servers that several parts' tests need, started when the first one asks."""

from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller

from tests.control_plane import free_ports
from tests.database import DatabaseServer
from tests.postbox import Postbox

#: Few tests that take minutes: begun first, lest one of them go on alone when all others are done. (pytest-xdist would
#: begin with the files that have most tests; the Makefile says not to.)
LONGEST = (
    "operator/test_resilience.py",
    "operator/test_upgrade.py",
    "operator/test_watch.py",
    "operator/test_spoiled_watches.py",
    "operator/test_episode.py",
    "operator/test_lifecycle.py",
    "api/test_contract.py",
    "pipeline/test_stages.py",
    "inference/test_language_model.py",
    "inference/test_openai_client.py",
    "pipeline/test_resume.py",
    "publish/test_against_api_server.py",
    "publish/test_bench.py",
    "local/test_cluster_lifecycle.py",
    "pipeline/test_local_run.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {f"tests/integration/{file}": place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    with DatabaseServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def smtp() -> Iterator[Controller]:
    (port,) = free_ports(1)
    controller = Controller(Postbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()
