"""What the facade is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: Shorter tokens can be guessed.
TOKEN_MIN_LENGTH = 16


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


@dataclass(frozen=True)
class Settings:
    token: AccessToken
    #: Tenants that this facade serves; the first one is meant where a request names none.
    namespaces: tuple[str, ...] = ("default",)
    #: None: the service account of the pod.
    kubeconfig: str | None = None
    #: Address under which clients reach the bucket, where it differs from the one that the cluster uses.
    presign_endpoint: str | None = None
    upload_expiry_seconds: int = 3600
    body_limit_bytes: int = 10_000_000
    host: str = "0.0.0.0"  # noqa: S104  (the pod's address is not known in advance)
    port: int = 8000
    #: How long running requests may take to end after SIGTERM.
    drain_seconds: int = 25
    log_level: str = "INFO"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; raises ``SettingsError``."""
        token_file = environment.get("PODWRIGHT_API_TOKEN_FILE")
        token = AccessToken(environment.get("PODWRIGHT_API_TOKEN", ""), Path(token_file) if token_file else None)
        token.current()
        names = environment.get("PODWRIGHT_API_NAMESPACES", "").split(",")
        return cls(
            token=token,
            namespaces=tuple(name.strip() for name in names if name.strip()) or ("default",),
            kubeconfig=environment.get("KUBECONFIG") or None,
            presign_endpoint=environment.get("PODWRIGHT_S3_PRESIGN_ENDPOINT") or None,
            upload_expiry_seconds=_number(environment, "PODWRIGHT_API_UPLOAD_EXPIRY_SECONDS", 3600, 60, 604_800),
            host=environment.get("PODWRIGHT_API_HOST", cls.host),
            port=_number(environment, "PODWRIGHT_API_PORT", 8000, 0, 65535),
            drain_seconds=_number(environment, "PODWRIGHT_API_DRAIN_SECONDS", 25, 0, 3600),
            log_level=environment.get("PODWRIGHT_LOG_LEVEL", "INFO").upper(),
        )


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        msg = f"{name} must be a whole number from {least} to {most}, not {text!r}"
        raise SettingsError(msg)
    return int(text)
