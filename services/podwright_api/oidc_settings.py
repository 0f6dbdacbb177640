"""OpenID Connect providers, as an administrator lists them."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
Domain = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]


class OidcSettingsError(Exception):
    """A list of providers that cannot be used; the message says why."""


class OidcProvider(BaseModel):
    """One provider. The secret stands in a file, which is read when it is needed, so that it can be replaced."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    #: In the paths below /auth/oidc.
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")]
    #: As people read it on the button.
    title: Annotated[str, StringConstraints(max_length=100)] = ""
    issuer: str
    client_id: Annotated[str, StringConstraints(min_length=1)]
    #: None: a public client, which PKCE alone protects.
    client_secret_file: Path | None = None
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    #: Domains of addresses that this provider speaks for. With them, addresses of others are refused, and an account
    #: with such an address is taken to be the same person's; without, accounts are never joined by address.
    allowed_domains: tuple[Domain, ...] = Field(default=(), max_length=100)

    @field_validator("issuer")
    @classmethod
    def _issuer_is_secure(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        local = parts.scheme == "http" and parts.hostname in _LOCAL
        if not parts.hostname or (parts.scheme != "https" and not local) or parts.query or parts.fragment:
            raise ValueError("an issuer is an https:// address without a query")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _openid_is_asked_for(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("the scope openid is what makes it OpenID Connect")
        return scopes

    def client_secret(self) -> str | None:
        """The secret of now; raises ``OidcSettingsError``."""
        if self.client_secret_file is None:
            return None
        try:
            return self.client_secret_file.read_text().strip()
        except OSError as error:
            raise OidcSettingsError(f"{self.client_secret_file} cannot be read: {error.strerror}") from error


_PROVIDERS = TypeAdapter(tuple[OidcProvider, ...])


def read_providers(text: str) -> tuple[OidcProvider, ...]:
    """Providers from a JSON list; raises ``OidcSettingsError``."""
    try:
        providers = _PROVIDERS.validate_json(text)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors()[:3])
        raise OidcSettingsError(told) from error
    names = [provider.name for provider in providers]
    if len(names) != len(set(names)):
        raise OidcSettingsError("two providers have the same name")
    return providers
