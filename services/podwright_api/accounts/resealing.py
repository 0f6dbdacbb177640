"""A change of encryption keys."""

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import people


async def reseal(foundation: Foundation) -> int:
    """Seal every secret that is to last with the newest key; how many there are. One transaction: all or none.

    Answers kept for repeated requests last a day and are left: keep the old key that long, or let repetitions fail.
    """
    async with foundation.database.identity() as connection:
        secrets = await people.totp_secrets(connection)
        for person, sealed in secrets:
            await people.replace_totp_secret(connection, person, foundation.sealer.reseal(sealed))
    return len(secrets)
