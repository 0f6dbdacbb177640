"""A migrated database, and the facade before it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from podwright_api.database.migration import migrate
from tests.database import DatabaseServer, DatabaseUrls
from tests.integration.accounts.facade import Facade, running


@pytest.fixture(scope="session")
def database(database_server: DatabaseServer) -> DatabaseUrls:
    urls = database_server.database("facade")
    migrate(urls.owner, urls.application)
    return urls


@pytest.fixture
async def facade(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> AsyncIterator[Facade]:
    async with running(tmp_path, database, smtp) as started:
        yield started
