"""``python -m podwright_api.forget PERSON …``: deletes accounts by id, as if each person had deleted their own.

For those who cannot sign in any more, and for whom a restored backup brought back.
"""

import asyncio
import logging
import os
import sys
from uuid import UUID

from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.personal_data import PersonalData
from podwright_api.errors import FacadeError
from podwright_api.logs import configure
from podwright_api.settings import AccountSettings, SettingsError

logger = logging.getLogger(__name__)


async def _run(settings: AccountSettings, people: list[str]) -> None:
    foundation = Foundation.build(settings)
    try:
        for person in people:
            known = await PersonalData(foundation).delete(person)
            logger.info("%s is deleted" if known else "there is no account %s", person)
    finally:
        await foundation.database.close()


def main(arguments: list[str] | None = None) -> int:
    configure(os.environ.get("PODWRIGHT_LOG_LEVEL", "INFO").upper())
    try:
        people = [str(UUID(one)) for one in (sys.argv[1:] if arguments is None else arguments)]
    except ValueError:
        people = []
    if not people:
        print("podwright-api-forget: give the ids of the people to delete", file=sys.stderr)
        return 2
    try:
        settings = AccountSettings.read(os.environ)
        if settings is None:
            print("podwright-api-forget: there is no database (PODWRIGHT_DATABASE_URL)", file=sys.stderr)
            return 2
        asyncio.run(_run(settings, people))
    except (SettingsError, FacadeError) as error:
        print(f"podwright-api-forget: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
