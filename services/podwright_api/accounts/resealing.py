"""A change of encryption keys."""

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import people, webhooks, workspaces


async def reseal(foundation: Foundation) -> int:
    """Seal every secret that is to last with the newest key; how many there are. Each workspace's all or none.

    Answers kept for repeated requests last a day and are left: keep the old key that long, or let repetitions fail.
    """
    sealer = foundation.sealer
    async with foundation.database.identity() as connection:
        secrets = await people.totp_secrets(connection)
        for person, sealed in secrets:
            await people.replace_totp_secret(connection, person, sealer.reseal(sealed))
        names = await workspaces.workspace_names(connection)
    count = len(secrets)
    for name in names:
        async with foundation.database.tenant(name) as connection:
            for webhook, secret, previous in await webhooks.secrets(connection):
                resealed = sealer.reseal(previous) if previous else None
                await webhooks.replace_secrets(connection, webhook, sealer.reseal(secret), resealed)
                count += 1
    return count
