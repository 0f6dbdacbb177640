"""A migrated PostgreSQL, and databases of it."""

from collections.abc import Iterator

import pytest

from podwright_api.database.migration import migrate
from tests.database import DatabaseServer, DatabaseUrls


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    with DatabaseServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def database(database_server: DatabaseServer) -> DatabaseUrls:
    urls = database_server.database("facade")
    migrate(urls.owner, urls.application)
    return urls
