"""A migrated PostgreSQL, an SMTP server, and the facade before them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from podwright_api.database.migration import migrate
from tests.control_plane import free_ports
from tests.database import DatabaseServer, DatabaseUrls
from tests.integration.accounts.facade import Facade, Postbox, running


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    with DatabaseServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def database(database_server: DatabaseServer) -> DatabaseUrls:
    urls = database_server.database("facade")
    migrate(urls.owner, urls.application)
    return urls


@pytest.fixture(scope="session")
def smtp() -> Iterator[Controller]:
    (port,) = free_ports(1)
    controller = Controller(Postbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
async def facade(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> AsyncIterator[Facade]:
    async with running(tmp_path, database, smtp) as started:
        yield started
