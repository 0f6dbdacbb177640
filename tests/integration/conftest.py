"""Servers that several parts' tests need, started when the first one asks."""

from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller

from tests.control_plane import free_ports
from tests.database import DatabaseServer
from tests.postbox import Postbox


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
