"""What all of accounts works with."""

from dataclasses import dataclass

from podwright_api.access_tokens import AccessTokens, UnsubscribeTokens
from podwright_api.database.engine import Database
from podwright_api.mail import Mail
from podwright_api.passwords import Passwords
from podwright_api.sealing import Sealer
from podwright_api.settings import AccountSettings


@dataclass(frozen=True)
class Foundation:
    settings: AccountSettings
    database: Database
    passwords: Passwords
    tokens: AccessTokens
    sealer: Sealer
    mail: Mail | None
    unsubscribe_tokens: UnsubscribeTokens

    @classmethod
    def build(cls, settings: AccountSettings) -> "Foundation":
        return cls(
            settings,
            Database.connect(settings.database_url, settings.pool_size),
            Passwords(),
            AccessTokens(settings.signing_keys, settings.access_seconds),
            Sealer(settings.encryption_keys),
            Mail(settings.mail) if settings.mail else None,
            UnsubscribeTokens(settings.signing_keys),
        )
