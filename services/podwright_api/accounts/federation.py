"""Signing in with an OpenID Connect provider.

In three steps: the browser goes to the provider (``begin``) and comes back (``complete``) with a code of ours for the
console, which exchanges it for tokens (``exchange``) by proving that it is the console that began. So whoever is lured
onto somebody else's way back is not signed in as them.

Whose account it is: the one that the provider's subject was linked to; else, where the provider speaks for the domain
of the verified address (``allowedDomains``), the one with that address; else a new one, by invitation or where
registration is open. A provider that anybody can join proves an address only to itself, so it never leads into an
account that is there already: its owner links it when signed in (``link``).
"""

import json
import logging
import secrets
from collections.abc import Sequence
from urllib.parse import urlencode

from podwright_api.access.secrets import digest, new_secret
from podwright_api.accounts.foundation import Foundation
from podwright_api.accounts.registration import Joined, Registration
from podwright_api.accounts.sign_in import Caller, SignIn, TokenPair, record
from podwright_api.database import identities, people, sessions
from podwright_api.database.engine import Connection
from podwright_api.database.identities import Identity, OidcResult
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.oidc_client import OidcClient, RefusedError, challenge_of
from podwright_api.oidc_settings import OidcProvider
from podwright_api.settings import Registration as RegistrationSetting

logger = logging.getLogger(__name__)

CALLBACK = "/api/v1/auth/oidc/{provider}/callback"
#: The console's page that takes the code.
LANDING = "/signed-in"


class Federation:
    def __init__(self, foundation: Foundation, sign_in: SignIn, registration: Registration) -> None:
        self._foundation = foundation
        self._sign_in = sign_in
        self._registration = registration
        settings = foundation.settings
        self._providers = {provider.name: provider for provider in settings.oidc}
        self._clients = {
            name: OidcClient(provider, settings.api_url + CALLBACK.format(provider=name))
            for name, provider in self._providers.items()
        }

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()

    @property
    def providers(self) -> Sequence[OidcProvider]:
        return self._foundation.settings.oidc

    async def begin(self, provider: str, challenge: str) -> str:
        """Where the browser is to go."""
        client = self._client(provider)
        state, nonce, verifier = new_secret(), new_secret(), secrets.token_urlsafe(48)
        address = await client.authorization_url(state, nonce, verifier)
        sealed = self._foundation.sealer.seal(json.dumps([nonce, verifier]))
        async with self._foundation.database.identity() as connection:
            await identities.add_request(connection, digest(state), provider, sealed, challenge)
        return address

    async def complete(self, provider: str, state: str, code: str | None, issuer: str | None) -> str:
        """The way back: the code for the console. ``code`` is None where the provider names an error instead."""
        client, settings = self._client(provider), self._providers[provider]
        async with self._foundation.database.identity() as connection:
            request = await identities.take_request(connection, digest(state), provider)
        if request is None:
            raise FacadeError(ErrorCode.TOKEN_NOT_VALID, "This way back was used or took too long; sign in again.")
        if code is None:
            raise FacadeError(ErrorCode.SIGN_IN_REFUSED, "The provider did not sign you in.")
        nonce, verifier = json.loads(self._foundation.sealer.open(request.secrets))
        try:
            claims = await client.identify(code, issuer, nonce, verifier)
        except RefusedError as error:
            logger.warning("OpenID Connect provider %s: %s", provider, error)
            raise FacadeError(ErrorCode.SIGN_IN_REFUSED, "The provider's answer does not count.") from error
        if settings.allowed_domains and _domain(claims.email) not in settings.allowed_domains:
            message = "Your address at the provider is not verified, or not of a domain that is let in here."
            raise FacadeError(ErrorCode.FORBIDDEN, message)
        identity = Identity(provider, claims.subject, claims.email, claims.name)
        result = new_secret()
        async with self._foundation.database.identity() as connection:
            await identities.add_result(connection, digest(result), identity, request.challenge)
        return result

    def landing(self, **query: str) -> str:
        """The console's page, with what it needs to know; never an address that a request names."""
        return f"{self._foundation.settings.public_url}{LANDING}?{urlencode(query)}"

    async def exchange(
        self, code: str, verifier: str, second_factor: str | None, invitation: str | None, caller: Caller
    ) -> tuple[TokenPair, Joined | None]:
        """A session, and what an invitation brought.

        Where the account has a second factor its code is asked for, whatever the provider asked.
        """
        result = await self._result(code, verifier)
        async with self._foundation.database.identity() as connection:
            known = await self._account(connection, result.identity)
        if known is not None:
            await self._sign_in.demand_second_factor(known, second_factor, caller)
        async with self._foundation.database.identity() as connection:
            if not await identities.take_result(connection, digest(code)):
                raise _used()
            person = await self._account(connection, result.identity)
            if (person and person.id) != (known and known.id):
                # It became somebody else's meanwhile, whose second factor was not asked for.
                raise _used()
            joined = None
            if person is None:
                person, joined = await self._created(connection, result.identity, invitation)
                await record(connection, caller, "registered", person.id)
            elif not person.verified:
                # Whoever registered the address without confirming it must not get in with their password.
                await people.set_password(connection, person.id, None)
                await sessions.revoke_sessions(connection, person.id)
                await people.confirm(connection, person.id)
            if await identities.link(connection, result.identity, person.id):
                await record(connection, caller, f"identity.linked:{result.identity.provider}", person.id)
        return await self._sign_in.start_session(person.id, person.email, caller), joined

    async def link(self, person: str, code: str, verifier: str, caller: Caller) -> None:
        """Let the provider vouch for somebody who is signed in."""
        result = await self._result(code, verifier)
        async with self._foundation.database.identity() as connection:
            if not await identities.take_result(connection, digest(code)):
                raise _used()
            owner = await identities.person_of(connection, result.identity)
            if owner not in (None, person):
                raise FacadeError(ErrorCode.CONFLICT, "This account at the provider belongs to somebody else here.")
            if await identities.link(connection, result.identity, person):
                await record(connection, caller, f"identity.linked:{result.identity.provider}", person)

    async def linked(self, person: str) -> list[str]:
        """Providers that vouch for a person."""
        async with self._foundation.database.identity() as connection:
            return await identities.providers_of(connection, person)

    async def unlink(self, person: str, provider: str, caller: Caller) -> None:
        async with self._foundation.database.identity() as connection:
            credentials = await people.credentials_of(connection, person, lock=True)
            others = [name for name in await identities.providers_of(connection, person) if name != provider]
            if credentials.password_hash is None and not others:
                message = "You could not sign in any more: choose a password first (POST /auth/password/forgot)."
                raise FacadeError(ErrorCode.CONFLICT, message)
            if not await identities.unlink(connection, provider, person):
                raise FacadeError(ErrorCode.NOT_FOUND, "This provider does not vouch for you.")
            await record(connection, caller, f"identity.unlinked:{provider}", person)

    async def _result(self, code: str, verifier: str) -> OidcResult:
        async with self._foundation.database.identity() as connection:
            found = await identities.result(connection, digest(code))
            if found is not None and secrets.compare_digest(found.challenge, challenge_of(verifier)):
                return found
            # Whoever has the code and not the verifier found it somewhere.
            await identities.take_result(connection, digest(code))
        raise _used()

    async def _account(self, connection: Connection, identity: Identity) -> people.Person | None:
        """Whose identity it is by the rule above."""
        linked = await identities.person_of(connection, identity)
        if linked is not None:
            return await people.person_by_id(connection, linked)
        provider = self._providers.get(identity.provider)
        if identity.email is None or provider is None or _domain(identity.email) not in provider.allowed_domains:
            return None
        return await people.person_by_email(connection, identity.email)

    async def _created(
        self, connection: Connection, identity: Identity, invitation: str | None
    ) -> tuple[people.Person, Joined | None]:
        if identity.email is None:
            message = "The provider does not vouch for your address, so no account can be made with it."
            raise FacadeError(ErrorCode.FORBIDDEN, message)
        if invitation is None and self._foundation.settings.registration is not RegistrationSetting.OPEN:
            raise FacadeError(ErrorCode.FORBIDDEN, "Registration needs an invitation; ask an admin of a workspace.")
        created = await people.create_person(connection, identity.email, identity.name, None, verified=True)
        if created is None:
            message = "This address has an account already: sign in to it, then link the provider."
            raise FacadeError(ErrorCode.ALREADY_EXISTS, message)
        joined = None
        if invitation is not None:
            joined = await self._registration.join(connection, created, identity.name, identity.email, invitation)
        person = await people.person_by_id(connection, created)
        assert person is not None  # noqa: S101  (made above)
        return person, joined

    def _client(self, provider: str) -> OidcClient:
        client = self._clients.get(provider)
        if client is None:
            raise FacadeError(ErrorCode.NOT_FOUND, "There is no such provider here.")
        return client


def _domain(email: str | None) -> str:
    return email.rpartition("@")[2] if email else ""


def _used() -> FacadeError:
    return FacadeError(ErrorCode.TOKEN_NOT_VALID, "This code was used, has expired or is not yours; sign in again.")
