"""The facade in this process, with a real database and a real SMTP server, and no cluster behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import yaml
from aiosmtpd.controller import Controller
from starlette.types import Receive, Scope, Send

from podwright_api.app import create_app
from podwright_api.settings import AccessToken, AccountSettings, MailSecurity, MailSettings, Settings
from tests.database import DatabaseUrls
from tests.postbox import Postbox

TOKEN = "the-bootstrap-token-of-the-tests"
PASSWORD = "mulde sprotte anker 22"
WORKSPACES = ("team-a", "team-b")
#: A port on which nothing listens.
NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


@dataclass
class Facade:
    client: httpx.AsyncClient
    postbox: Postbox
    database: DatabaseUrls
    people: dict[str, str] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, token: str | None = TOKEN, *, workspace: str | None = None, **how: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if workspace:
            headers["X-Podwright-Namespace"] = workspace
        headers |= how.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **how)

    async def data(self, method: str, path: str, token: str | None = TOKEN, **how: Any) -> Any:
        """What a request that must succeed is answered with."""
        answer = await self.call(method, path, token, **how)
        assert answer.is_success, answer.text
        return answer.json()["data"] if answer.content else None

    async def error(self, status: int, method: str, path: str, token: str | None = TOKEN, **how: Any) -> Any:
        """The error that a request must be answered with."""
        answer = await self.call(method, path, token, **how)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    async def join(self, role: str, workspace: str = WORKSPACES[0], **membership: Any) -> "Member":
        """A new person with a role in a workspace, signed in."""
        email = f"{role}-{uuid4().hex[:8]}@example.org"
        invited = await self.data(
            "POST", f"/workspaces/{workspace}/invitations", json={"email": email, "role": role} | membership
        )
        token = invited["token"] or self.postbox.token(email)
        person = {"email": email, "name": role.title(), "password": PASSWORD, "invitation": token}
        await self.data("POST", "/auth/register", None, json=person)
        return await self.sign_in(email)

    async def sign_in(self, email: str, **more: Any) -> "Member":
        login = {"email": email, "password": PASSWORD} | more
        pair = await self.data("POST", "/auth/login", None, json=login)
        me = await self.data("GET", "/users/me", pair["accessToken"])
        return Member(me["id"], email, pair["accessToken"], pair["refreshToken"])


@dataclass(frozen=True)
class Member:
    id: str
    email: str
    token: str
    refresh_token: str


@asynccontextmanager
async def running(
    folder: Path, database: DatabaseUrls, postbox: Controller | None, **changed: Any
) -> AsyncIterator[Facade]:
    """The facade; ``changed`` are account settings, and ``body_seconds``."""
    body_seconds = changed.pop("body_seconds", 60.0)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(NO_CLUSTER))
    mail = None
    if postbox is not None:
        mail = MailSettings(postbox.hostname, "podwright@example.org", postbox.port, MailSecurity.NONE)
    accounts = AccountSettings(
        database_url=database.application,
        signing_keys=("signing" * 8,),
        encryption_keys=("sealing" * 8,),
        pool_size=5,
        mail=mail,
        requests_per_hour=100_000,
    )
    settings = Settings(
        token=AccessToken(value=TOKEN),
        namespaces=WORKSPACES,
        kubeconfig=str(kubeconfig),
        accounts=replace(accounts, **changed),
        cors_origins=("https://console.example.org",),
        body_seconds=body_seconds,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://facade", timeout=30) as client:
            handler = postbox.handler if postbox else Postbox()
            assert isinstance(handler, Postbox)
            yield Facade(client, handler, database)
