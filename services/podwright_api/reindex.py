"""``python -m podwright_api.reindex``: makes the search index again from the resources, from nothing.

The facade keeps the index current itself; this is for one that was lost or is doubted. Meanwhile searches find what is
indexed already. It takes the facade's own settings.
"""

import asyncio
import logging
import os
import sys

from podwright_api.accounts.assembly import Accounts
from podwright_api.errors import FacadeError
from podwright_api.kubernetes import Cluster, JsonObject, Kind
from podwright_api.logs import configure
from podwright_api.search.indexing import Indexing
from podwright_api.settings import AccountSettings, Settings, SettingsError
from podwright_api.storage import Storage
from podwright_crds.episode import Episode
from podwright_crds.post import Post

logger = logging.getLogger(__name__)


async def _run(settings: Settings, of_accounts: AccountSettings) -> None:
    cluster = await Cluster.connect(settings.kubeconfig, settings.workspace_account)
    accounts = Accounts.build(of_accounts)
    indexing = Indexing(accounts.search, Storage(cluster, settings.presign_endpoint))
    try:
        await accounts.tenancy.ensure(settings.namespaces)
        for namespace in settings.namespaces:
            await accounts.search.clear(namespace)
            episodes, posts = [await _by_name(cluster, kind, namespace) for kind in (Episode, Post)]
            logger.info("%s: %d texts indexed", namespace, await indexing.all(namespace, episodes, posts))
    finally:
        await accounts.close()
        await cluster.close()


async def _by_name(cluster: Cluster, kind: Kind, namespace: str) -> dict[str, JsonObject]:
    found = await cluster.all(kind, namespace)
    return {item["metadata"]["name"]: item for item in found.items}


def main() -> int:
    configure(os.environ.get("PODWRIGHT_LOG_LEVEL", "INFO").upper())
    try:
        settings = Settings.read(os.environ)
        if settings.accounts is None:
            print("podwright-api-reindex: there is no database (PODWRIGHT_DATABASE_URL)", file=sys.stderr)
            return 2
        asyncio.run(_run(settings, settings.accounts))
    except (SettingsError, FacadeError) as error:
        print(f"podwright-api-reindex: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
