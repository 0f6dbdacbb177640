"""What the facade is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from podwright_api.oidc_settings import OidcProvider, OidcSettingsError, read_providers
from podwright_core.egress import ALLOW_VARIABLE, DENY_VARIABLE, Egress

#: Shorter tokens can be guessed.
TOKEN_MIN_LENGTH = 16
#: Signing and encryption keys are random text of at least this many characters.
KEY_MIN_LENGTH = 32


class SettingsError(Exception):
    """The environment lacks something or says something impossible; the message names the variable."""


@dataclass(frozen=True)
class AccessToken:
    """The token that callers present: a value, or a mounted file that is read anew, so that it can be rotated."""

    value: str = field(default="", repr=False)
    file: Path | None = None

    def current(self) -> str:
        """The token; raises ``SettingsError`` where it is missing or too short."""
        try:
            token = self.file.read_text().strip() if self.file else self.value.strip()
        except OSError as error:
            msg = f"PODWRIGHT_API_TOKEN_FILE: {self.file} cannot be read: {error.strerror}"
            raise SettingsError(msg) from error
        if len(token) < TOKEN_MIN_LENGTH:
            msg = f"PODWRIGHT_API_TOKEN (or _FILE) must hold at least {TOKEN_MIN_LENGTH} characters"
            raise SettingsError(msg)
        return token


class Registration(StrEnum):
    OPEN = "open"
    INVITATION = "invitation"


class MailSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class MailSettings:
    """The SMTP server that mail leaves through."""

    host: str
    sender: str
    port: int = 587
    security: MailSecurity = MailSecurity.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Retention:
    """For how many days what is kept."""

    #: The audit log, which the database itself keeps for at least 30.
    audit_days: int = 90
    #: Events, with their deliveries and notifications.
    events_days: int = 90
    #: Sessions, keys and invitations that have ended, and accounts whose address nobody confirmed.
    ended_days: int = 30
    #: What platforms counted of posts.
    analytics_days: int = 730

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Retention":
        """The settings; raises ``SettingsError``."""
        prefix, most = "PODWRIGHT_API_KEEP_", 36_500
        return cls(
            audit_days=_number(environment, f"{prefix}AUDIT_DAYS", cls.audit_days, 30, most),
            events_days=_number(environment, f"{prefix}EVENTS_DAYS", cls.events_days, 1, most),
            ended_days=_number(environment, f"{prefix}ENDED_DAYS", cls.ended_days, 1, most),
            analytics_days=_number(environment, f"{prefix}ANALYTICS_DAYS", cls.analytics_days, 1, most),
        )


@dataclass(frozen=True)
class AccountSettings:
    """What people, keys and tenants need; a facade without a database has none and knows the one token only."""

    #: Of the application's own role, which row-level security binds: postgresql://USER:PASSWORD@HOST/NAME.
    database_url: str = field(repr=False)
    #: The first signs access tokens, all of them verify.
    signing_keys: tuple[str, ...] = field(repr=False)
    #: The first seals, all of them open.
    encryption_keys: tuple[str, ...] = field(repr=False)
    pool_size: int = 10
    registration: Registration = Registration.INVITATION
    #: Where the console is; links in mail begin with it.
    public_url: str = "http://127.0.0.1:8000"
    #: Where the facade itself is, as browsers and mailbox programs reach it; by default where the console is.
    api_url: str = "http://127.0.0.1:8000"
    mail: MailSettings | None = None
    #: Where webhooks may lead.
    webhook_egress: Egress = field(default_factory=Egress)
    #: Who else vouches for people.
    oidc: tuple[OidcProvider, ...] = ()
    requests_per_hour: int = 1000
    access_seconds: int = 3600
    refresh_seconds: int = 30 * 86_400
    lockout_seconds: int = 15 * 60
    retention: Retention = field(default_factory=Retention)

    def secrets(self) -> list[str]:
        """What no log may show."""
        password = urlsplit(self.database_url).password
        mail = self.mail.password if self.mail else None
        return [*self.signing_keys, *self.encryption_keys, *(one for one in (password, mail) if one)]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "AccountSettings | None":
        """The settings; None without a database. Raises ``SettingsError``."""
        url = text_setting(environment, "PODWRIGHT_DATABASE_URL")
        if url is None:
            return None
        mail = _mail(environment)
        registration = _choice(environment, "PODWRIGHT_API_REGISTRATION", Registration, Registration.INVITATION)
        if registration is Registration.OPEN and mail is None:
            msg = "PODWRIGHT_API_REGISTRATION=open needs PODWRIGHT_SMTP_HOST: addresses are verified by mail"
            raise SettingsError(msg)
        public_url = environment.get("PODWRIGHT_API_PUBLIC_URL", cls.public_url).rstrip("/")
        return cls(
            database_url=url,
            signing_keys=_keys(environment, "PODWRIGHT_API_SIGNING_KEYS"),
            encryption_keys=_keys(environment, "PODWRIGHT_API_ENCRYPTION_KEYS"),
            pool_size=_number(environment, "PODWRIGHT_DATABASE_POOL_SIZE", cls.pool_size, 1, 1000),
            registration=registration,
            public_url=public_url,
            api_url=(environment.get("PODWRIGHT_API_EXTERNAL_URL") or public_url).rstrip("/"),
            mail=mail,
            webhook_egress=_egress(environment, "PODWRIGHT_API_WEBHOOKS_ALLOW", "PODWRIGHT_API_WEBHOOKS_DENY"),
            oidc=_providers(environment),
            requests_per_hour=_number(
                environment, "PODWRIGHT_API_REQUESTS_PER_HOUR", cls.requests_per_hour, 1, 1_000_000_000
            ),
            retention=Retention.read(environment),
        )


@dataclass(frozen=True)
class Settings:
    token: AccessToken
    #: Tenants that this facade serves; the first one is meant where a request names none.
    namespaces: tuple[str, ...] = ("default",)
    #: None: the service account of the pod.
    kubeconfig: str | None = None
    #: Service account of each tenant's namespace that the facade acts as there; None: as itself.
    workspace_account: str | None = None
    #: Address under which clients reach the bucket, where it differs from the one that the cluster uses.
    presign_endpoint: str | None = None
    upload_expiry_seconds: int = 3600
    #: After how long without a request about it an upload that no object refers to is removed.
    upload_keep_seconds: int = 86_400
    body_limit_bytes: int = 10_000_000
    #: How long a request's body may take to come.
    body_seconds: float = 60
    host: str = "0.0.0.0"  # noqa: S104  (the pod's address is not known in advance)
    port: int = 8000
    #: How long running requests may take to end after SIGTERM.
    drain_seconds: int = 25
    log_level: str = "INFO"
    #: None: the token alone, no people.
    accounts: AccountSettings | None = None
    #: Origins (https://console.example.org) whose pages may call the facade.
    cors_origins: tuple[str, ...] = ()
    #: What of the addresses that tenants name may be reached.
    egress: Egress = field(default_factory=Egress)

    def secrets(self) -> list[str]:
        """What no log may show."""
        return [self.token.current(), *(self.accounts.secrets() if self.accounts else [])]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; raises ``SettingsError``."""
        token_file = environment.get("PODWRIGHT_API_TOKEN_FILE")
        token = AccessToken(environment.get("PODWRIGHT_API_TOKEN", ""), Path(token_file) if token_file else None)
        token.current()
        return cls(
            token=token,
            namespaces=_list(environment, "PODWRIGHT_API_NAMESPACES") or ("default",),
            kubeconfig=environment.get("KUBECONFIG") or None,
            workspace_account=environment.get("PODWRIGHT_API_WORKSPACE_ACCOUNT") or None,
            presign_endpoint=environment.get("PODWRIGHT_S3_PRESIGN_ENDPOINT") or None,
            upload_expiry_seconds=_number(environment, "PODWRIGHT_API_UPLOAD_EXPIRY_SECONDS", 3600, 60, 604_800),
            upload_keep_seconds=_number(environment, "PODWRIGHT_API_UPLOAD_KEEP_SECONDS", 86_400, 60, 31_536_000),
            host=environment.get("PODWRIGHT_API_HOST", cls.host),
            port=_number(environment, "PODWRIGHT_API_PORT", 8000, 0, 65535),
            drain_seconds=_number(environment, "PODWRIGHT_API_DRAIN_SECONDS", 25, 0, 3600),
            log_level=environment.get("PODWRIGHT_LOG_LEVEL", "INFO").upper(),
            accounts=AccountSettings.read(environment),
            cors_origins=_list(environment, "PODWRIGHT_API_CORS_ORIGINS"),
            egress=_egress(environment, ALLOW_VARIABLE, DENY_VARIABLE),
        )


def _mail(environment: Mapping[str, str]) -> MailSettings | None:
    host = environment.get("PODWRIGHT_SMTP_HOST")
    if not host:
        return None
    sender = environment.get("PODWRIGHT_SMTP_SENDER")
    if not sender:
        msg = "PODWRIGHT_SMTP_SENDER must hold the address that mail comes from"
        raise SettingsError(msg)
    return MailSettings(
        host=host,
        sender=sender,
        port=_number(environment, "PODWRIGHT_SMTP_PORT", 587, 1, 65535),
        security=_choice(environment, "PODWRIGHT_SMTP_SECURITY", MailSecurity, MailSecurity.STARTTLS),
        username=text_setting(environment, "PODWRIGHT_SMTP_USERNAME"),
        password=text_setting(environment, "PODWRIGHT_SMTP_PASSWORD"),
    )


def _egress(environment: Mapping[str, str], allow: str, deny: str) -> Egress:
    try:
        return Egress(_list(environment, allow), _list(environment, deny))
    except ValueError as error:
        raise SettingsError(f"{allow} or {deny}: {error}") from error


def _providers(environment: Mapping[str, str]) -> tuple[OidcProvider, ...]:
    try:
        return read_providers(text_setting(environment, "PODWRIGHT_API_OIDC_PROVIDERS") or "[]")
    except OidcSettingsError as error:
        raise SettingsError(f"PODWRIGHT_API_OIDC_PROVIDERS: {error}") from error


def text_setting(environment: Mapping[str, str], name: str) -> str | None:
    """A value that stands in the variable or in the file that ``NAME_FILE`` names; None where it is not set."""
    file = environment.get(f"{name}_FILE")
    if not file:
        return environment.get(name) or None
    try:
        return Path(file).read_text().strip() or None
    except OSError as error:
        msg = f"{name}_FILE: {file} cannot be read: {error.strerror}"
        raise SettingsError(msg) from error


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _keys(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in (text_setting(environment, name) or "").split(",") if key.strip())
    if not keys or any(len(key) < KEY_MIN_LENGTH for key in keys):
        msg = f"{name} (or _FILE) must hold keys of at least {KEY_MIN_LENGTH} characters, comma-separated, newest first"
        raise SettingsError(msg)
    return keys


T = TypeVar("T", bound=StrEnum)


def _choice(environment: Mapping[str, str], name: str, choices: type[T], default: T) -> T:
    text = environment.get(name) or default.value
    try:
        return choices(text)
    except ValueError as error:
        msg = f"{name} must be one of {', '.join(choices)}, not {text!r}"
        raise SettingsError(msg) from error


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        msg = f"{name} must be a whole number from {least} to {most}, not {text!r}"
        raise SettingsError(msg)
    return int(text)
